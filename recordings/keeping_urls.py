"""The page on which staff say how long recordings are kept."""

from django.urls import path

from recordings import keeping_views

urlpatterns = [
    path("", keeping_views.page, name="keeping"),
    path("change/", keeping_views.change, name="keeping-change"),
    path("changes/<int:pk>/cancel/", keeping_views.cancel, name="keeping-cancel"),
    path("hold/", keeping_views.hold, name="keeping-hold"),
    path("hold/<uuid:pk>/", keeping_views.hold_recording, name="keeping-hold-recording"),
    path("holds/<int:pk>/lift/", keeping_views.lift, name="keeping-lift"),
]
