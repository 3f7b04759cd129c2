"""The health page, and the page of each check."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitoring.documents import help as documents
from monitoring.health import every, reliability
from monitoring.health import page as shown
from monitoring.health.base import Check
from monitoring.health.forms import LimitsForm
from monitoring.health.reading import overall
from monitoring.health.words import in_one_sentence
from monitoring.incidents.models import Incident
from monitoring.incidents.runbooks import RUNBOOKS, USUAL
from monitoring.recovery.services import TooOftenError, carry_out
from monitoring.recovery.steps import STEPS
from veyra.doors import staff_page
from veyra.look import link
from veyra.models import User

SEES, CHANGES = "monitoring.view_healthcheck", "monitoring.change_healthcheck"
AGAIN = "check_again"
SPANS = (
    ("day", gettext_lazy("24 hours")),
    ("week", gettext_lazy("7 days")),
    ("quarter", gettext_lazy("90 days")),
)
# Incidents of a check, on its page.
SHOWN = 10


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """The chain, and what stands beside it; ?part=1: only that, without the frame."""
    now = timezone.now()
    groups = shown.groups(now)
    findings = [line.finding for group in groups.values() for line in group.lines]
    chain = [groups[each] for each in shown.CHAIN if each in groups]
    beside = [groups[each] for each in shown.BESIDE if each in groups]
    context: dict[str, Any] = {
        "chain": chain,
        "beside": beside,
        "all": (chain, beside),
        "sentence": in_one_sentence(findings),
        "tone": shown.tone(overall(findings)),
        "reliability": reliability.read(user, now) if user.has_perm("telephony.view_call") else "",
        "now": now,
    }
    if "part" in request.GET:
        return render(request, "monitoring/health/_line.html", context)
    context |= {**admin.site.each_context(request), "title": _("How the line is")}
    return render(request, "monitoring/health/page.html", context)


@staff_page(SEES)
def check(request: HttpRequest, user: User, name: str) -> HttpResponse:
    """Its history and what to do; ?span=day, week or quarter."""
    found = _find(name)
    form = LimitsForm(found, shown.settings_of(found))
    return _page(request, user, found, form)


@require_POST
@staff_page(SEES, CHANGES)
def limits(request: HttpRequest, user: User, name: str) -> HttpResponse:
    found = _find(name)
    form = LimitsForm(found, shown.settings_of(found), request.POST)
    if not form.is_valid():
        return _page(request, user, found, form, status=400)
    row = shown.set_limits(found, form.cleaned_data, timezone.now())
    LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message="")
    messages.success(request, _("Saved. It holds from the next look on."))
    return redirect("health-check", name)


@require_POST
@staff_page(SEES, STEPS[AGAIN].permission)
def again(request: HttpRequest, user: User, name: str) -> HttpResponse:
    """Look at it now."""
    found = _find(name)
    try:
        row = carry_out(AGAIN, found.name, by=user)
    except TooOftenError as error:
        messages.error(request, str(error.sentence))
    else:
        say = messages.success if row.ok else messages.warning
        say(request, str(row.says))
    return redirect("health-check", name)


def _find(name: str) -> type[Check]:
    try:
        return every.find(name)
    except KeyError as error:
        raise Http404 from error


def _page(
    request: HttpRequest, user: User, found: type[Check], form: LimitsForm, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    span = request.GET.get("span", "")
    span = span if span in shown.SPANS else "day"
    advice = RUNBOOKS.get(found.name, USUAL)
    (finding,) = shown.found([found.name], now)
    sees_incidents = user.has_perm("monitoring.view_incident")
    incidents = Incident.objects.visible_to(user).of_rule(found.name).newest()
    context = {
        **admin.site.each_context(request),
        "title": found.title,
        "help_here": documents.of_trouble(found.name),
        "check": found,
        "line": shown.Line(found, finding, ()),
        "history": shown.history(found.name, shown.SPANS[span], now),
        "span": span,
        "spans": SPANS,
        "start": now - shown.SPANS[span],
        "incidents": list(incidents[:SHOWN]) if sees_incidents else [],
        "advice": advice,
        "pages": [
            (link(name), title)
            for name, title, right in advice.pages
            if user.has_perms(right.split())
        ],
        "form": form if found.limits and user.has_perm(CHANGES) else None,
        "may_look": user.has_perm(STEPS[AGAIN].permission),
    }
    return render(request, "monitoring/health/check.html", context, status=status)
