"""The report page."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import report, report_reading, report_words
from monitoring.mailing import SENDS
from monitoring.report import LONGEST, Period, Report
from veyra.doors import staff_page
from veyra.models import User

USUAL = timedelta(days=6)
# The calendar of the computer ends somewhere; these years and those beside them are in it.
CENTURY = range(2000, 2100)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PeriodForm(forms.Form):
    """The first and the last day of a report."""

    first = _day(gettext_lazy("First day"))
    last = _day(gettext_lazy("Last day"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if any(day and day.year not in CENTURY for day in (first, last)):
            self.add_error("first", _("Choose a day of this century."))
        elif first and last and last < first:
            self.add_error("last", _("The last day is before the first one."))
        elif first and last and last - first >= LONGEST:
            self.add_error("last", _("A report is of a year at most."))
        return cleaned


@staff_page("telephony.view_call")
def page(request: HttpRequest, user: User) -> HttpResponse:
    """?first=…&last=…, days in the reader's time zone; without them the last seven days."""
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    usual = {"first": today - USUAL, "last": today}
    is_asked = "first" in request.GET or "last" in request.GET
    form = PeriodForm(request.GET if is_asked else None, initial=usual)
    context = {
        **admin.site.each_context(request),
        "title": _("Report"),
        "form": form,
        "presets": report.presets(today),
        "may_send": user.has_perms(SENDS),
        "zone": getattr(zone, "key", str(zone)),
    }
    if is_asked and not form.is_valid():
        return render(request, "monitoring/report.html", context, status=400)
    period = Period(**form.cleaned_data) if is_asked else Period(**usual)
    found = report_reading.read(period, zone, user)
    return render(request, "monitoring/report.html", context | _told(found, today))


def _told(found: Report, today: date) -> dict[str, Any]:
    return {
        "report": found,
        "goes_on": found.period.last >= today,
        "facts": report_words.facts(found),
        "bars": report.bars(found.period, found.now.hours),
        "chart": {
            "width": report.WIDTH,
            "height": report.HEIGHT,
            "words": report.HEIGHT + 18,
            "foot": report.HEIGHT + 24,
        },
        "busy": report.busy(found.now.hours),
        "lost": report_words.lost(found.now),
    }
