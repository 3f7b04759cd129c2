"""The line for other programs: numbers, connections, and who answers."""

from typing import Any, TypeVar

from django.db.models import Model
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from telephony import api_writing
from telephony.api_rows import (
    NumberIn,
    NumberOut,
    RuleIn,
    RuleOut,
    TrunkIn,
    TrunkOut,
)
from telephony.api_writing import described
from telephony.editing import EditForm
from telephony.forms import DispatchRuleForm, PhoneNumberForm, TrunkForm
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.standing import look_up
from veyra.rest.doors import Rows, rights_on
from veyra.rest.filters import Id, Matching
from veyra.rest.given import Given
from veyra.rest.once import is_dry, once

M = TypeVar("M", bound=Model)
PEOPLE = ("first_colleague", "first_team", "fallback_colleague", "fallback_team")


class WishRows(Rows[M]):
    """Rows of the line. They are saved by the forms of their pages, and archived, never deleted."""

    form: type[EditForm]
    given: type[Given]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of rows, looked up in LiveKit all at once."""
        rows = super().paginate_queryset(queryset)
        look_up(rows or [])
        return rows

    @once
    def create(self, request: Request) -> Response:
        return self._written(request, self.get_queryset().model(), partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        return self._written(request, self.get_object(), partial=True)

    def destroy(self, request: Request, pk: int) -> Response:
        return api_writing.archive(self.get_object(), request, self.person)

    def _written(self, request: Request, row: Any, *, partial: bool) -> Response:
        given = self.given.of(request, partial=partial)
        impact = api_writing.write(self.form, row, given, request, self.person)
        if is_dry(request):
            return Response(api_writing.told(impact))
        saved = get_object_or_404(self.get_queryset(), pk=row.pk)
        return Response(self.get_serializer(saved).data, status=200 if partial else 201)


class NumberFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    trunk = Id(field_name="trunk")
    number = filters.CharFilter(label="In E.164, whole.")
    q = Matching(label="Digits of it, or words of its label.")

    class Meta:
        model = PhoneNumber
        fields = ["is_active"]


@described(NumberIn, NumberOut)
class PhoneNumberViewSet(WishRows[PhoneNumber]):
    """Numbers that people call."""

    serializer_class = NumberOut
    given, form = NumberIn, PhoneNumberForm
    filterset_class = NumberFilter
    ordering = ("number", "pk")
    rights = rights_on("telephony.phonenumber")
    queryset = PhoneNumber.objects.none()


@described(TrunkIn, TrunkOut)
class TrunkViewSet(WishRows[Trunk]):
    """Connections to providers. Passwords are written, and never read."""

    serializer_class = TrunkOut
    given, form = TrunkIn, TrunkForm
    filterset_fields = ("is_active", "provider", "name")
    ordering = ("name", "pk")
    rights = rights_on("telephony.trunk")
    queryset = Trunk.objects.none()


class RuleFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    agent = Id(field_name="agent")

    class Meta:
        model = DispatchRule
        fields = ["is_active", "name"]


@described(RuleIn, RuleOut)
class DispatchRuleViewSet(WishRows[DispatchRule]):
    """Who answers which numbers."""

    serializer_class = RuleOut
    given, form = RuleIn, DispatchRuleForm
    filterset_class = RuleFilter
    ordering = ("name", "pk")
    rights = rights_on("telephony.dispatchrule")
    queryset = DispatchRule.objects.none()

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("numbers", "trunks", *PEOPLE)


__all__ = ["DispatchRuleViewSet", "PhoneNumberViewSet", "TrunkViewSet"]
