"""Everything about one caller: to be seen, taken as a file, and erased. No address names him."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitoring import caller_zip, forgetting, ledger
from monitoring.erasure import ERASES, FINDS, CallerFile, Erasure
from monitoring.file_views import handed_out
from monitoring.forgetting import CannotErase, Found
from telephony import calling_back
from telephony.models import Call
from telephony.numbers import NumberError, e164
from veyra.doors import staff_page
from veyra.look import link
from veyra.models import User

# Of the calls and calls to return of one caller; the file has all of them.
SHOWN = 50
LEDGER = 500


class NumberForm(forms.Form):
    """A number in any spelling; it is E.164 when the form is valid."""

    number = forms.CharField(
        label=gettext_lazy("Number of the caller"),
        max_length=40,
        error_messages={"required": gettext_lazy("Write a telephone number.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )

    def clean_number(self) -> str:
        try:
            return e164(self.cleaned_data["number"])
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error


class FileForm(NumberForm):
    ticket = forms.UUIDField()


class EraseForm(NumberForm):
    """`typed`: the number once more, by hand."""

    typed = forms.CharField(
        label=gettext_lazy("Type the number once more"),
        max_length=40,
        error_messages={
            "required": gettext_lazy("Type the number, so that nobody else is erased.")
        },
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    keeps_block = forms.BooleanField(
        label=gettext_lazy("Keep him blocked: his number stays in the list of blocked callers"),
        required=False,
    )

    def clean_typed(self) -> str:
        try:
            typed = e164(self.cleaned_data["typed"])
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error
        if typed != self.cleaned_data.get("number"):
            raise ValidationError(_("This is another number than the one on this page."))
        return typed


@staff_page(FINDS)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """Whom is it about? Posted to, it shows him: so his number is in no address and no log."""
    if request.method != "POST":
        return _ask(request, user, NumberForm())
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _ask(request, user, form)
    return _show(request, user, form.cleaned_data["number"])


@staff_page(FINDS, "telephony.view_call")
def of_call(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The other party of a call."""
    call = get_object_or_404(Call.objects.visible_to(user), pk=pk)
    number = calling_back.number_of(call)
    if number is None:
        messages.warning(request, _("Nobody knows the number of this caller."))
        return redirect("call", pk)
    return _show(request, user, number)


@require_POST
@staff_page(FINDS)
def ask_file(request: HttpRequest, user: User) -> HttpResponse:
    form = FileForm(request.POST)
    if not form.is_valid():
        raise Http404
    caller_zip.ask(form.cleaned_data["number"], user, form.cleaned_data["ticket"])
    return redirect("callers")


@staff_page(FINDS)
def take_file(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    """That somebody took it is written down."""
    row = get_object_or_404(CallerFile.objects.visible_to(user).ready(), pk=pk)
    note = _("Took everything about a caller as a file.")
    return handed_out(request, user, row, "application/zip", note)


@require_POST
@staff_page(FINDS, ERASES)
def erase(request: HttpRequest, user: User) -> HttpResponse:
    number = NumberForm(request.POST)
    form = EraseForm(request.POST)
    if not number.is_valid():
        raise Http404
    if not form.is_valid():
        return _show(request, user, number.cleaned_data["number"], form)
    given = form.cleaned_data
    try:
        keeps = given["keeps_block"]
        row = forgetting.ask(given["number"], user, timezone.now(), keeps_block=keeps)
    except CannotErase as error:
        for sentence in error.sentences:
            messages.error(request, str(sentence))
        return _show(request, user, given["number"], form)
    note = _("Asked that a caller be erased.")
    LogEntry.objects.log_actions(user.pk, [row], ADDITION, change_message=note)
    return redirect("certificate", row.pk)


@staff_page("monitoring.view_erasure")
def erased(request: HttpRequest, user: User) -> HttpResponse:
    """The ledger."""
    context = {
        **admin.site.each_context(request),
        "title": _("Erased callers"),
        "rows": Erasure.objects.visible_to(user).newest()[:LEDGER],
    }
    return render(request, "monitoring/callers_erased.html", context)


@staff_page("monitoring.view_erasure")
def certificate(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What was erased, to be printed. The number stands on it only if somebody types the right
    one: nothing here knows it any more.
    """
    row = get_object_or_404(Erasure.objects.visible_to(user), pk=pk)
    form = NumberForm(request.POST or None)
    number = ""
    if form.is_valid():
        number = form.cleaned_data["number"]
        if row.mark not in {mark.text for mark in ledger.marks(number)}:
            form.add_error("number", _("This certificate is about another number."))
            number = ""
    context = {
        **admin.site.each_context(request),
        "title": _("Certificate of erasure"),
        "row": row,
        "lines": [(words, row.counts.get(name, 0)) for name, words in forgetting.GOES.items()],
        "form": form,
        "number": number,
    }
    return render(request, "monitoring/certificate.html", context)


def _ask(request: HttpRequest, user: User, form: NumberForm) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Caller's data"),
        "form": form,
        "files": CallerFile.objects.visible_to(user),
    }
    return render(request, "monitoring/callers.html", context, status=400 if form.errors else 200)


def _show(
    request: HttpRequest, user: User, number: str, form: EraseForm | None = None
) -> HttpResponse:
    found = forgetting.look(number)
    calls = list(Call.objects.visible_to(user).by_keys(found.traces.calls[-SHOWN:]))
    if calls and form is None:
        note = _("Looked at everything about the caller.")
        LogEntry.objects.log_actions(user.pk, calls[:1], CHANGE, change_message=note)
    call_backs = found.traces.call_backs[:SHOWN]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Everything about a caller"),
        "found": found,
        "goes": _goes(found),
        "stays": [(one.sentence, link(*one.link) if one.link else "") for one in found.stays],
        "calls": calls,
        "more": len(found.traces.calls) - len(calls),
        "call_backs": call_backs,
        "with_words": user.has_perm("agentworker.view_session"),
        "form": form or EraseForm(initial={"number": number}),
        "ticket": uuid.uuid4(),
        "may_erase": user.has_perm(ERASES),
    }
    wrong = form is not None
    return render(request, "monitoring/caller.html", context, status=400 if wrong else 200)


def _goes(found: Found) -> list[tuple[Any, int]]:
    """What there is, and how much of it."""
    return [(words, n) for name, words in forgetting.GOES.items() if (n := found.counts[name])]
