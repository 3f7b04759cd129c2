"""The pages of incidents: the list, one of them, and its report."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.documents import help as documents
from monitoring.incidents import story
from monitoring.incidents.forms import AssignForm, CommentForm, SnoozeForm
from monitoring.incidents.models import Incident, Severity, Silence
from monitoring.incidents.rulebook import RULES
from monitoring.incidents.runbook import runbook
from veyra.doors import staff_page
from veyra.models import User

SEES = "monitoring.view_incident"
# Of those that are over, on one page.
SHOWN = 30


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """Open ones, then those that are over; ?severity=, ?rule=, ?page=; ?part=1: only the lists."""
    now = timezone.now()
    rows = _wanted(request, user)
    over = Paginator(rows.resolved().shown().newest(), SHOWN)
    open_now = rows.unresolved().roots().shown().worst_first()
    on_page = over.get_page(request.GET.get("page"))
    context = {
        "now": now,
        "open": [_line(row, now) for row in open_now],
        "over": [_line(row, now) for row in on_page],
        "pages": on_page,
        "silence": Silence.objects.visible_to(user).in_force(now).first(),
        "severities": Severity.choices,
        "severity": request.GET.get("severity", ""),
        "rules": sorted(((rule.slug, str(rule.title)) for rule in RULES), key=lambda r: r[1]),
        "rule": request.GET.get("rule", ""),
    }
    if "part" in request.GET:
        return render(request, "monitoring/incidents/_list.html", context)
    context |= {**admin.site.each_context(request), "title": _("Incidents")}
    return render(request, "monitoring/incidents/list.html", context)


def _wanted(request: HttpRequest, user: User) -> Any:
    rows = Incident.objects.visible_to(user).with_hits()
    if (severity := request.GET.get("severity", "")) in {str(value) for value in Severity.values}:
        rows = rows.of_severity(int(severity))
    if rule := request.GET.get("rule", ""):
        rows = rows.of_rule(rule)
    return rows


def _line(row: Incident, now: datetime) -> dict[str, Any]:
    return {"incident": row, "title": story.title_of(row), "lasted": story.lasted(row, now)}


@staff_page(SEES)
def incident(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    """The story; with ?part=1 only what changes while it goes on."""
    now = timezone.now()
    row = get_object_or_404(Incident.objects.visible_to(user).shown(), pk=pk)
    told = story.tell(row, user)
    context: dict[str, Any] = {
        "story": told,
        "incident": row,
        "lasted": story.lasted(row, now),
        "root": row.part_of,
        "root_title": story.title_of(row.part_of) if row.part_of else "",
        "follows": [_line(each, now) for each in told.consequences],
        "sees_calls": user.has_perm("telephony.view_call"),
        "may_put_down": user.has_perm("telephony.change_callback"),
        "now": now,
    }
    if "part" in request.GET:
        return render(request, "monitoring/incidents/_story.html", context)
    context |= {
        **admin.site.each_context(request),
        "title": told.title,
        "help_here": documents.of_trouble(row.rule),
        "book": runbook(row, user, now),
        "comment": CommentForm(),
        "snooze": SnoozeForm(),
        "assign": AssignForm(initial={"to": row.assigned_to}),
    }
    return render(request, "monitoring/incidents/incident.html", context)


@staff_page(SEES)
def report(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    """For the boss: what it was, whom it hit and what was done, on one sheet of paper."""
    row = get_object_or_404(Incident.objects.visible_to(user).shown(), pk=pk)
    told, now = story.tell(row, user), timezone.now()
    context = {
        **admin.site.each_context(request),
        "title": _("Report about an incident"),
        "story": told,
        "incident": row,
        "lasted": story.lasted(row, now),
        "follows": [_line(each, now) for each in told.consequences],
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "monitoring/incidents/report.html", context)
