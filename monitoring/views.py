"""Pages about calls: the board and the page of one call."""

import uuid

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring import board
from monitoring.board import Viewer
from monitoring.callpage import gather
from telephony import demo
from telephony.links import links
from telephony.models import Call, PhoneNumber
from veyra.doors import staff_page
from veyra.models import User


@staff_page("telephony.view_call")
def live(request: HttpRequest, user: User) -> HttpResponse:
    """The board."""
    viewer = Viewer.of(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Now"),
        "rows": [board.as_context(row, viewer) for row in board.read()],
        "has_numbers": PhoneNumber.objects.visible_to(user).kept().exists(),
    }
    return render(request, "monitoring/live.html", context)


@staff_page("telephony.view_call")
def live_rows(request: HttpRequest, user: User) -> HttpResponse:
    """The whole board as a message, for a page whose socket is away."""
    viewer = Viewer.of(user)
    rows = [(row, board.render(row, viewer)) for row in board.read()]
    return HttpResponse(board.message(rows, full=True), content_type="application/json")


@staff_page("telephony.view_call")
def call(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One call; with ?part=1 only what changes while it goes on."""
    calls = Call.objects.visible_to(user).select_related("agent", "rule", "trunk", "number")
    found = get_object_or_404(calls.prefetch_related("legs"), pk=pk)
    with_words = user.has_perm("agentworker.view_session")
    page = gather(found, with_words=with_words)
    context = {
        "page": page,
        "call": page.call,
        "with_words": with_words,
        "is_engineer": user.has_perm("telephony.view_callevent"),
        "mend": links([page.refusal.row], user).get(page.refusal.row)
        if page.refusal and page.refusal.row
        else None,
    }
    if "part" in request.GET:
        return render(request, "monitoring/_call.html", context)
    context |= {**admin.site.each_context(request), "title": _("Call")}
    return render(request, "monitoring/call.html", context)


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
