"""The bare address, the first login and the language switch."""

from django.urls import path

from veyra import people

urlpatterns = [
    path("", people.start, name="start"),
    path("setup/", people.setup, name="setup"),
    path("language/", people.language, name="language"),
]
