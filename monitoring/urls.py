"""Pages that combine the apps, and doors for machines."""

from django.urls import path

from monitoring import views

urlpatterns = [
    path("live/", views.live, name="live"),
    path("live/rows/", views.live_rows, name="live-rows"),
    path("calls/<uuid:pk>/", views.call, name="call"),
]
