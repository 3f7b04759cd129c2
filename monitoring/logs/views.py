"""What our programs and LiveKit's wrote down: errors, the way of one call, and it all as a file."""

import uuid

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring.call_clock import clock_of
from monitoring.callpage import with_parties
from monitoring.file_views import handed_out
from monitoring.logs import bundle
from monitoring.logs.models import LogError, SupportBundle
from monitoring.logs.of_call import wire_of
from telephony.models import Call
from veyra.doors import staff_page
from veyra.models import User

SEES, SETTLES = "monitoring.view_logerror", "monitoring.change_logerror"
TAKES = "monitoring.add_supportbundle"
# Kinds of errors on the page.
SHOWN = 100


class TicketForm(forms.Form):
    ticket = forms.UUIDField()


@staff_page(SEES)
def errors(request: HttpRequest, user: User) -> HttpResponse:
    """The last errors of all programs in groups; ?settled=1: those that are dealt with."""
    rows = LogError.objects.visible_to(user)
    is_settled = "settled" in request.GET
    found = list((rows.settled() if is_settled else rows.unsettled())[: SHOWN + 1])
    context = {
        **admin.site.each_context(request),
        "title": _("Errors of the programs"),
        "errors": found[:SHOWN],
        "has_more": len(found) > SHOWN,
        "shown": SHOWN,
        "is_settled": is_settled,
        "may_settle": user.has_perm(SETTLES),
        "may_take": user.has_perm(TAKES),
        "files": SupportBundle.objects.visible_to(user) if user.has_perm(TAKES) else [],
        "ticket": uuid.uuid4(),
    }
    return render(request, "monitoring/logs/errors.html", context)


@require_POST
@staff_page(SEES, SETTLES)
def settle(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(LogError.objects.visible_to(user), pk=pk)
    row.settle(timezone.now())
    messages.success(request, _("Put aside. It stands here again when it comes again."))
    return redirect("log-errors")


@staff_page("telephony.view_call", "telephony.view_callevent")
def wire(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """A part of the page of a call: its signalling in words, and the lines of the programs."""
    call = get_object_or_404(with_parties(Call.objects.visible_to(user)), pk=pk)
    with clock_of(call).set():
        return render(request, "monitoring/logs/_wire.html", {"wire": wire_of(call), "call": call})


@require_POST
@staff_page(TAKES)
def ask(request: HttpRequest, user: User) -> HttpResponse:
    form = TicketForm(request.POST)
    if form.is_valid():
        bundle.ask(user, form.cleaned_data["ticket"])
        messages.success(request, _("The support bundle is being made. It takes about a minute."))
    return redirect("log-errors")


@staff_page(TAKES)
def take(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    """The file; that somebody took it is written down."""
    row = get_object_or_404(SupportBundle.objects.visible_to(user).ready(), pk=pk)
    return handed_out(request, user, row, "application/zip", _("Took the support bundle."))
