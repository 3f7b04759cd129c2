"""Calls and numbers for other programs."""

from django.db.models import QuerySet
from rest_framework import serializers, viewsets

from telephony.models import Call, PhoneNumber


class CallSerializer(serializers.ModelSerializer[Call]):
    class Meta:
        model = Call
        fields = [
            "id",
            "state",
            "outcome",
            "from_number",
            "to_number",
            "started_at",
            "answered_at",
            "ended_at",
            "reason",
        ]


class PhoneNumberSerializer(serializers.ModelSerializer[PhoneNumber]):
    class Meta:
        model = PhoneNumber
        fields = ["id", "number", "label", "is_active"]


class CallViewSet(viewsets.ReadOnlyModelViewSet[Call]):
    """Calls, newest first."""

    serializer_class = CallSerializer
    ordering = "-started_at"
    queryset = Call.objects.none()

    def get_queryset(self) -> QuerySet[Call]:
        return Call.objects.visible_to(self.request.user)


class PhoneNumberViewSet(viewsets.ReadOnlyModelViewSet[PhoneNumber]):
    """Numbers of the line."""

    serializer_class = PhoneNumberSerializer
    ordering = "number"
    queryset = PhoneNumber.objects.none()

    def get_queryset(self) -> QuerySet[PhoneNumber]:
        return PhoneNumber.objects.visible_to(self.request.user).kept()
