"""The lights of numbers in their list and on the page of each."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from telephony import opening_shown
from telephony.lights import shown_lights
from telephony.models import PhoneNumber
from telephony.standing import Standing
from veyra.admin import CountedChangeList
from veyra.models import User


class LitList(CountedChangeList):
    """A page of numbers, each with `shown_light`: read for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        if isinstance(request.user, User):
            found = shown_lights(self.result_list, request.user)
            for number in self.result_list:
                number.shown_light = found[number.pk]


class Lit:
    """A part of the numbers' admin."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LitList]:
        return LitList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context["original"] and isinstance(request.user, User):
            # A form that was sent has already written its values into `original`.
            number = PhoneNumber.objects.visible_to(request.user).get(pk=context["original"].pk)
            context["shown"] = shown_lights([number], request.user)[number.pk]
            if request.user.has_perm("agentworker.view_place"):
                context["hours"] = opening_shown.of_number(number, request.user)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc,no-any-return]  # of the admin

    @admin.display(description=_("state"))
    def short_standing(self, number: PhoneNumber) -> str:
        return Standing.of(number).label

    @admin.display(description=_("would a call be answered"))
    def light(self, number: Any) -> SafeString:
        return render_to_string("telephony/_lit.html", {"shown": number.shown_light})

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("Test a route"), permissions=["view"], icon="alt_route", url_path="test-route"
    )
    def test_route(self, request: HttpRequest, *args: Any) -> HttpResponse:
        return redirect("route-test")
