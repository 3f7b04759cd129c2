"""Streams out of rooms and into them, for other programs. Their keys are never read."""

from typing import Any

from rest_framework import serializers

from recordings.models import Ingress, Stream, StreamTarget
from veyra.rest.doors import Names, rights_on


class TargetSerializer(serializers.ModelSerializer[StreamTarget]):
    sentence = serializers.CharField(read_only=True, help_text="Why it failed, or ended.")

    class Meta:
        model = StreamTarget
        fields = ["shown", "state", "sentence"]
        extra_kwargs = {"shown": {"help_text": "The address, with only the ends of its key."}}


class StreamSerializer(serializers.ModelSerializer[Stream]):
    sentence = serializers.CharField(read_only=True, help_text="Why it failed, or ended.")
    targets = TargetSerializer(many=True, read_only=True)

    class Meta:
        model = Stream
        fields = [
            *("id", "room_name", "room_sid", "has_picture", "is_wanted", "state", "sentence"),
            *("created_at", "ended_at", "targets"),
        ]


class IngressSerializer(serializers.ModelSerializer[Ingress]):
    sentence = serializers.CharField(read_only=True, help_text="Why it failed.")

    class Meta:
        model = Ingress
        fields = [
            *("id", "name", "kind", "room_name", "address", "is_enabled", "state", "sentence"),
            "created_at",
        ]
        extra_kwargs = {"address": {"help_text": "Where senders send to; the key is not told."}}


class StreamViewSet(Names[Stream]):
    """Rooms that are sent on to other services (LiveKit's egress), newest first."""

    serializer_class = StreamSerializer
    filterset_fields = ("state", "room_sid")
    ordering = ("-created_at", "-pk")
    rights = rights_on("recordings.stream")
    queryset = Stream.objects.none()

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("targets")


class IngressViewSet(Names[Ingress]):
    """Streams that come in from cameras, encoders and files (LiveKit's ingress)."""

    serializer_class = IngressSerializer
    filterset_fields = ("state", "kind")
    ordering = ("name", "pk")
    rights = rights_on("recordings.ingress")
    queryset = Ingress.objects.none()
