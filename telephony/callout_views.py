"""Pages on which a person calls a number, and sees what becomes of the call."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from telephony import dialling
from telephony.models import OutboundCall
from telephony.outbound_forms import CallOutForm
from veyra.doors import staff_page
from veyra.models import User

PLACES = "telephony.add_outboundcall"
SHOWN = 10


@staff_page(PLACES)
def call_out(request: HttpRequest, user: User) -> HttpResponse:
    """Call a number; ?number=<id> chooses ours, ?to= whom to call."""
    asked = request.POST if request.method == "POST" else None
    initial = {name: request.GET[name] for name in ("number", "to") if name in request.GET}
    form = CallOutForm(asked, user=user, initial=initial)
    if not settings.LIVEKIT_SIMULATED and form.is_valid():
        wish = dialling.Wish(
            to=form.cleaned_data["to"],
            number=form.cleaned_data["number"],
            agent=form.cleaned_data["agent"],
        )
        row = dialling.ask(wish, user, form.cleaned_data["ticket"])
        return redirect("call-out-one", pk=row.pk)
    context = {
        **admin.site.each_context(request),
        "title": _("Call a number"),
        "form": form,
        "can_dial": form.fields["number"].queryset.exists(),  # type: ignore[attr-defined]  # a ModelChoiceField
        "recent": OutboundCall.objects.visible_to(user).recent()[:SHOWN],
    }
    status = 400 if form.errors else 200
    return render(request, "telephony/call_out.html", context, status=status)


@staff_page()
def call_out_one(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One call that was asked for; with ?part=1 only what changes.

    For who places calls, and for who sees the list of those that were placed.
    """
    if not (user.has_perm(PLACES) or user.has_perm("telephony.view_outboundcall")):
        raise PermissionDenied
    rows = OutboundCall.objects.visible_to(user).recent()
    row = get_object_or_404(rows.with_call(), pk=pk)
    context: dict[str, Any] = {"row": row, "tries": rows.around(pk)}
    if "part" in request.GET:
        return render(request, "telephony/_call_out.html", context)
    context |= {**admin.site.each_context(request), "title": _("Call a number")}
    return render(request, "telephony/call_out_one.html", context)
