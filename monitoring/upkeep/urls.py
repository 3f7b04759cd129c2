"""Pages of upkeep."""

from django.urls import path

from monitoring.upkeep import views

urlpatterns = [
    path("", views.page, name="maintenance"),
    path("<slug:name>/", views.job, name="maintenance-job"),
    path("<slug:name>/run/", views.run, name="maintenance-run"),
]
