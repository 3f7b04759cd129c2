"""Which backups are kept. Pure."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any


def to_keep(
    times: Iterable[datetime], days: int, weeks: int, months: int, zone: tzinfo
) -> set[datetime]:
    """The newest of each of the last `days` days that have one, likewise of weeks and of months.

    Days without a backup count for nothing: what is old stays until there is something newer.
    The newest of all stays in any case.
    """
    newest_first = sorted(times, reverse=True)
    keep = set(newest_first[:1])
    for many, span in ((days, _day), (weeks, _week), (months, _month)):
        found: dict[Any, datetime] = {}
        for at in newest_first:
            found.setdefault(span(at.astimezone(zone)), at)
        keep |= set(list(found.values())[:many])
    return keep


def _day(local: datetime) -> Any:
    return local.date()


def _week(local: datetime) -> Any:
    return local.isocalendar()[:2]


def _month(local: datetime) -> Any:
    return (local.year, local.month)
