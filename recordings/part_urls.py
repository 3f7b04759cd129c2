"""Where recorders bring what they recorded; see recordings.part_views."""

from django.urls import path

from recordings import part_views

urlpatterns = [
    path("lost/", part_views.lost),
    path("<uuid:pk>/", part_views.announce),
    path("<uuid:pk>/<int:offset>/", part_views.piece),
    path("<uuid:pk>/done/", part_views.done),
]
