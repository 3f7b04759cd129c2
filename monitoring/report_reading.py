"""The figures of a report, counted by the database."""

from collections.abc import Callable
from datetime import timedelta, tzinfo
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncHour

from monitoring.report import ANSWERED, CLOSED, Figures, Hour, Part, Period, Report
from telephony.models import Call
from telephony.numbers import pretty
from telephony.reasons import AS_CHOSEN, BY_PEOPLE, Reason
from veyra.models import User

SHOWN = 10
_WAITED = ExpressionWrapper(F("answered_at") - F("started_at"), output_field=DurationField())
_TALKED = ExpressionWrapper(F("ended_at") - F("answered_at"), output_field=DurationField())


def figures(period: Period, zone: tzinfo, user: User) -> Figures:
    """Five queries."""
    return _figures(_calls(period, zone, user), zone)


def numbers(period: Period, zone: tzinfo, user: User) -> tuple[Part, ...]:
    """The busiest first."""
    return _numbers(_calls(period, zone, user))


def read(period: Period, zone: tzinfo, user: User) -> Report:
    """What `user` may see of it, its hours as they are in `zone`; eleven queries at most."""
    calls = _calls(period, zone, user)
    return Report(
        period=period,
        now=_figures(calls, zone),
        before=_figures(_calls(period.before, zone, user), zone),
        numbers=_numbers(calls),
        agents=_parts(_of_assistants(calls), F("agent__name"), str),
        has_demo=calls.filter(is_demo=True).exists(),
    )


def _calls(period: Period, zone: tzinfo, user: User) -> QuerySet[Call]:
    """Calls from outside that are over. Neither those that staff placed to test the line count, nor
    those of callers whom somebody blocked.
    """
    start, end = period.bounds(zone)
    incoming = Call.objects.visible_to(user).ended().filter(direction=Call.Direction.INBOUND)
    meant = incoming.exclude(reason=Reason.BLOCKED).filter(is_test=False)
    return meant.filter(started_at__gte=start, started_at__lt=end).order_by()


def _figures(calls: QuerySet[Call], zone: tzinfo) -> Figures:
    hours = calls.annotate(hour=TruncHour("started_at", tzinfo=zone)).values("hour", "outcome")
    counted = hours.annotate(count=Count("pk")).order_by("hour", "outcome")
    answered = calls.filter(outcome=ANSWERED, answered_at__isnull=False)
    talked = answered.aggregate(talked=Sum(_TALKED))["talked"]
    waited = answered.annotate(waited=_WAITED).order_by("waited").values_list("waited", flat=True)
    count = answered.count()
    return Figures(
        hours=tuple(Hour(row["hour"], row["outcome"], row["count"]) for row in counted),
        waited=_at(waited, count, 0.5),
        waited_most=_at(waited, count, 0.95),
        talked=talked or timedelta(),
    )


def _of_assistants(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Without those that their assistant was not to take at that hour, or for that money."""
    return calls.exclude(agent=None).exclude(reason__in=AS_CHOSEN | BY_PEOPLE)


def _at(waited: Any, count: int, part: float) -> timedelta | None:
    """What this part of the callers waited at most."""
    if not count:
        return None
    place = min(count - 1, int(count * part))
    found: timedelta = waited[place]
    return max(timedelta(), found)


def _numbers(calls: QuerySet[Call]) -> tuple[Part, ...]:
    return _parts(calls, Coalesce("number__number", "to_number"), pretty)


def _parts(
    calls: QuerySet[Call], name: Combinable, written: Callable[[str], str]
) -> tuple[Part, ...]:
    """By number or assistant, the busiest first."""
    rows = calls.annotate(part=name).values("part")
    counted = rows.annotate(
        calls=Count("pk"),
        answered=Count("pk", filter=Q(outcome=ANSWERED)),
        closed=Count("pk", filter=Q(outcome=CLOSED)),
    )
    return tuple(
        Part(
            name=written(row["part"]),
            calls=row["calls"],
            answered=row["answered"],
            closed=row["closed"],
        )
        for row in counted.order_by("-calls", "part")[:SHOWN]
    )
