"""Pages that combine the apps, and doors for machines."""

from django.urls import path

from monitoring import machines, views

urlpatterns = [
    path("live/", views.live, name="live"),
    path("live/rows/", views.live_rows, name="live-rows"),
    path("health", machines.health),
    path("health/live", machines.live),
    path("health/ready", machines.ready),
    path("metrics", machines.metrics),
    path("calls/<uuid:pk>/", views.call, name="call"),
]
