"""The page of one call, and the end of the demo."""

import uuid
from collections.abc import Callable, Sequence

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring import bell
from monitoring.call_clock import CallClock, clock_of
from monitoring.callpage import came_of, gather, transcript, with_parties
from monitoring.incidents import urgent
from monitoring.transcript import Line, as_json, as_text
from monitoring.voices import nobody_speaks
from recordings.models import Recording
from recordings.player import Player
from telephony import calling_back, demo
from telephony.came_of import CameOf
from telephony.links import links
from telephony.models import Call, CallBack
from veyra.doors import staff_page
from veyra.models import User


@staff_page("telephony.view_call")
def call(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One call; with ?part=1 only what changes while it goes on, with ?q= where words stand."""
    found = get_object_or_404(with_parties(Call.objects.visible_to(user)), pk=pk)
    clock = clock_of(found)
    with clock.set():
        return _page(request, user, found, clock)


def _page(request: HttpRequest, user: User, found: Call, clock: CallClock) -> HttpResponse:
    with_words = user.has_perm("agentworker.view_session")
    wanted = request.GET.get("q", "").strip()[:200]
    player = _player(found, user)
    recording = player.recording if player and player.may_hear else None
    page = gather(found, with_words=with_words, wanted=wanted, recording=recording)
    ring = bell.answered(request.GET.get("take", ""), found, user)
    waits = calling_back.waiting_after(found, user)
    is_lost = _is_lost(found, waits)
    context = {
        "page": page,
        "clock": clock.told,
        "waits": waits,
        "is_over": found.ended_at is not None,
        "call_back": _call_back(found, user) if is_lost else None,
        "returned": calling_back.returned(found, user) if is_lost and not waits else None,
        "call": page.call,
        "player": player,
        "wanted": wanted,
        "with_words": with_words,
        "ring": ring,
        "note": bell.note_of(ring, user),
        "is_engineer": user.has_perm("telephony.view_callevent"),
        "mend": links([page.refusal.row], user).get(page.refusal.row)
        if page.refusal and page.refusal.row
        else None,
    }
    if "part" in request.GET:
        return render(request, "monitoring/_call.html", context)
    context |= {**admin.site.each_context(request), "title": _("Call")}
    return render(request, "monitoring/call.html", context)


def _player(call: Call, user: User) -> Player | None:
    """Of what was recorded of it, for whoever may see that."""
    if not user.has_perm("recordings.view_recording"):
        return None
    return Player.of_call(Recording.objects.visible_to(user).of_call(call.pk).with_call(), user)


def _is_lost(call: Call, waits: CallBack | None) -> bool:
    """Somebody called us whom nobody talked to, or not to the end."""
    is_lost = call.outcome in Call.LOST or waits is not None
    return is_lost and not call.is_outbound and call.ended_at is not None


def _call_back(call: Call, user: User) -> str | None:
    """Whom this person may call back."""
    return calling_back.number_of(call) if user.has_perm("telephony.add_outboundcall") else None


@staff_page()
def banner(request: HttpRequest, user: User) -> HttpResponse:
    """For pages that are open: whether anybody can speak to callers, and what is critical."""
    context = {"nobody_speaks": nobody_speaks, "urgent": urgent.last.get}
    return render(request, "monitoring/_mute.html", context)


FILES: dict[str, tuple[Callable[[Call, Sequence[Line], Sequence[CameOf]], str], str]] = {
    "txt": (as_text, "text/plain; charset=utf-8"),
    "json": (as_json, "application/json"),
}


@staff_page("telephony.view_call", "agentworker.view_session")
def conversation(request: HttpRequest, user: User, pk: uuid.UUID, form: str) -> HttpResponse:
    """What was said, as a file; that somebody took it is written down."""
    found = get_object_or_404(with_parties(Call.objects.visible_to(user)), pk=pk)
    if form not in FILES:
        raise Http404
    written, kind = FILES[form]
    note = _("Took the conversation as a file (%(form)s).") % {"form": form}
    LogEntry.objects.log_actions(user.pk, [found], CHANGE, change_message=note)
    with clock_of(found).set():
        name = f"call-{localtime(found.started_at):%Y-%m-%d-%H%M}-{found.pk.hex[:8]}.{form}"
        text = written(found, transcript(found), came_of(found))
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type=kind, headers=headers)


@require_POST
@staff_page("telephony.delete_trunk", "telephony.delete_phonenumber", "agentworker.delete_agent")
def remove_demo(request: HttpRequest, user: User) -> HttpResponse:
    """The button of the home page."""
    kept = demo.remove()
    if kept:
        told = _("The demo is gone. What you use yourselves stays: %(names)s.")
        messages.success(request, told % {"names": ", ".join(kept)})
    else:
        messages.success(request, _("The demo is gone."))
    return redirect("admin:index")
