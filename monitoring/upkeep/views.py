"""Maintenance: what was done when, what came of it, and a button that does it now."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring.upkeep import backup, working
from monitoring.upkeep.job import Job, Period
from monitoring.upkeep.jobs import JOBS
from monitoring.upkeep.models import Backup, JobRun
from veyra.doors import staff_page
from veyra.models import User

SEES, RUNS = "monitoring.view_jobrun", "monitoring.add_jobrun"
SEES_BACKUPS = "monitoring.view_backup"
# Backups, and runs of one job, on a page.
SHOWN = 20


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """All jobs, and the backups; with ?part=1 only what changes."""
    now = timezone.now()
    rows = JobRun.objects.visible_to(user)
    begun, ended = rows.latest_of_each(), rows.last_ended_of_each()
    lines = [_line(job, begun.get(job.name), ended.get(job.name), now) for job in JOBS.values()]
    sees_backups = user.has_perm(SEES_BACKUPS)
    context = {
        "groups": [
            (period.label, [line for line in lines if line["job"].period == period])
            for period in Period
        ],
        "may_run": user.has_perm(RUNS),
        "backups": list(Backup.objects.visible_to(user).shown()[:SHOWN]) if sees_backups else [],
        "sees_backups": sees_backups,
        "far": backup.far(),
    }
    if "part" in request.GET:
        return render(request, "monitoring/upkeep/_jobs.html", context)
    context |= {**admin.site.each_context(request), "title": _("Maintenance")}
    return render(request, "monitoring/upkeep/page.html", context)


def _line(job: Job, begun: JobRun | None, ended: JobRun | None, now: datetime) -> dict[str, Any]:
    """`goes`: it waits for a worker, or is being done."""
    goes = begun if begun and begun.finished_at is None else None
    return {"job": job, "goes": goes, "last": ended, "next": working.next_time(job, now)}


@staff_page(SEES)
def job(request: HttpRequest, user: User, name: str) -> HttpResponse:
    found = _found(name)
    rows = JobRun.objects.visible_to(user).of(name)
    context = {
        **admin.site.each_context(request),
        "title": found.title,
        "job": found,
        "runs": list(rows.newest()[:SHOWN]),
        "next": working.next_time(found, timezone.now()),
        "sees_details": not found.sees or user.has_perm(found.sees),
        "may_run": user.has_perm(RUNS),
    }
    return render(request, "monitoring/upkeep/job.html", context)


@require_POST
@staff_page(SEES, RUNS)
def run(request: HttpRequest, user: User, name: str) -> HttpResponse:
    working.ask(_found(name).name, user)
    messages.success(request, _("It is done as soon as the worker for long work is free."))
    return redirect("maintenance")


def _found(name: str) -> Job:
    if name not in JOBS:
        raise Http404
    return JOBS[name]
