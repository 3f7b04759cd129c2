from django.urls import path

from telephony import (
    callout_views,
    drift_views,
    number_views,
    refusal_views,
    route_views,
    views,
    wizard_views,
)

urlpatterns = [
    path("livekit/webhook", views.livekit_webhook, name="livekit-webhook"),
    path("differences/", drift_views.page, name="differences"),
    path("differences/look/", drift_views.look, name="differences-look"),
    path("differences/take-over/", drift_views.take_over, name="differences-take-over"),
    path("differences/<int:pk>/restore/", drift_views.restore, name="difference-restore"),
    path("differences/<int:pk>/take/", drift_views.take, name="difference-take"),
    path("differences/<int:pk>/ignore/", drift_views.ignore, name="difference-ignore"),
    path("numbers/test/", route_views.page, name="route-test"),
    path("numbers/file/", number_views.bring, name="numbers-file"),
    path("numbers/file/numbers.<str:extension>", number_views.take, name="numbers-save"),
    path("connect/", wizard_views.choose, name="connect"),
    path("connect/<slug:slug>/", wizard_views.provider, name="connect-provider"),
    path("connect/<slug:slug>/address/", wizard_views.by_address, name="connect-address"),
    path("connect/<slug:slug>/login/", wizard_views.by_login, name="connect-login"),
    path("connect/lines/<int:pk>/", wizard_views.sign_in, name="connect-sign-in"),
    path("connect/numbers/<int:pk>/", wizard_views.call, name="connect-call"),
    path("connect/calls/<uuid:pk>/", wizard_views.wait, name="connect-wait"),
    path("connect/calls/<uuid:pk>/admit/", wizard_views.admit, name="connect-admit"),
    path("turned-away/", refusal_views.page, name="turned-away"),
    path("turned-away/ignore/", refusal_views.ignore, name="turned-away-ignore"),
    path("turned-away/ignored/<int:pk>/", refusal_views.restore, name="turned-away-restore"),
    path("turned-away/<slug:name>/number/", refusal_views.add_number, name="turned-away-number"),
    path("turned-away/<slug:name>/address/", refusal_views.allow, name="turned-away-address"),
    path("calls-out/", callout_views.call_out, name="call-out"),
    path("calls-out/<uuid:pk>/", callout_views.call_out_one, name="call-out-one"),
]
