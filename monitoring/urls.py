"""Pages that combine the apps, and doors for machines."""

from django.urls import path

from monitoring import callnow, ear_views, hands_views, live_views, machines, report_views, views

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
    path("calls/<uuid:pk>/hands/", hands_views.part, name="call-hands"),
    path("calls/<uuid:pk>/hang-up/", hands_views.hang_up, name="call-hang-up"),
    path("calls/<uuid:pk>/hint/", hands_views.hint, name="call-hint"),
    path("calls/<uuid:pk>/transfer/", hands_views.transfer, name="call-transfer"),
    path("calls/<uuid:pk>/block/", hands_views.block, name="call-block"),
    path("calls/<uuid:pk>/unblock/", hands_views.unblock, name="call-unblock"),
    path("visits/<uuid:pk>/stay/", ear_views.stay, name="visit-stay"),
    path("visits/<uuid:pk>/leave/", ear_views.leave, name="visit-leave"),
    path("visits/trial/", ear_views.trial, name="visit-trial"),
    path("calls/<uuid:pk>/conversation.<str:form>", views.conversation, name="conversation"),
    path("numbers/<int:pk>/call/", callnow.page, name="number-call"),
    path("numbers/<int:pk>/call/tests/", callnow.tests, name="number-call-tests"),
    path("numbers/<int:pk>/call/browser/", callnow.from_browser, name="number-call-browser"),
    path("numbers/<int:pk>/call/telephone/", callnow.by_telephone, name="number-call-telephone"),
    path("report/", report_views.page, name="report"),
    path("demo/remove/", views.remove_demo, name="remove-demo"),
    path("test-calls/<uuid:pk>/heard/", callnow.heard, name="testcall-heard"),
]
