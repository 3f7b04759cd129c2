"""Pages on which a person calls a number, and sees what becomes of the call."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from telephony import calling_back, dialling, speaking
from telephony.attending import NotNowError
from telephony.models import Call, OutboundCall
from telephony.outbound_forms import CallOutForm
from veyra.doors import staff_page
from veyra.models import User

PLACES = "telephony.add_outboundcall"
SHOWN = 10
Speaker = OutboundCall.Speaker


@staff_page(PLACES)
def call_out(request: HttpRequest, user: User) -> HttpResponse:
    """Call a number; ?number=<id> chooses ours, ?to= whom to call."""
    asked = request.POST if request.method == "POST" else None
    named = ("number", "to", "speaker")
    initial = {name: request.GET[name] for name in named if name in request.GET}
    form = CallOutForm(asked, user=user, initial=initial)
    if not settings.LIVEKIT_SIMULATED and form.is_valid():
        row = dialling.ask(_wish(form), user, form.cleaned_data["ticket"])
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


def _wish(form: CallOutForm) -> dialling.Wish:
    given = form.cleaned_data
    speaker = given["speaker"]
    return dialling.Wish(
        to=given["to"],
        number=given["number"],
        agent=given["agent"] if speaker == Speaker.ASSISTANT else None,
        speaker=speaker,
        phone=form.phone if speaker == Speaker.PHONE else "",
    )


@staff_page()
def call_out_one(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One call that was asked for; with ?part=1 only what changes.

    For who places calls, and for who sees the list of those that were placed.
    """
    if not (user.has_perm(PLACES) or user.has_perm("telephony.view_outboundcall")):
        raise PermissionDenied
    rows = OutboundCall.objects.visible_to(user).recent()
    row = get_object_or_404(rows.with_call(), pk=pk)
    speaks = row.speaker == Speaker.BROWSER and row.asked_by == user and not row.over_at
    context: dict[str, Any] = {"row": row, "tries": rows.around(pk), "speaks": speaks}
    context["waits"] = calling_back.waiting(row.to_number, user)
    context["is_over"] = row.over_at is not None or row.call_state == Call.State.ENDED
    if "part" in request.GET:
        return render(request, "telephony/_call_out.html", context)
    context |= {**admin.site.each_context(request), "title": _("Call a number")}
    return render(request, "telephony/call_out_one.html", context)


# Doors of the browser of who speaks himself


@require_POST
@staff_page(PLACES)
def enter(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """A token for his browser, also for coming back after a broken connection: {"url", "token",
    "stay", "here", "leave"}.
    """
    row = _own(user, pk)
    try:
        token = speaking.enter(row)
    except NotNowError as error:
        return JsonResponse({"error": str(error.sentence)}, status=409)
    doors = {"stay": "enter", "here": "here", "leave": "leave"}
    urls = {name: reverse(f"call-out-{door}", args=[pk]) for name, door in doors.items()}
    return JsonResponse({"url": settings.LIVEKIT_PUBLIC_URL, "token": token, **urls})


@require_POST
@staff_page(PLACES)
def here(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """His browser is in the room: the number may be called."""
    speaking.come(_own(user, pk))
    return HttpResponse(status=204)


@require_POST
@staff_page(PLACES)
def leave(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """He hung up, or his page is being closed."""
    speaking.leave(_own(user, pk))
    return HttpResponse(status=204)


def _own(user: User, pk: uuid.UUID) -> OutboundCall:
    rows = OutboundCall.objects.visible_to(user).asked_for(user).select_related("asked_by")
    return get_object_or_404(rows, pk=pk)
