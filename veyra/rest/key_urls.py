"""Pages of the keys for other programs."""

from django.urls import path

from veyra.rest import key_views

urlpatterns = [
    path("", key_views.page, name="api-keys"),
    path("new/", key_views.add, name="api-key-add"),
    path("<uuid:uid>/end/", key_views.end, name="api-key-end"),
]
