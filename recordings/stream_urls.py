"""Rooms as they are now, and what goes out of them and comes into them."""

from django.urls import path

from recordings import ingress_views, room_views, stream_views

urlpatterns = [
    path("rooms/", room_views.page, name="rooms"),
    path("rooms/one/", room_views.one, name="room"),
    path("rooms/mute/", room_views.mute, name="room-mute"),
    path("rooms/unmute/", room_views.unmute, name="room-unmute"),
    path("rooms/remove/", room_views.remove, name="room-remove"),
    path("rooms/message/", room_views.message, name="room-message"),
    path("rooms/close/", room_views.close, name="room-close"),
    path("rooms/record/", room_views.record, name="room-record"),
    path("rooms/recordings/<uuid:pk>/stop/", room_views.stop_recording, name="room-record-stop"),
    path("streams/", stream_views.page, name="streams"),
    path("streams/<uuid:pk>/add/", stream_views.add, name="stream-add"),
    path("streams/<uuid:pk>/stop/", stream_views.stop, name="stream-stop"),
    path("streams/<uuid:pk>/<int:target>/remove/", stream_views.remove, name="stream-remove"),
    path("ingress/", ingress_views.page, name="ingress"),
    path("ingress/<uuid:pk>/enable/", ingress_views.enable, name="ingress-enable"),
    path("ingress/<uuid:pk>/delete/", ingress_views.delete, name="ingress-delete"),
]
