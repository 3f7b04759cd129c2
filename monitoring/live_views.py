"""The board's page, and its rows for a page whose socket is away."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from monitoring import board, needs
from monitoring.board import Viewer
from monitoring.phases import PHASE_WORDS, Phase
from telephony.models import PhoneNumber
from veyra.doors import staff_page
from veyra.models import User

FRAMES = {False: "admin/base_site.html", True: "monitoring/wall.html"}


@staff_page("telephony.view_call")
def live(request: HttpRequest, user: User) -> HttpResponse:
    """The board; with ?wall for a screen on the wall. Filters of the address are the page's own."""
    on_wall = board.is_wall(request.GET)
    viewer = Viewer.of(user, on_wall=on_wall)
    context = {
        **admin.site.each_context(request),
        # The strip tells whether anybody can speak to callers.
        "tells_itself": True,
        "title": _("Now"),
        "frame": FRAMES[on_wall],
        "on_wall": on_wall,
        "rows": [board.render(row, viewer) for row in board.read() if viewer.sees(row)],
        "needs": mark_safe(needs.render(needs.read(), viewer)),  # noqa: S308  # our template's own
        "phases": [(phase, word) for phase, word in PHASE_WORDS.items() if phase != Phase.ENDED],
        "has_numbers": PhoneNumber.objects.visible_to(user).kept().exists(),
    }
    return render(request, "monitoring/live.html", context)


@staff_page("telephony.view_call")
def live_rows(request: HttpRequest, user: User) -> HttpResponse:
    """The whole board as a message."""
    viewer = Viewer.of(user, on_wall=board.is_wall(request.GET))
    rows = [(row, board.render(row, viewer)) for row in board.read() if viewer.sees(row)]
    strip = needs.render(needs.read(), viewer)
    text = board.message(rows, full=True, needs=strip)
    return HttpResponse(text, content_type="application/json")
