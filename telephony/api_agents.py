"""Assistants for other programs: what each says, and which version callers hear."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentworker import writing
from agentworker.comparing import NOTE_LENGTH
from agentworker.content import Content
from agentworker.forms import LONGEST, LONGEST_INSTRUCTIONS
from agentworker.lines import format_menu, format_rules
from agentworker.models import Agent, AgentVersion, Language, with_newest
from agentworker.recording import RecordingPolicy
from telephony import api_writing, changes, publishing
from telephony.agent_forms import WordsForm
from telephony.api_rows import TEXTS, WishIn, text
from telephony.api_writing import SEEN, described, or_preview
from telephony.changes import Change, ChangeError, Edit, Impact
from veyra.models import User
from veyra.rest.doors import Rows, rights_on
from veyra.rest.given import Given
from veyra.rest.once import is_dry, once
from veyra.rest.problems import Problem

WRITES = ("agentworker.change_agent", "agentworker.add_agentversion")


class WordsSerializer(serializers.ModelSerializer[AgentVersion]):
    """`menu` and `rules` as they are written on the page, an answer a line."""

    menu = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()

    class Meta:
        model = AgentVersion
        fields = [
            *("language", "greeting", "instructions", "menu", "rules", "fallback", "goodbye"),
            "consent",
        ]

    @extend_schema_field(TEXTS)
    def get_menu(self, row: Content) -> list[str]:
        return format_menu(row.menu).splitlines()

    @extend_schema_field(TEXTS)
    def get_rules(self, row: Content) -> list[str]:
        return format_rules(row.rules).splitlines()


class VersionSerializer(WordsSerializer):
    class Meta(WordsSerializer.Meta):
        fields = ["number", *WordsSerializer.Meta.fields, "note", "created_at"]


class AgentSerializer(serializers.ModelSerializer[Agent]):
    version = serializers.SerializerMethodField(help_text="What callers hear; null: nothing.")

    class Meta:
        model = Agent
        fields = [
            *("id", "key", "name", "is_published", "recording", "created_at", "revision"),
            "version",
        ]

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_version(self, agent: Agent) -> int | None:
        number: int | None = getattr(agent, "newest_number", None)
        return number if agent.is_published else None


class OneAgentSerializer(AgentSerializer):
    written = serializers.SerializerMethodField(
        help_text="Its words as they are written now; callers hear them once they are published."
    )

    class Meta(AgentSerializer.Meta):
        fields = [*AgentSerializer.Meta.fields, "written"]

    @extend_schema_field(WordsSerializer(allow_null=True))
    def get_written(self, agent: Agent) -> Mapping[str, Any] | None:
        found: Any = agent.written()
        return WordsSerializer(found).data if found else None


class AgentIn(WishIn):
    """Its words are kept as a draft, until they are published."""

    name = serializers.CharField(max_length=100)
    recording = serializers.ChoiceField(
        RecordingPolicy.choices, required=False, help_text="It holds from the next call on."
    )
    language = serializers.ChoiceField(Language.choices)
    greeting = serializers.CharField(max_length=LONGEST)
    instructions = text(LONGEST_INSTRUCTIONS)
    menu = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST),
        required=False,
        max_length=10,
        help_text="Such as “1 opening hours = We are open from 9 to 18”, a key each.",
    )
    rules = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST),
        required=False,
        max_length=1000,
        help_text="Such as “price, cost = Delivery is free”.",
    )
    fallback = text(LONGEST)
    goodbye = text(LONGEST)
    consent = text(LONGEST)
    company = text(100, help_text="What {company} stands for, as long as it stands for nothing.")


class PublishIn(Given):
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Go back to it; left out, what is written now is published.",
    )
    note = serializers.CharField(max_length=NOTE_LENGTH, required=False, allow_blank=True)


@described(AgentIn, OneAgentSerializer)
class AgentViewSet(Rows[Agent]):
    """Assistants. What they say is written and published here as on their pages; what they know,
    may do and sound like is chosen there.
    """

    serializer_class = AgentSerializer
    filterset_fields = ("name", "is_published")
    ordering = ("name", "pk")
    queryset = Agent.objects.none()
    rights = rights_on(
        "agentworker.agent",
        versions=("agentworker.view_agent",),
        publish=WRITES,
        unpublish=WRITES,
    )

    def filter_queryset(self, queryset: Any) -> Any:
        return with_newest(super().filter_queryset(queryset))

    @extend_schema(responses=OneAgentSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(OneAgentSerializer(self.get_object()).data)

    @once
    def create(self, request: Request) -> Response:
        """Nobody hears it until it is published."""
        given = AgentIn.of(request)
        row = Agent()
        return self._written(row, {name: api_writing.typed(each) for name, each in given.items()})

    def partial_update(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        given = AgentIn.of(request, partial=True)
        return self._written(row, api_writing.whole(WordsForm(instance=row), given))

    def destroy(self, request: Request, pk: int) -> Response:
        return api_writing.archive(self.get_object(), request, self.person)

    def _written(self, row: Agent, data: Mapping[str, Any]) -> Response:
        is_new = row.pk is None
        impact = write(row, data, self.person, saves=not is_dry(self.request))
        if is_dry(self.request):
            return Response(api_writing.told(impact))
        return self._now(row.pk, status=201 if is_new else 200)

    @extend_schema(responses=VersionSerializer(many=True), filters=False)
    @action(
        detail=True,
        serializer_class=VersionSerializer,
        filterset_fields=None,
        ordering=("-number", "-pk"),
    )
    def versions(self, request: Request, pk: int) -> Response:
        """Every version that its callers ever heard, the newest first."""
        rows: Any = self.get_object().versions.all()
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(VersionSerializer(page, many=True).data)

    @extend_schema(request=PublishIn, responses=or_preview(OneAgentSerializer), parameters=SEEN)
    @action(detail=True, methods=["post"], filterset_fields=None)
    @once
    def publish(self, request: Request, pk: int) -> Response:
        """Callers hear it from their next call on. The same words as before are no new version."""
        given = PublishIn.of(request)
        wanted = publishing.prepare(self.get_object(), str(given.get("version", "")))
        if wanted is None:
            raise Http404
        impact = wanted.look()
        _check(wanted, impact, request)
        if is_dry(request):
            return Response(api_writing.told(impact))
        note = given.get("note") or wanted.note()
        try:
            revision = wanted.agent.revision
            publishing.carry_out(wanted, note, self.person, impact.token, revision)
        except ChangeError as error:
            raise Problem(409, " ".join(map(str, error.sentences))) from error
        return self._now(pk)

    @extend_schema(request=None, responses=or_preview(OneAgentSerializer), parameters=SEEN)
    @action(detail=True, methods=["post"], filterset_fields=None)
    @once
    def unpublish(self, request: Request, pk: int) -> Response:
        """It answers nobody until it is published again; talks that go on are not cut off."""
        values = {"is_published": False}
        impact = api_writing.change(self.get_object(), values, request, self.person)
        if is_dry(request):
            return Response(api_writing.told(impact))
        return self._now(pk)

    def _now(self, pk: int, status: int = 200) -> Response:
        row = with_newest(self.get_queryset()).get(pk=pk)
        return Response(OneAgentSerializer(row).data, status=status)


@transaction.atomic
def write(row: Agent, data: Mapping[str, Any], user: User, *, saves: bool) -> Impact:
    """Save what is written of an assistant, new or there; what of it callers notice before it is
    published: whether they are recorded. Raises Problem.
    """
    form = WordsForm(data=data, instance=row)
    is_new = row.pk is None
    if not form.is_valid():
        raise api_writing.wrong(form)
    values = {} if is_new else {"recording": row.recording}
    wanted = Change(model="agent", key=str(row.key), values=values, revision=row.revision)
    impact = changes.preview(Edit(changes=(wanted,)))
    if saves:
        try:
            writing.save(form, user)
        except IntegrityError as error:
            raise Problem(409, changes.AT_ONCE) from error
        api_writing.log(row, form.changed_data, user, is_new=is_new)
    return impact


def _check(wanted: publishing.Publishing, impact: Impact, request: Request) -> None:
    """What the page asks, too: nothing wrong, its scenarios pass, and a yes to what callers notice.
    Raises Problem.
    """
    faults = [fault] if (fault := wanted.fault()) else []
    if wrong := [*faults, *impact.errors]:
        raise Problem(409, " ".join(map(str, wrong)))
    if is_dry(request):
        return
    if not wanted.scenarios().is_good:
        raise Problem(409, _("Not all of its scenarios pass. Publish it on its page, or mend it."))
    api_writing.ask_first(impact, request)
