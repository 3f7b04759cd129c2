"""The opponents' addresses, and the one that a row of the board links to."""

from django.urls import path

from tests.bench.bare import views

urlpatterns = [
    path("", views.ready),
    path("insert", views.insert),
    path("insert-and-announce", views.insert_and_announce),
    path("calls/<uuid:pk>/", views.insert, name="call"),
]
