"""What a job of upkeep is, and when it is its time. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from veyra.sentences import Sentence

# When callers are few; in the line's time zone.
NIGHT = time(3)
# What did not work is tried again.
RETRY = timedelta(hours=1)


class Period(models.TextChoices):
    DAILY = "daily", _("each night")
    WEEKLY = "weekly", _("each Sunday night")
    MONTHLY = "monthly", _("in the first night of a month")


@dataclass(frozen=True)
class Outcome:
    """What came of a job, for people."""

    ok: bool
    sentence: Sentence
    details: Sequence[Sentence] = ()


def done(msgid: str, found: Sequence[Sentence] = (), /, **values: Any) -> Outcome:
    return Outcome(True, Sentence(msgid, values), found)


def wrong(msgid: str, found: Sequence[Sentence] = (), /, **values: Any) -> Outcome:
    return Outcome(False, Sentence(msgid, values), found)


@dataclass(frozen=True)
class Job:
    """`does`: what it is good for, in one sentence. `sees`: who may read its details, besides the
    right to the page.
    """

    name: str
    title: str | Promise
    does: str | Promise
    period: Period
    run: Callable[[datetime], Outcome]
    sees: str = ""


def slot(period: Period, now: datetime, zone: tzinfo) -> datetime:
    """The last moment, up to now, that was the time of such a job."""
    local = now.astimezone(zone)
    day = local.date()
    if datetime.combine(day, NIGHT, zone) > local:
        day -= timedelta(days=1)
    if period == Period.WEEKLY:
        day -= timedelta(days=(day.weekday() + 1) % 7)
    if period == Period.MONTHLY:
        day = day.replace(day=1)
    return datetime.combine(day, NIGHT, zone)


def next_slot(period: Period, now: datetime, zone: tzinfo) -> datetime:
    """The first moment after now that is the time of such a job."""
    day = slot(period, now, zone).astimezone(zone).date()
    days = {Period.DAILY: 1, Period.WEEKLY: 7, Period.MONTHLY: 32}[period]
    later = day + timedelta(days=days)
    if period == Period.MONTHLY:
        later = later.replace(day=1)
    return datetime.combine(later, NIGHT, zone)


def is_due(
    period: Period, now: datetime, zone: tzinfo, last: datetime | None, ok: bool | None
) -> bool:
    """`last`: when it was begun last, or else when all began; `ok`: what came of that."""
    if last is None or last < slot(period, now, zone):
        return True
    return ok is False and now - last >= RETRY
