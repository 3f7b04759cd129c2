from django.urls import path

from telephony import views, wizard_views

urlpatterns = [
    path("livekit/webhook", views.livekit_webhook, name="livekit-webhook"),
    path("connect/", wizard_views.choose, name="connect"),
    path("connect/<slug:slug>/", wizard_views.provider, name="connect-provider"),
    path("connect/numbers/<int:pk>/", wizard_views.call, name="connect-call"),
    path("connect/calls/<uuid:pk>/", wizard_views.wait, name="connect-wait"),
    path("connect/calls/<uuid:pk>/admit/", wizard_views.admit, name="connect-admit"),
]
