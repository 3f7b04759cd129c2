from django.urls import path

from tests.bench.bare import views

urlpatterns = [
    path("insert", views.insert),
    path("insert-and-announce", views.insert_and_announce),
]
