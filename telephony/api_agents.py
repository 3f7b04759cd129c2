"""Assistants for other programs: what each says, and which version callers hear."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
)
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentworker.comparing import NOTE_LENGTH
from agentworker.models import Agent, AgentVersion, with_newest
from telephony import api_writing, publishing
from telephony.api_writing import SEEN, PreviewSerializer
from telephony.changes import ChangeError, Impact
from veyra.rest.doors import Rows
from veyra.rest.once import once
from veyra.rest.problems import Problem

SEES, CHANGES = "agentworker.view_agent", "agentworker.change_agent"
WRITES = (CHANGES, "agentworker.add_agentversion")


class VersionSerializer(serializers.ModelSerializer[AgentVersion]):
    menu = serializers.JSONField()
    rules = serializers.JSONField()

    class Meta:
        model = AgentVersion
        fields = [
            *("number", "language", "greeting", "instructions", "menu", "rules", "fallback"),
            *("goodbye", "consent", "note", "created_at"),
        ]


class AgentSerializer(serializers.ModelSerializer[Agent]):
    version = serializers.SerializerMethodField(help_text="What callers hear; null: nothing.")

    class Meta:
        model = Agent
        fields = ["id", "key", "name", "is_published", "recording", "created_at", "version"]

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_version(self, agent: Agent) -> int | None:
        number: int | None = getattr(agent, "newest_number", None)
        return number if agent.is_published else None


class PublishIn(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Go back to it; left out, what is written now is published.",
    )
    note = serializers.CharField(max_length=NOTE_LENGTH, required=False, allow_blank=True)


AgentOrPreview = PolymorphicProxySerializer(
    component_name="AgentOrPreview",
    serializers=[AgentSerializer, PreviewSerializer],
    resource_type_field_name=None,
)


class AgentFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    class Meta:
        model = Agent
        fields = ["name", "is_published"]


class AgentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Rows[Agent]):
    """Assistants. What they say is written on their pages, and published from there or here."""

    serializer_class = AgentSerializer
    filterset_class = AgentFilter
    ordering = ("name", "pk")
    queryset = Agent.objects.none()
    rights = {
        **dict.fromkeys(("list", "retrieve", "versions"), (SEES,)),
        **dict.fromkeys(("publish", "unpublish"), WRITES),
    }

    def get_queryset(self) -> QuerySet[Agent]:
        return Agent.objects.visible_to(self.request.user).kept()

    def filter_queryset(self, queryset: Any) -> Any:
        return with_newest(super().filter_queryset(queryset))

    @extend_schema(responses=VersionSerializer(many=True), filters=False)
    @action(
        detail=True,
        serializer_class=VersionSerializer,
        filterset_class=None,
        ordering=("-number", "-pk"),
    )
    def versions(self, request: Request, pk: int) -> Response:
        """Every version that its callers ever heard, the newest first."""
        rows: Any = self.get_object().versions.all()
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(VersionSerializer(page, many=True).data)

    @extend_schema(request=PublishIn, responses=AgentOrPreview, parameters=SEEN)
    @action(detail=True, methods=["post"], filterset_class=None)
    @once
    def publish(self, request: Request, pk: int) -> Response:
        """Callers hear it from their next call on. The same words as before are no new version."""
        body = PublishIn(data=request.data)
        body.is_valid(raise_exception=True)
        number = body.validated_data.get("version")
        wanted = publishing.prepare(self.get_object(), str(number or ""))
        if wanted is None:
            raise Http404
        impact = wanted.look()
        _check(wanted, impact, request)
        if api_writing.is_dry(request):
            return Response(api_writing.told(impact))
        note = body.validated_data.get("note") or wanted.note()
        try:
            revision = wanted.agent.revision
            publishing.carry_out(wanted, note, self.person, impact.token, revision)
        except ChangeError as error:
            raise Problem(409, " ".join(map(str, error.sentences))) from error
        return self._now(pk)

    @extend_schema(request=None, responses=AgentOrPreview, parameters=SEEN)
    @action(detail=True, methods=["post"], filterset_class=None)
    @once
    def unpublish(self, request: Request, pk: int) -> Response:
        """It answers nobody until it is published again; talks that go on are not cut off."""
        values = {"is_published": False}
        impact = api_writing.change(self.get_object(), values, request, self.person)
        if api_writing.is_dry(request):
            return Response(api_writing.told(impact))
        return self._now(pk)

    def _now(self, pk: int) -> Response:
        row = with_newest(self.get_queryset()).get(pk=pk)
        return Response(AgentSerializer(row).data)


def _check(wanted: publishing.Publishing, impact: Impact, request: Request) -> None:
    """What the page asks, too: nothing wrong, its scenarios pass, and a yes to what callers notice.
    Raises Problem.
    """
    faults = [fault] if (fault := wanted.fault()) else []
    if wrong := [*faults, *impact.errors]:
        raise Problem(409, " ".join(map(str, wrong)))
    if api_writing.is_dry(request):
        return
    if not wanted.scenarios().is_good:
        raise Problem(409, _("Not all of its scenarios pass. Publish it on its page, or mend it."))
    api_writing.ask_first(impact, request)
