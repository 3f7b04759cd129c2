"""Doors by which staff act on a call. Each asks for its own right."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from recordings import orders
from recordings.orders import Order
from telephony import acting, blocking, hands, introducing
from telephony.models import Call, CallAction
from telephony.numbers import NumberError, e164
from veyra.doors import staff_page
from veyra.models import User
from veyra.sentences import Sentence

SEES = "telephony.view_call"
Kind = CallAction.Kind
DAY = timedelta(days=1)
HINT_LENGTH = 500


class AskForm(forms.Form):
    """A form that is sent twice asks once."""

    ticket = forms.UUIDField()


class HintForm(AskForm):
    text = forms.CharField(
        max_length=HINT_LENGTH,
        error_messages={
            "required": _("Write what the assistant should know."),
            "max_length": _("A hint has at most %(limit_value)s characters. Say it shorter."),
        },
    )


class TransferForm(AskForm):
    to = forms.CharField(
        max_length=40, error_messages={"required": _("Write the number that is to take the call.")}
    )

    def clean_to(self) -> str:
        try:
            return e164(self.cleaned_data["to"])
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error


class WhomForm(AskForm):
    """A colleague or a group: `given`, as CallAction has it; `phone` is called at once."""

    whom = forms.RegexField(
        r"^(colleague|team)-\d{1,9}$",
        error_messages={
            "required": _("Choose who is to take the call."),
            "invalid": _("Choose who is to take the call."),
        },
    )
    note = forms.CharField(
        required=False,
        max_length=HINT_LENGTH,
        error_messages={
            "max_length": _("A note has at most %(limit_value)s characters. Say it shorter.")
        },
    )
    how = forms.ChoiceField(choices=[("introduce", ""), ("at_once", "")])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "whom" not in cleaned:
            return cleaned
        kind, pk = cleaned["whom"].split("-")
        cleaned["given"] = {kind: int(pk)}
        if cleaned.get("how") == "at_once":
            cleaned["phone"] = introducing.phone_of(cleaned["given"])
            if not cleaned["phone"]:
                self.add_error(None, _("No telephone is written down there. Introduce the call."))
        return cleaned


class BlockForm(AskForm):
    term = forms.ChoiceField(choices=[("day", ""), ("good", "")])


@staff_page(SEES)
def part(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What may be done to the call now, and what came of what was asked."""
    return _part(request, _call(user, pk))


@require_POST
@staff_page(SEES, "telephony.hang_up_call")
def hang_up(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _ask(request, user, pk, Kind.HANG_UP, AskForm(request.POST), lambda given: {})


@require_POST
@staff_page(SEES, "telephony.hint_call")
def hint(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    form = HintForm(request.POST)
    return _ask(request, user, pk, Kind.HINT, form, lambda given: {"text": given["text"]})


@require_POST
@staff_page(SEES, "telephony.transfer_call")
def transfer(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    form = TransferForm(request.POST)
    return _ask(request, user, pk, Kind.TRANSFER, form, lambda given: {"target": given["to"]})


@require_POST
@staff_page(SEES, "telephony.transfer_call")
def introduce(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Give the call to a colleague or a group: told of it first, or at once by telephone."""
    form = WhomForm(request.POST)
    if request.POST.get("how") == "at_once":
        return _ask(request, user, pk, Kind.TRANSFER, form, _phone)
    return _ask(request, user, pk, Kind.INTRODUCE, form, _whom)


def _phone(given: dict[str, Any]) -> dict[str, Any]:
    return {"target": given["phone"]}


def _whom(given: dict[str, Any]) -> dict[str, Any]:
    return {**given["given"], "note": given["note"]}


class RecordForm(AskForm):
    order = forms.ChoiceField(choices=Order.choices)


@require_POST
@staff_page(SEES, "recordings.record_call")
def record(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Record the call, pause that, go on, or stop."""
    call, form = _call(user, pk), RecordForm(request.POST)
    wrong = _wrong(form)
    if wrong is None:
        order, ticket = Order(form.cleaned_data["order"]), form.cleaned_data["ticket"]
        wrong = orders.why_not(call, order)
        if wrong is None:
            orders.give(call, order, user, ticket)
    return _answer(request, call, wrong)


@require_POST
@staff_page(SEES, "telephony.block_caller")
def block(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Whoever calls is not let in again, for a day or for good."""
    call, form = _call(user, pk), BlockForm(request.POST)
    wrong = _wrong(form) or blocking.why_not(call)
    if wrong is None:
        until = timezone.now() + DAY if form.cleaned_data["term"] == "day" else None
        blocking.block(call, user, until, form.cleaned_data["ticket"])
    return _answer(request, call, wrong)


@require_POST
@staff_page(SEES, "telephony.block_caller")
def unblock(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    call, form = _call(user, pk), AskForm(request.POST)
    wrong = _wrong(form)
    if wrong is None:
        blocking.unblock(call, user, form.cleaned_data["ticket"])
    return _answer(request, call, wrong)


def _call(user: User, pk: uuid.UUID) -> Call:
    return get_object_or_404(Call.objects.visible_to(user).select_related("trunk"), pk=pk)


def _ask(
    request: HttpRequest,
    user: User,
    pk: uuid.UUID,
    kind: Kind,
    form: AskForm,
    params: Callable[[dict[str, Any]], dict[str, Any]],
) -> HttpResponse:
    """Have it done, unless it is known now that it cannot be."""
    call = _call(user, pk)
    wrong = _wrong(form) or hands.why_not(call, kind)
    if wrong is None:
        given, ticket = params(form.cleaned_data), form.cleaned_data["ticket"]
        # Pressed twice, it does not stand in its own way.
        wrong = None if acting.is_asked(ticket) else hands.not_allowed(call, kind, given, user)
        if wrong is None:
            acting.ask(call, kind, given, user, ticket)
    return _answer(request, call, wrong)


def _wrong(form: forms.Form) -> Sentence | str | None:
    """What is wrong with what was typed, in a sentence."""
    return next((str(error) for errors in form.errors.values() for error in errors), None)


def _answer(request: HttpRequest, call: Call, wrong: object) -> HttpResponse:
    """The part of the page, for a script (?part=1); else back to the page."""
    if "part" in request.GET:
        return _part(request, call, str(wrong) if wrong else "")
    if wrong:
        messages.error(request, str(wrong))
    return redirect("call", pk=call.pk)


def _part(request: HttpRequest, call: Call, problem: str = "") -> HttpResponse:
    context = {"call": call, "problem": problem}
    status = 400 if problem else 200
    return render(request, "monitoring/_hands.html", context, status=status)
