"""The documents."""

from django.urls import path

from monitoring.documents import views

urlpatterns = [
    path("", views.index, name="docs-home"),
    path("images/<str:name>", views.image, name="doc-image"),
    path("examples/<str:name>/", views.example, name="doc-example"),
    path("<str:slug>/", views.page, name="doc"),
]
