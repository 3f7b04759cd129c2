"""Opening hours and closures: what is open, the hours of each place, "Close…" and "open now"."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.hours.models import Announcement
from agentworker.models import Closure, Place
from telephony import opening, opening_shown
from telephony.hours_forms import ClosureForm, PlaceForm
from veyra.doors import staff_page
from veyra.models import User

SEES, CHANGES = "agentworker.view_place", "agentworker.change_place"
CLOSES = "agentworker.add_closure"


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """All places, how each stands, and what is closed by hand."""
    now = timezone.now()
    context = {
        **admin.site.each_context(request),
        "title": _("Opening hours"),
        "places": opening_shown.places(user, now),
        "closures": opening_shown.closures(user, now),
        "without": opening_shown.without_hours(user),
    }
    return render(request, "telephony/hours.html", context)


@staff_page(CHANGES)
def add(request: HttpRequest, user: User) -> HttpResponse:
    """?number= and ?agent= (ids) are ticked already."""
    ticked = {"numbers": request.GET.getlist("number"), "agents": request.GET.getlist("agent")}
    return _edit(request, user, Place(), ticked)


@staff_page(SEES)
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    place = get_object_or_404(Place.objects.visible_to(user).kept(), pk=pk)
    return _edit(request, user, place, {})


def _edit(request: HttpRequest, user: User, place: Place, initial: dict[str, Any]) -> HttpResponse:
    may, now = user.has_perm(CHANGES), timezone.now()
    sent = request.method == "POST" and may
    data = (request.POST, request.FILES) if sent else ()
    form = PlaceForm(*data, place=place, user=user, initial=initial)
    if sent and form.is_valid():
        saved = form.save(now)
        messages.success(request, _("The hours of “%(name)s” hold from now on.") % {"name": saved})
        return redirect(_back(request, "hours"))
    context = {
        **admin.site.each_context(request),
        "title": place.name or _("New opening hours"),
        "form": form,
        "place": place,
        "may": may,
        "next": _back(request, ""),
        "holidays": opening_shown.next_days_off(place, now),
        "now": now,
    }
    return render(request, "telephony/hours_one.html", context, status=400 if form.errors else 200)


@require_POST
@staff_page(CHANGES)
def put_away(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    place = get_object_or_404(Place.objects.visible_to(user).kept(), pk=pk)
    opening.put_away(place)
    told = _("“%(name)s” is put away: its numbers are answered at any hour.")
    messages.success(request, told % {"name": place.name})
    return redirect("hours")


@staff_page(CLOSES)
def close(request: HttpRequest, user: User) -> HttpResponse:
    """?what= is chosen already."""
    now = timezone.now()
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    chosen = {"what": request.GET.get("what", "")}
    form = ClosureForm(*data, user=user, now=now, initial=chosen)
    if request.method == "POST" and form.is_valid():
        opening.close(form.closure(), user)
        messages.success(request, _("Closed. Whoever calls now hears your message."))
        return redirect(_back(request, "hours"))
    context = {
        **admin.site.each_context(request),
        "title": _("Close…"),
        "form": form,
        "next": _back(request, ""),
        "clocks": opening_shown.clocks(form.targets, now),
    }
    status = 400 if form.errors else 200
    return render(request, "telephony/hours_close.html", context, status=status)


@require_POST
@staff_page(CLOSES)
def open_now(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    closure = get_object_or_404(Closure.objects.changeable_by(user), pk=pk)
    if opening.open_now(closure, user):
        messages.success(request, _("Open again: the next call is answered by the hours."))
    return redirect(_back(request, "hours"))


@staff_page(SEES)
def sound(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """A message that somebody recorded, to be heard."""
    kept = get_object_or_404(Announcement.objects.visible_to(user), pk=pk)
    answer = HttpResponse(bytes(kept.wav), content_type="audio/wav")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _back(request: HttpRequest, usual: str) -> str:
    """The page that the person came from."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if safe else usual
