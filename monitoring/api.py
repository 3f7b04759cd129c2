"""What was said in calls, incidents, and how the line is, for other programs."""

from typing import Any, cast
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentworker.models import Speaker
from monitoring import transcript
from monitoring.callpage import came_of, with_parties
from monitoring.callpage import transcript as said_in
from monitoring.health.reading import Finding, overall
from monitoring.health.shown import shown
from monitoring.incidents import services
from monitoring.incidents.models import Incident, IncidentNote
from telephony.models import Call
from veyra.rest.doors import Door, Names
from veyra.rest.given import Given
from veyra.rest.once import once
from veyra.rest.problems import Problem

SEES = "monitoring.view_incident"
SPEAKS, DECIDES = (SEES, "monitoring.change_incident"), (SEES, "monitoring.resolve_incident")


class LineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    speaker = serializers.ChoiceField(Speaker.choices)
    text = serializers.CharField(allow_blank=True)
    digit = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField(allow_null=True)
    interrupted = serializers.BooleanField()
    delay_ms = serializers.IntegerField(allow_null=True, help_text="The wait for this answer.")
    heard_ms = serializers.IntegerField(allow_null=True)
    thought_ms = serializers.IntegerField(allow_null=True)
    spoke_ms = serializers.IntegerField(allow_null=True)


class CameOfSerializer(serializers.Serializer[Any]):
    summary = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    noted = serializers.DictField(child=serializers.CharField(allow_blank=True))


class TranscriptSerializer(serializers.Serializer[Any]):
    call = serializers.UUIDField()
    came_of = CameOfSerializer(many=True)
    lines = LineSerializer(many=True)


class TranscriptViewSet(Door, viewsets.GenericViewSet[Call]):
    """What was said in calls."""

    lookup_value_converter = "uuid"
    queryset = Call.objects.none()
    rights = {"transcript": ("telephony.view_call", "agentworker.view_session")}

    @extend_schema(responses=TranscriptSerializer, filters=False)
    @action(detail=True, pagination_class=None)
    def transcript(self, request: Request, pk: UUID) -> Response:
        """What was said, line by line. That somebody took it is written down."""
        found = get_object_or_404(with_parties(Call.objects.visible_to(request.user)), pk=pk)
        note = _("Took the conversation as a file (%(form)s).") % {"form": "API"}
        LogEntry.objects.log_actions(self.person.pk, [found], CHANGE, change_message=note)
        return Response(
            {
                "call": found.pk,
                "came_of": [each.as_json() for each in came_of(found)],
                "lines": [transcript.turn_as_json(line.turn) for line in said_in(found)],
            }
        )


class NoteSerializer(serializers.ModelSerializer[IncidentNote]):
    sentence = serializers.CharField(source="told")
    by = serializers.CharField(source="by.username", default=None, allow_null=True)

    class Meta:
        model = IncidentNote
        fields = ["at", "kind", "by", "sentence", "text"]


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    sentence = serializers.CharField(source="told", read_only=True)

    class Meta:
        model = Incident
        fields = [
            *("id", "rule", "severity", "state", "sentence", "part_of", "opened_at", "seen_at"),
            *("acknowledged_at", "snoozed_until", "resolved_at", "times"),
        ]


class OneIncidentSerializer(IncidentSerializer):
    notes = serializers.SerializerMethodField()

    class Meta(IncidentSerializer.Meta):
        fields = [*IncidentSerializer.Meta.fields, "notes"]

    @extend_schema_field(NoteSerializer(many=True))
    def get_notes(self, row: Incident) -> list[dict[str, Any]]:
        notes = row.notes.visible_to(self.context["request"].user).in_order()
        return cast("list[dict[str, Any]]", NoteSerializer(notes, many=True).data)


class CommentIn(Given):
    text = serializers.CharField(max_length=2000)


class IncidentFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    since = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")

    class Meta:
        model = Incident
        fields = ["state", "severity", "rule"]


class IncidentViewSet(Names[Incident]):
    """What is wrong with the line, newest first."""

    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    ordering = ("-opened_at", "-pk")
    queryset = Incident.objects.none()
    rights = {
        **dict.fromkeys(("list", "retrieve"), (SEES,)),
        **dict.fromkeys(("acknowledge", "comment"), SPEAKS),
        "resolve": DECIDES,
    }

    @extend_schema(responses=OneIncidentSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """One, with its story."""
        return self._shown(self.get_object())

    @extend_schema(request=None, responses=OneIncidentSerializer)
    @action(detail=True, methods=["post"])
    @once
    def acknowledge(self, request: Request, pk: UUID) -> Response:
        """Somebody is on it: nobody else is woken."""
        row = self.get_object()
        if not services.acknowledge(row, self.person):
            raise Problem(409, _("Somebody was quicker, or it is over."))
        return self._shown(row)

    @extend_schema(request=CommentIn, responses=OneIncidentSerializer)
    @action(detail=True, methods=["post"])
    @once
    def comment(self, request: Request, pk: UUID) -> Response:
        """Write down what is known of it."""
        text = CommentIn.of(request)["text"]
        row = self.get_object()
        services.comment(row, text, self.person)
        return self._shown(row)

    @extend_schema(request=None, responses=OneIncidentSerializer)
    @action(detail=True, methods=["post"])
    @once
    def resolve(self, request: Request, pk: UUID) -> Response:
        """It is over. If the trouble is still there, it opens again."""
        row = self.get_object()
        if not services.resolve(row, self.person):
            raise Problem(409, _("It is over already."))
        return self._shown(row)

    def _shown(self, row: Incident) -> Response:
        row.refresh_from_db()
        return Response(OneIncidentSerializer(row, context={"request": self.request}).data)


class CheckSerializer(serializers.Serializer[Finding]):
    name = serializers.CharField()
    status = serializers.CharField()
    sentence = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="ok, starting or failed")
    checks = CheckSerializer(many=True)


# A list by its name, and one thing by what it answers.
ONE_HEALTH = forced_singular_serializer(HealthSerializer)  # type: ignore[no-untyped-call]  # not in the stubs


class HealthViewSet(Door, viewsets.ViewSet):
    """Is the line well?"""

    rights = {"list": ("telephony.view_call",)}

    @extend_schema(responses=ONE_HEALTH)
    def list(self, request: Request) -> Response:
        """Every check, as /health has it; here always with 200."""
        found = shown.get()
        checks = [each.to_json() for each in found]
        return Response({"status": overall(found), "checks": checks})
