"""What the home page tells of today: how many called and when, who was lost, how fast we were."""

from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.models import Turn
from monitoring import course, report_reading
from monitoring.report import Figures, Part, Period, share
from monitoring.report_words import Fact, number, waited
from monitoring.words import seconds
from telephony.models import Call
from veyra.models import User

# The page fetches itself every few seconds, in each browser that has it open.
KEPT_SECONDS = 15
SHOWN_NUMBERS = 5
ORDER = (
    Call.Outcome.ANSWERED,
    Call.Outcome.ABANDONED,
    Call.Outcome.NO_AGENT,
    Call.Outcome.FAILED,
    Call.Outcome.REJECTED,
    Call.Outcome.CLOSED,
)


@dataclass(frozen=True, kw_only=True)
class Today:
    """`delays`: how often a caller waited how long for the assistant's words, by milliseconds."""

    figures: Figures
    numbers: tuple[Part, ...]
    delays: dict[int, int]


def read(day: date, zone: tzinfo, user: User) -> Today:
    """Eight queries, now and then."""
    period = Period(day, day)
    start, end = period.bounds(zone)
    return Today(
        figures=report_reading.figures(period, zone, user),
        numbers=report_reading.numbers(period, zone, user)[:SHOWN_NUMBERS],
        delays=Turn.objects.visible_to(user).delays(start, end),
    )


def known(user: User) -> Today:
    """As it was a few seconds ago at most. Two people may not see the same."""
    zone, day = timezone.get_current_timezone(), timezone.localdate()
    name = f"today:{user.pk}:{day}:{getattr(zone, 'key', zone)}"
    found: Today | None = cache.get(name)
    if found is None:
        found = read(day, zone, user)
        cache.set(name, found, KEPT_SECONDS)
    return found


def told(user: User) -> dict[str, Any]:
    """For the page; `today` is None while nobody has called."""
    found = known(user)
    if not found.figures.calls:
        return {"today": None}
    labels = dict(Call.Outcome.choices)
    shown = [outcome for outcome in ORDER if found.figures.outcomes[outcome]]
    return {
        "today": found,
        "today_facts": facts(found),
        "today_columns": course.columns(found.figures.hours, shown),
        "today_legend": [(outcome, labels[outcome]) for outcome in shown],
        "today_chart": {
            "width": course.WIDTH,
            "height": course.HEIGHT,
            "bar": course.FILL,
            "words": course.HEIGHT + 17,
            "foot": course.HEIGHT + 22,
        },
    }


def facts(today: Today) -> list[Fact]:
    figures = today.figures
    return [
        Fact(label=_("Calls"), value=number(figures.calls)),
        _part(_("Answered calls"), figures.answered, figures.calls),
        _part(_("Lost calls"), figures.lost, figures.calls),
        *(
            [_part(_("Closed at the time"), figures.closed, figures.calls)]
            if figures.closed
            else []
        ),
        Fact(
            label=_("Wait for an answer"),
            value=waited(figures.waited),
            note=_("95 of 100 no longer than %(time)s") % {"time": waited(figures.waited_most)}
            if figures.waited_most is not None
            else "",
        ),
        _delay(today.delays),
    ]


def _part(label: str, count: int, whole: int) -> Fact:
    note = _("%(share)s%% of all calls") % {"share": share(count, whole)}
    return Fact(label=label, value=number(count), note=note)


def _delay(delays: dict[int, int]) -> Fact:
    half, most = course.at(delays, 0.5), course.at(delays, 0.95)
    if half is None or most is None:
        return Fact(label=_("The assistant answers in"), value="—")
    return Fact(
        label=_("The assistant answers in"),
        value=_("%(seconds)s s") % {"seconds": seconds(half)},
        note=_("95 of 100 answers in %(seconds)s s") % {"seconds": seconds(most)},
    )
