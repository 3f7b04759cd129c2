"""The page "Test a route": where a call would go, and what to press where it goes nowhere.

The question is sent by POST: telephone numbers do not stand in addresses, which are logged.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.hours import words as opening_words
from telephony import routetest
from telephony.lights import lights_by_key
from telephony.links import links
from telephony.models import Call, PhoneNumber, Trunk
from telephony.moments import MomentError
from telephony.numbers import pretty
from telephony.opening import moment_at
from telephony.routetest import QuestionError, Report
from telephony.routing.route import Question
from veyra.doors import staff_page
from veyra.models import User


class RouteForm(forms.Form):
    """A call that nobody has placed; `question` is what it asks."""

    called = forms.CharField(
        label=gettext_lazy("Number that is called"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "8 (499) 112-41-48", "inputmode": "tel"}),
    )
    caller = forms.CharField(
        label=gettext_lazy("Who calls, if it matters"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    trunk = forms.ModelChoiceField(
        Trunk.objects.none(),
        label=gettext_lazy("Provider connection"),
        empty_label=gettext_lazy("the number's own"),
        required=False,
    )
    source_ip = forms.CharField(
        label=gettext_lazy("Address that the call comes from"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "203.0.113.10", "spellcheck": "false"}),
    )
    at = forms.CharField(
        label=gettext_lazy("When, if not now"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Saturday 20:00")}),
    )
    exact = forms.BooleanField(
        label=gettext_lazy("The provider writes both numbers exactly so"), required=False
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trunks = Trunk.objects.visible_to(user).in_use()
        self.fields["trunk"].queryset = trunks  # type: ignore[attr-defined]  # it is a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            trunk, at = cleaned.pop("trunk"), cleaned.pop("at")
            asked = Question(trunk=str(trunk.key) if trunk else "", **cleaned)
            try:
                self.question = routetest.checked(asked)
                self.moment = moment_at(self.question.called, at)
            except QuestionError as error:
                self.add_error(error.field, str(error.sentence))
            except MomentError as error:
                self.add_error("at", str(error.sentence))
        return cleaned


@staff_page("telephony.view_phonenumber")
def page(request: HttpRequest, user: User) -> HttpResponse:
    """The form, and what becomes of the call; ?number= and ?call= fill it in."""
    sent = request.POST if request.method == "POST" else None
    form = RouteForm(sent if sent is not None else _filled_in(request, user), user=user)
    context = {**admin.site.each_context(request), "title": _("Test a route"), "form": form}
    if form.is_valid():
        context |= told(routetest.ask(form.question, form.moment), user)
    return render(request, "telephony/route.html", context, status=400 if form.errors else 200)


def _filled_in(request: HttpRequest, user: User) -> dict[str, str] | None:
    """The question about a number, or about a call that came; None where nobody names one."""
    if number := request.GET.get("number", ""):
        numbers = PhoneNumber.objects.visible_to(user)
        found = get_object_or_404(numbers, pk=number if number.isdecimal() else None)
        return {"called": pretty(found.number)}
    if text := request.GET.get("call", ""):
        if not user.has_perm("telephony.view_call"):
            raise Http404
        call = get_object_or_404(Call.objects.visible_to(user), pk=_uuid(text))
        question = routetest.question_of(call)
        return {
            "called": question.called,
            "caller": question.caller,
            "source_ip": question.source_ip,
            "exact": "on",
        }
    return None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def when_of(report: Report) -> str:
    """The moment that was asked for, by the clock of the number; "": now."""
    return opening_words.when_asked(report.at, report.ruling.zone) if report.at else ""


def told(report: Report, user: User) -> dict[str, Any]:
    """A report as the page shows it to this person."""
    rows = links({step.row for step in report.steps if step.row}, user)
    return {
        "report": report,
        "steps": [(step, rows.get(step.row) if step.row else None) for step in report.steps],
        "stop_link": rows.get(report.stop.row) if report.stop and report.stop.row else None,
        "lights": lights_by_key([number.key for number in report.route.numbers], user, report.at),
        "when": when_of(report),
        "sees_pins": user.has_perm("telephony.view_dispatchrule"),
    }
