"""Pages of recordings, and their sound."""

from django.urls import path

from recordings import views

urlpatterns = [
    path("recordings/<uuid:pk>/", views.page, name="recording"),
    path("recordings/<uuid:pk>/sound", views.sound, name="recording-sound"),
    path("recordings/<uuid:pk>/recording.<str:form>", views.download, name="recording-file"),
]
