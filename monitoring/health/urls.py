"""How the line is, and each check."""

from django.urls import path

from monitoring.health import views

urlpatterns = [
    path("", views.page, name="health-page"),
    path("<slug:name>/", views.check, name="health-check"),
    path("<slug:name>/limits/", views.limits, name="health-limits"),
    path("<slug:name>/again/", views.again, name="health-again"),
]
