"""Is it open at a moment, and until when? Pure.

Hours are meant by the clock of a place, so each stretch is turned into two moments: a day on which
that clock is moved has an hour more or less, and nothing here counts hours.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from agentworker.hours.week import Stretch, Week, by_day

# Whoever is closed for longer than all of this is told without "until".
AHEAD = timedelta(days=45)
# Of a closure's end no further ahead than this is looked at.
FARTHEST = timedelta(days=400)
# Most is known within so long, and the rest is not looked at.
LOOK = timedelta(days=3)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Timetable:
    """When a place is open. `days_off`: days on which it is not, by their names; `exceptions`: days
    with hours of their own, or with none, which go before both. `days_on`: days of a weekend that
    are worked: a place that is closed then has the hours of the last day before that it works.
    """

    zone: ZoneInfo
    week: Week
    exceptions: Mapping[date, tuple[Stretch, ...]] = field(default_factory=dict, hash=False)
    days_off: Mapping[date, str] = field(default_factory=dict, hash=False)
    days_on: Collection[date] = ()

    @cached_property
    def _by_day(self) -> Mapping[str, tuple[Stretch, ...]]:
        return by_day(self.week)

    def stretches(self, day: date) -> tuple[Stretch, ...]:
        """Those that begin on this day."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.days_off:
            return ()
        usual = self._by_day[str(day.isoweekday())]
        return usual if usual or day not in self.days_on else self.worked_on(day)

    def worked_on(self, day: date) -> tuple[Stretch, ...]:
        """By the hours of the last weekday before that has any."""
        before = (self._by_day[str((day - DAY * n).isoweekday())] for n in range(1, 7))
        return next(filter(None, before), ())

    def shifts(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The same as moments, in UTC."""
        for begins, ends in self.stretches(day):
            last = day if begins < ends else day + DAY
            yield (
                datetime.combine(day, begins, self.zone).astimezone(UTC),
                datetime.combine(last, ends, self.zone).astimezone(UTC),
            )

    def is_open(self, moment: datetime) -> bool:
        today = moment.astimezone(self.zone).date()
        return any(
            begins <= moment < ends
            for day in (today - DAY, today)
            for begins, ends in self.shifts(day)
        )


@dataclass(frozen=True)
class Shut:
    """A closure. `until` None: until somebody opens. `pk` is the row's."""

    pk: int
    begins: datetime
    until: datetime | None

    def covers(self, moment: datetime) -> bool:
        return self.begins <= moment and (self.until is None or moment < self.until)


class Why(StrEnum):
    CLOSURE = "closure"
    EXCEPTION = "exception"
    HOLIDAY = "holiday"
    HOURS = "hours"


@dataclass(frozen=True)
class Open:
    """`until` None: as far ahead as anybody looks."""

    until: datetime | None = None


@dataclass(frozen=True)
class Closed:
    """`until` None: nobody knows. `closure`: the pk of the closure that is to blame; `table`: else
    the place of the timetable among those asked; `name`: of the holiday.
    """

    until: datetime | None
    why: Why
    closure: int | None = None
    table: int = 0
    name: str = ""


State = Open | Closed


def state(moment: datetime, tables: Sequence[Timetable], closures: Sequence[Shut] = ()) -> State:
    """Open where every timetable says so and no closure covers the moment. No timetable: always."""
    now = _state_now(moment, tables, closures)
    until = next(
        (
            each
            for each in _changes(moment, tables, closures)
            if isinstance(_state_now(each, tables, closures), Open) != isinstance(now, Open)
        ),
        None,
    )
    if isinstance(now, Open):
        return Open(until)
    return Closed(until, now.why, now.closure, now.table, now.name)


def _state_now(
    moment: datetime, tables: Sequence[Timetable], closures: Sequence[Shut]
) -> Open | Closed:
    covering = [each for each in closures if each.covers(moment)]
    if covering:
        # The one that lasts longest is the one to tell of.
        last = max(covering, key=lambda each: (each.until is None, each.until or each.begins))
        return Closed(None, Why.CLOSURE, closure=last.pk)
    for place, table in enumerate(tables):
        if not table.is_open(moment):
            return _closed_by(table, moment, place)
    return Open()


def _closed_by(table: Timetable, moment: datetime, place: int) -> Closed:
    day = moment.astimezone(table.zone).date()
    if day in table.exceptions:
        return Closed(None, Why.EXCEPTION, table=place)
    if day in table.days_off:
        return Closed(None, Why.HOLIDAY, table=place, name=table.days_off[day])
    return Closed(None, Why.HOURS, table=place)


def _changes(
    moment: datetime, tables: Sequence[Timetable], closures: Sequence[Shut]
) -> Iterator[datetime]:
    """The moments after this one at which anything may change, in order."""
    ends = [each.until for each in closures if each.until]
    bounds = sorted({*ends, *(each.begins for each in closures)})
    last = min(max([moment, *ends]) + AHEAD, moment + FARTHEST)
    since = moment
    while since < last:
        until = min(since + LOOK, last)
        found = {each for each in bounds if since < each <= until}
        found.update(each for table in tables for each in _bounds(table, since, until))
        yield from sorted(found)
        since = until


def _bounds(table: Timetable, since: datetime, until: datetime) -> Iterator[datetime]:
    """Where shifts begin or end, after `since` and up to `until`."""
    day = since.astimezone(table.zone).date() - DAY
    last = until.astimezone(table.zone).date()
    while day <= last:
        yield from (each for shift in table.shifts(day) for each in shift if since < each <= until)
        day += DAY
