"""Calls for other programs: which there are, and what is done to them."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from telephony import acting, dialling, hands, reasons
from telephony.api_rows import Ref
from telephony.models import Call, CallAction, OutboundCall
from telephony.numbers import NumberError, e164
from telephony.outbound_forms import CallOutForm
from veyra.models import ReadSample
from veyra.rest.doors import Names
from veyra.rest.filters import Id, Matching
from veyra.rest.given import Given
from veyra.rest.once import once, ticket
from veyra.rest.problems import Problem

Kind = CallAction.Kind
SEES, PLACES = "telephony.view_call", "telephony.add_outboundcall"


class CallSerializer(serializers.ModelSerializer[Call]):
    sentence = serializers.SerializerMethodField(help_text="Why it ended as it did.")

    class Meta:
        model = Call
        fields = [
            *("id", "direction", "state", "outcome", "from_number", "to_number"),
            *("trunk", "number", "rule", "agent", "started_at", "answered_at"),
            *("answered_is_approximate", "ended_at", "reason", "sentence"),
        ]

    def get_sentence(self, call: Call) -> str:
        return str(reasons.sentence(call.reason))


class PlacingSerializer(serializers.ModelSerializer[OutboundCall]):
    """A call that was asked for. Its id is that of the call, once somebody has seen it."""

    sentence = serializers.SerializerMethodField(help_text="Why it was not placed.")

    class Meta:
        model = OutboundCall
        fields = ["id", "to_number", "number", "agent", "state", "asked_at", "over_at", "sentence"]

    def get_sentence(self, row: OutboundCall) -> str:
        return str(row.sentence)


class ActionSerializer(serializers.ModelSerializer[CallAction]):
    """Something that was asked to be done to a call: it is done soon, and once."""

    id = serializers.UUIDField(source="ticket")
    sentence = serializers.SerializerMethodField(help_text="What came of it.")

    class Meta:
        model = CallAction
        fields = ["id", "kind", "state", "asked_at", "done_at", "sentence"]

    @extend_schema_field(str)
    def get_sentence(self, row: CallAction) -> str:
        return str(row.sentence)


class PlaceIn(Given):
    to = serializers.CharField(max_length=40, help_text="Whom to call, in any spelling.")
    number = Ref(required=False, help_text="Ours, which he sees. Needed where there are several.")
    agent = Ref(required=False, help_text="Who speaks. Needed where there are several.")


class TransferIn(Given):
    to = serializers.CharField(max_length=40, help_text="The number that is to take the call.")


class CallFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    number = Id(field_name="number")
    trunk = Id(field_name="trunk")
    agent = Id(field_name="agent")
    since = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt")
    q = Matching(label="Digits of either number.", max_length=40)

    class Meta:
        model = Call
        fields = ["state", "outcome", "direction"]


class CallViewSet(Names[Call]):
    """Calls, newest first."""

    serializer_class = CallSerializer
    filterset_class = CallFilter
    ordering = ("-started_at", "-pk")
    queryset = Call.objects.none()
    rights = {
        "list": (SEES,),
        "retrieve": (SEES,),
        "actions": (SEES,),
        "create": (PLACES,),
        "placing": (PLACES,),
        "hang_up": (SEES, "telephony.hang_up_call"),
        "transfer": (SEES, "telephony.transfer_call"),
    }

    def paginate_queryset(self, queryset: Any) -> Any:
        """Who takes very many of them is told of, as one who takes a large file."""
        page = super().paginate_queryset(queryset)
        ReadSample.note(self.person, (call.pk for call in page or ()), timezone.now())
        return page

    def get_object(self) -> Call:
        found: Call = super().get_object()
        ReadSample.note(self.person, [found.pk], timezone.now())
        return found

    @extend_schema(request=PlaceIn, responses={202: PlacingSerializer})
    @once
    def create(self, request: Request) -> Response:
        """Place a call: an assistant talks to whoever picks up. How it goes: `placing/`."""
        if settings.LIVEKIT_SIMULATED:
            raise Problem(
                503, _("The simulator calls nobody. Start a real LiveKit to place calls.")
            )
        body, once_only = PlaceIn.of(request), ticket(request)
        form = CallOutForm(_chosen(body, self.person, once_only), user=self.person)
        if not form.is_valid():
            raise _wrong(form)
        given = form.cleaned_data
        wish = dialling.Wish(to=given["to"], number=given["number"], agent=given["agent"])
        row = dialling.ask(wish, self.person, once_only)
        return Response(PlacingSerializer(row).data, status=202)

    @extend_schema(responses=PlacingSerializer)
    @action(detail=True)
    def placing(self, request: Request, pk: UUID) -> Response:
        """How it goes with a call that was asked for."""
        row = get_object_or_404(OutboundCall.objects.visible_to(request.user), pk=pk)
        return Response(PlacingSerializer(row).data)

    @extend_schema(request=None, responses={202: ActionSerializer})
    @action(detail=True, methods=["post"], url_path="hang-up")
    @once
    def hang_up(self, request: Request, pk: UUID) -> Response:
        """End the call for the other party."""
        return self._ask(request, Kind.HANG_UP, {})

    @extend_schema(request=TransferIn, responses={202: ActionSerializer})
    @action(detail=True, methods=["post"])
    @once
    def transfer(self, request: Request, pk: UUID) -> Response:
        """Have the provider connect the call with another number."""
        body = TransferIn.of(request)
        try:
            target = e164(body["to"])
        except NumberError as error:
            said = str(error.sentence)
            raise Problem(400, said, {"to": [said]}) from error
        return self._ask(request, Kind.TRANSFER, {"target": target})

    @extend_schema(responses=ActionSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def actions(self, request: Request, pk: UUID) -> Response:
        """What was asked to be done to it, the newest first."""
        call = self._call(pk)
        rows = CallAction.objects.visible_to(request.user).of(call)
        return Response(ActionSerializer(rows, many=True).data)

    def _call(self, pk: UUID) -> Call:
        found: Call = get_object_or_404(self.get_queryset().select_related("trunk"), pk=pk)
        return found

    def _ask(self, request: Request, kind: Kind, params: dict[str, Any]) -> Response:
        call, once_only = self._call(self.kwargs["pk"]), ticket(request)
        wrong = hands.why_not(call, kind)
        if wrong is None and not acting.is_asked(once_only):
            wrong = hands.not_allowed(call, kind, params, self.person)
        if wrong is not None:
            raise Problem(409, wrong)
        row = acting.ask(call, kind, params, self.person, once_only)
        return Response(ActionSerializer(row).data, status=202)


def _chosen(given: dict[str, Any], user: Any, once_only: UUID) -> dict[str, Any]:
    """What the form of the page would hold: where there is nothing to choose, it is chosen."""
    initial = CallOutForm(user=user).initial
    names = ("number", "agent")
    found = {name: given.get(name) or initial.get(name) for name in names}
    return {"to": given["to"], "ticket": str(once_only), "speaker": "assistant", **found}


def _wrong(form: forms.Form) -> Problem:
    errors = {name: list(map(str, said)) for name, said in form.errors.items()}
    first = next((said for each in errors.values() for said in each), _("This cannot be called."))
    return Problem(400, first, errors)
