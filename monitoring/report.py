"""What a report says of a period: how many called, who was lost, how long they waited. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=366)
DAY = timedelta(days=1)
ANSWERED, CLOSED = "answered", "closed"
# How busy an hour is, from 1 to this; 0 for an hour without calls.
SHADES = 5
# The chart, in its own units; whole numbers, which no language writes with a comma.
WIDTH, HEIGHT = 960, 160
FILL = 0.7
LABELS = 8


@dataclass(frozen=True)
class Period:
    """Days, from the `first` to the `last`, both of them in it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days, up to the first one."""
        return Period(self.first - DAY * self.days, self.first - DAY)

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From its first moment to the first one after it, where people of this zone are."""
        start = datetime.combine(self.first, time.min, zone)
        return start, datetime.combine(self.last + DAY, time.min, zone)

    @property
    def each(self) -> list[date]:
        return [self.first + DAY * n for n in range(self.days)]


def presets(today: date) -> list[tuple[str | Promise, Period]]:
    """The periods that people ask for."""
    month = today.replace(day=1)
    last_month = month - DAY
    monday = today - DAY * today.weekday()
    return [
        (_("Today"), Period(today, today)),
        (_("Yesterday"), Period(today - DAY, today - DAY)),
        (_("This week"), Period(monday, today)),
        (_("Last week"), Period(monday - DAY * 7, monday - DAY)),
        (_("This month"), Period(month, today)),
        (_("Last month"), Period(last_month.replace(day=1), last_month)),
    ]


@dataclass(frozen=True)
class Hour:
    """`count` calls that began in one hour and ended in the same way."""

    at: datetime
    outcome: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one period. `waited`: what half of the answered callers waited at most, and what 95 of a
    hundred did; None where nobody was answered.
    """

    hours: tuple[Hour, ...] = ()
    waited: timedelta | None = None
    waited_most: timedelta | None = None
    talked: timedelta = timedelta()

    @cached_property
    def outcomes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for hour in self.hours:
            found[hour.outcome] += hour.count
        return found

    @property
    def calls(self) -> int:
        return self.outcomes.total()

    @property
    def answered(self) -> int:
        return self.outcomes[ANSWERED]

    @property
    def closed(self) -> int:
        """Callers who were told that it is closed."""
        return self.outcomes[CLOSED]

    @property
    def lost(self) -> int:
        return self.calls - self.answered - self.closed


def share(part: int, whole: int) -> int:
    """In percent; of nothing 0. Some is never told as none, nor not all as all."""
    if not whole:
        return 0
    rounded = round(100 * part / whole)
    return min(max(rounded, 1 if part else 0), 100 if part == whole else 99)


def change(now: float, before: float) -> int | None:
    """In percent of what it was; None: there is nothing to compare with."""
    return round(100 * (now - before) / before) if before else None


@dataclass(frozen=True)
class Bar:
    """A day of the chart, or an hour of the only day: heights and places in units of the chart."""

    at: datetime | date
    answered: int
    lost: int
    x: int
    width: int
    top: int
    height_answered: int
    height_lost: int
    is_labelled: bool

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def top_lost(self) -> int:
        return self.top - self.height_lost


def bars(period: Period, hours: Sequence[Hour]) -> list[Bar]:
    """A bar for each day; of one day for each hour."""
    of_hours = period.days == 1
    keys: list[date | int] = list(range(24)) if of_hours else list(period.each)
    counts: dict[date | int, Counter[bool]] = {key: Counter() for key in keys}
    for hour in hours:
        key = hour.at.hour if of_hours else hour.at.date()
        if key in counts and hour.outcome != CLOSED:
            counts[key][hour.outcome == ANSWERED] += hour.count
    most = max((count.total() for count in counts.values()), default=0) or 1
    step, every = WIDTH / len(keys), -(-len(keys) // LABELS)
    found = []
    for n, key in enumerate(keys):
        answered, lost = counts[key][True], counts[key][False]
        height = round(HEIGHT * answered / most)
        at = datetime.combine(period.first, time(key)) if isinstance(key, int) else key
        found.append(
            Bar(
                at=at,
                answered=answered,
                lost=lost,
                x=round(step * (n + (1 - FILL) / 2)),
                width=max(1, round(step * FILL)),
                top=HEIGHT - height,
                height_answered=height,
                height_lost=round(HEIGHT * lost / most),
                is_labelled=n % every == 0,
            )
        )
    return found


@dataclass(frozen=True)
class Cell:
    """An hour of a weekday: its calls, all days of the period together, and how dark it is."""

    hour: int
    count: int
    shade: int


@dataclass(frozen=True)
class Weekday:
    """`day`: a date with that weekday, to be named by whoever shows it."""

    day: date
    cells: tuple[Cell, ...]


def busy(hours: Iterable[Hour]) -> list[Weekday]:
    """Monday to Sunday, each with its 24 hours."""
    counts: Counter[tuple[int, int]] = Counter()
    for hour in hours:
        counts[hour.at.weekday(), hour.at.hour] += hour.count
    most = max(counts.values(), default=0)
    monday = date(2024, 1, 1)
    return [
        Weekday(
            monday + DAY * weekday,
            tuple(
                Cell(hour, counts[weekday, hour], _shade(counts[weekday, hour], most))
                for hour in range(24)
            ),
        )
        for weekday in range(7)
    ]


def _shade(count: int, most: int) -> int:
    return -(-SHADES * count // most) if most else 0


@dataclass(frozen=True, kw_only=True)
class Part:
    """The calls of one number, or of one assistant."""

    name: str
    calls: int
    answered: int
    closed: int = 0

    @property
    def lost(self) -> int:
        return self.calls - self.answered - self.closed

    @property
    def share(self) -> int:
        """Of the calls that came while it was open."""
        return share(self.answered, self.calls - self.closed)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A period beside the one before it."""

    period: Period
    now: Figures
    before: Figures
    numbers: tuple[Part, ...] = ()
    agents: tuple[Part, ...] = ()
    has_demo: bool = False
