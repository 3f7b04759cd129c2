"""Errors of the programs, and the support bundle."""

from django.urls import path

from monitoring.logs import views

urlpatterns = [
    path("", views.errors, name="log-errors"),
    path("<int:pk>/settle/", views.settle, name="log-error-settle"),
    path("support/ask/", views.ask, name="support-ask"),
    path("support/<uuid:pk>/", views.take, name="support-take"),
]
