from django.urls import path

from telephony import views

urlpatterns = [path("livekit/webhook", views.livekit_webhook, name="livekit-webhook")]
