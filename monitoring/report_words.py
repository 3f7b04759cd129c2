"""A report's figures in words, each beside what it was in the period before."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from monitoring.report import ANSWERED, CLOSED, Figures, Report, change, share
from monitoring.words import spell
from telephony.models import Call


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`before`: the same in the period before; "" where nobody called then. `trend`: "+12 %"."""

    label: str
    value: str
    note: str = ""
    before: str = ""
    trend: str = ""


def facts(report: Report) -> list[Fact]:
    now, before = report.now, report.before
    return [
        Fact(
            label=_("Calls"),
            value=number(now.calls),
            before=number(before.calls) if before.calls else "",
            trend=_trend(now.calls, before.calls),
        ),
        _part(_("Answered calls"), now.answered, before.answered, report),
        _part(_("Lost calls"), now.lost, before.lost, report),
        *(
            [_part(_("Closed at the time"), now.closed, before.closed, report)]
            if now.closed or before.closed
            else []
        ),
        Fact(
            label=_("Wait for an answer"),
            value=waited(now.waited),
            note=_("half of the callers waited no longer; 95 of 100 no longer than %(time)s")
            % {"time": waited(now.waited_most)}
            if now.waited_most is not None
            else "",
            before=waited(before.waited) if before.waited is not None else "",
        ),
        Fact(
            label=_("Talked"),
            value=_long(now.talked),
            before=_long(before.talked) if before.calls else "",
            trend=_trend(now.talked.total_seconds(), before.talked.total_seconds()),
        ),
    ]


def _part(label: str, now: int, before: int, report: Report) -> Fact:
    of_all, was = share(now, report.now.calls), share(before, report.before.calls)
    return Fact(
        label=label,
        value=number(now),
        note=_("%(share)s%% of all calls") % {"share": of_all} if report.now.calls else "",
        before=_("%(count)s (%(share)s%%)") % {"count": number(before), "share": was}
        if report.before.calls
        else "",
        trend=_trend(now, before),
    )


def lost(figures: Figures) -> list[tuple[str, int, int]]:
    """(how, calls, percent of all that were lost), the most frequent first."""
    labels = dict(Call.Outcome.choices)
    found = [
        (how, count)
        for how, count in figures.outcomes.most_common()
        if how not in (ANSWERED, CLOSED)
    ]
    return [
        (str(labels.get(how, _("unknown"))), count, share(count, figures.lost))
        for how, count in found
    ]


def number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def _trend(now: float, before: float) -> str:
    """Signed, with the minus of numbers; "" where there is nothing to compare with."""
    found = change(now, before)
    if found is None:
        return ""
    sign = "+" if found > 0 else "−" if found < 0 else "±"
    return _("%(sign)s%(percent)s%%") % {"sign": sign, "percent": number(abs(found))}


def waited(length: timedelta | None) -> str:
    """Short waits to a tenth of a second."""
    if length is None:
        return "—"
    seconds = length.total_seconds()
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": number_format(seconds, 1)}
    return spell(length)


def _long(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    values = {"hours": number(minutes // 60), "minutes": f"{minutes % 60:02}"}
    return _("%(hours)s h %(minutes)s min") % values
