"""The page that says which calls had to be recorded, and which are."""

import csv
from collections import Counter
from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from monitoring.report_views import CENTURY
from monitoring.table import as_csv
from recordings import guarantee
from recordings.guarantee import Line, Result
from recordings.models import GuaranteeDay
from veyra.doors import staff_page
from veyra.models import User

RIGHTS = ("telephony.view_call", "recordings.view_recording")
# So many days stand beside the one that is shown, and so many of its calls on a page.
DAYS, SHOWN = 14, 500


@staff_page(*RIGHTS)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """?day=YYYY-MM-DD, in the line's time zone; without it today. ?form=csv: as a file."""
    today = guarantee.today()
    day = _day(request.GET.get("day", ""), today)
    if day is None:
        return render(request, "monitoring/guarantee.html", _context(request, today), status=400)
    if request.GET.get("form") == "csv":
        return _file(day, user)
    found = list(guarantee.lines(day, user))
    counts = Counter(line.result for line in found)
    context = _context(request, day) | {
        "lines": guarantee.in_order(found)[:SHOWN],
        "more": max(0, len(found) - SHOWN),
        "due": len(found),
        "whole": counts[Result.WHOLE],
        "lacking": counts[Result.MISSING] + counts[Result.FLAWED],
        "open": counts[Result.OPEN],
        "days": GuaranteeDay.objects.visible_to(user).up_to(today, DAYS),
    }
    return render(request, "monitoring/guarantee.html", context)


def _day(text: str, today: date) -> date | None:
    """None: it is no day that calls can be of."""
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        return None
    return day if day.year in CENTURY else None


def _context(request: HttpRequest, day: date) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Is everything recorded?"),
        "day": day,
        "zone": timezone.get_default_timezone_name(),
        "results": Result,
    }


def _file(day: date, user: User) -> HttpResponse:
    """Every call of it, without who called."""
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="recordings-{day.isoformat()}.csv"'
    out = csv.writer(answer, delimiter=";" if get_language() == "ru" else ",")
    heads = (
        *(_("Call"), _("Began"), _("Number"), _("Assistant"), _("What holds"), _("Result")),
        *(_("Why"), _("Talk, s"), _("Recording, s")),
    )
    out.writerow(heads)
    for line in guarantee.lines(day, user):
        out.writerow([as_csv(cell) for cell in _cells(line)])
    return answer


def _cells(line: Line) -> list[Any]:
    row, call = line.recording, line.recording.call
    began = timezone.localtime(call.started_at) if call else None
    return [
        str(row.call_id),
        began,
        call.to_number if call else "",
        call.agent.name if call and call.agent else "",
        row.get_policy_display(),
        str(line.result.label),
        " ".join(map(str, line.why)),
        None if line.talk is None else round(line.talk.total_seconds()),
        None if row.seconds is None else round(row.seconds),
    ]
