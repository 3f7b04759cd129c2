"""One format of weekly hours, of people and of places: stretches of the day on certain weekdays."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _


class Weekday(models.TextChoices):
    """ISO numbers, as `Hours.days` has them."""

    MONDAY = "1", _("Monday")
    TUESDAY = "2", _("Tuesday")
    WEDNESDAY = "3", _("Wednesday")
    THURSDAY = "4", _("Thursday")
    FRIDAY = "5", _("Friday")
    SATURDAY = "6", _("Saturday")
    SUNDAY = "7", _("Sunday")


# As a list of people has room for.
SHORT = {
    "1": pgettext_lazy("day", "Mon"),
    "2": pgettext_lazy("day", "Tue"),
    "3": pgettext_lazy("day", "Wed"),
    "4": pgettext_lazy("day", "Thu"),
    "5": pgettext_lazy("day", "Fri"),
    "6": pgettext_lazy("day", "Sat"),
    "7": pgettext_lazy("day", "Sun"),
}
MIDNIGHT = time()


def short_days(days: str) -> str:
    """Of `Weekday`, in their order: "Mon–Wed, Sun"; "" where none is named. Pure."""
    runs: list[str] = []
    for day in days:
        if runs and int(day) == int(runs[-1][-1]) + 1:
            runs[-1] += day
        else:
            runs.append(day)
    return ", ".join(_short_run(run) for run in runs)


def _short_run(run: str) -> str:
    first, last = SHORT[run[0]], SHORT[run[-1]]
    if len(run) > 2:
        return f"{first}–{last}"
    return str(first) if len(run) == 1 else f"{first}, {last}"


class Hours(NamedTuple):
    """When somebody works. No days: every day. No times: around the clock."""

    days: str
    begins: time | None
    ends: time | None

    def include(self, local: datetime) -> bool:
        """`local` is in the time zone that the hours are meant in. A shift past midnight is of the
        day on which it began.
        """
        if self.is_round_the_clock:
            return self._is_of(local)
        begins, ends, now = self.times[0], self.times[1], local.time()
        if begins < ends:
            return self._is_of(local) and begins <= now < ends
        if now >= begins:
            return self._is_of(local)
        return now < ends and self._is_of(local - timedelta(days=1))

    @property
    def is_round_the_clock(self) -> bool:
        return self.begins is None or self.ends is None or self.begins == self.ends

    @property
    def times(self) -> tuple[time, time]:
        """From and until; that it ends on the next day shows in the second being no later."""
        if self.is_round_the_clock:
            return MIDNIGHT, MIDNIGHT
        return self.begins or MIDNIGHT, self.ends or MIDNIGHT

    def _is_of(self, local: datetime) -> bool:
        return not self.days or str(local.isoweekday()) in self.days


# The hours of a place: several stretches, which may overlap.
Week = tuple[Hours, ...]
# From and until: a stretch of one day.
Stretch = tuple[time, time]
# A row of a table: days with the same hours, and these.
Run = tuple[str, tuple[Stretch, ...]]

ROUND_THE_CLOCK: Week = (Hours("1234567", MIDNIGHT, MIDNIGHT),)
OFFICE: Week = (Hours("12345", time(9), time(18)),)


def to_json(week: Week) -> list[list[str]]:
    """[["12345", "09:00", "18:00"], …]"""
    return [[each.days, *map(text_of, each.times)] for each in week]


def from_json(rows: Iterable[Sequence[str]]) -> Week:
    return tuple(
        Hours(days, time.fromisoformat(begins), time.fromisoformat(ends))
        for days, begins, ends in rows
    )


def exceptions_of(days: Mapping[str, Iterable[Sequence[str]]]) -> dict[date, tuple[Stretch, ...]]:
    """{"2026-12-31": [["09:00", "15:00"]], …}"""
    return {
        date.fromisoformat(day): tuple(
            (time.fromisoformat(a), time.fromisoformat(b)) for a, b in rows
        )
        for day, rows in days.items()
    }


def exceptions_to_json(days: Mapping[date, Iterable[Stretch]]) -> dict[str, list[list[str]]]:
    return {
        day.isoformat(): [[text_of(a), text_of(b)] for a, b in stretches]
        for day, stretches in sorted(days.items())
    }


def text_of(moment: time) -> str:
    return moment.strftime("%H:%M")


def by_day(week: Week) -> dict[str, tuple[Stretch, ...]]:
    """The stretches of each weekday, in order; every weekday is there."""
    return {
        day: tuple(sorted({each.times for each in week if not each.days or day in each.days}))
        for day in Weekday.values
    }


def of_days(days: Mapping[str, Iterable[Stretch]]) -> Week:
    """Weekdays with the same stretch share an `Hours`."""
    found: dict[Stretch, str] = {}
    for day in sorted(days):
        for stretch in days[day]:
            found[stretch] = found.get(stretch, "") + day
    return tuple(Hours(days, *stretch) for stretch, days in sorted(found.items()))


def runs(week: Week) -> list[Run]:
    """As a person reads it: days that follow each other with the same hours stand together."""
    found: list[Run] = []
    for day, stretches in by_day(week).items():
        if found and found[-1][1] == stretches:
            found[-1] = (found[-1][0] + day, stretches)
        else:
            found.append((day, stretches))
    return found


def is_all_day(stretch: Stretch) -> bool:
    return stretch[0] == stretch[1]


def in_one_line(week: Week) -> str:
    """ "Mon–Fri 09:00–18:00; Sat 10:00–14:00": without the days on which it is closed."""
    found = [f"{short_days(days)} {stretches(some)}" for days, some in runs(week) if some]
    return "; ".join(found)


def stretches(found: Iterable[Stretch]) -> str:
    return ", ".join(map(_stretch, found))


def _stretch(stretch: Stretch) -> str:
    if is_all_day(stretch):
        return gettext("around the clock")
    return "–".join(map(text_of, stretch))


def days_in_one_line(days: Mapping[date, Iterable[Stretch]]) -> str:
    """Days with hours of their own: "31 December 2026: 09:00–15:00; …"."""
    return "; ".join(
        f"{date_format(day)}: {stretches(some) or gettext('closed')}"
        for day, some in sorted(days.items())
    )
