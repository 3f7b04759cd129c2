"""Pages that combine the apps, and doors for machines."""

from django.urls import path

from monitoring import callnow, ear_views, live_views, machines, views

urlpatterns = [
    path("live/", live_views.live, name="live"),
    path("live/rows/", live_views.live_rows, name="live-rows"),
    path("health", machines.health),
    path("health/live", machines.live),
    path("health/ready", machines.ready),
    path("metrics", machines.metrics),
    path("calls/<uuid:pk>/", views.call, name="call"),
    path("calls/<uuid:pk>/listen/", ear_views.listen, name="call-listen"),
    path("calls/<uuid:pk>/join/", ear_views.join, name="call-join"),
    path("visits/<uuid:pk>/stay/", ear_views.stay, name="visit-stay"),
    path("visits/<uuid:pk>/leave/", ear_views.leave, name="visit-leave"),
    path("visits/trial/", ear_views.trial, name="visit-trial"),
    path("calls/<uuid:pk>/conversation.<str:form>", views.conversation, name="conversation"),
    path("numbers/<int:pk>/call/", callnow.page, name="number-call"),
    path("numbers/<int:pk>/call/tests/", callnow.tests, name="number-call-tests"),
    path("numbers/<int:pk>/call/browser/", callnow.from_browser, name="number-call-browser"),
    path("numbers/<int:pk>/call/telephone/", callnow.by_telephone, name="number-call-telephone"),
    path("demo/remove/", views.remove_demo, name="remove-demo"),
    path("test-calls/<uuid:pk>/heard/", callnow.heard, name="testcall-heard"),
]
