"""Pages of the keys of providers."""

from django.urls import path

from agentworker import key_views

urlpatterns = [
    path("", key_views.page, name="provider-keys"),
    path("add/", key_views.choose, name="provider-key-choose"),
    path("add/<slug:provider>/", key_views.add, name="provider-key-add"),
    path("<int:pk>/", key_views.change, name="provider-key-change"),
    path("<int:pk>/test/", key_views.test, name="provider-key-test"),
    path("<int:pk>/archive/", key_views.archive, name="provider-key-archive"),
]
