"""Pages of the diagnosis."""

from django.urls import path

from monitoring.diagnosis import views

urlpatterns = [
    path("", views.page, name="diagnosis"),
    path("looked/", views.looked, name="diagnosis-looked"),
    path("step/", views.step, name="recovery-step"),
]
