"""A moment as a person writes it: "now", "20:00", "Saturday 20:00", "2026-11-28 20:00"."""

import re
from datetime import datetime, time, timedelta

from django.utils.translation import gettext_noop

from veyra.sentences import Sentence

# The first letters of weekdays, by ISO number.
WEEKDAYS = {
    1: ("mon", "пон", "пн"),
    2: ("tue", "вто", "вт"),
    3: ("wed", "сре", "ср"),
    4: ("thu", "чет", "чт"),
    5: ("fri", "пят", "пт"),
    6: ("sat", "суб", "сб"),
    7: ("sun", "вос", "вс"),
}
NOW = ("", "now", "сейчас")
CLOCK = re.compile(r"(?:(?P<day>[^\W\d]+)[\s,]+)?(?:at |в )?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)")


class MomentError(ValueError):
    """It is no moment; `sentence` says what to write."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        msgid = gettext_noop("“%(text)s” is no moment. Write “Saturday 20:00” or 2026-11-28 20:00.")
        self.sentence = Sentence(msgid, {"text": text})


def read(text: str, local: datetime) -> datetime | None:
    """By the clock that shows `local` now, and the next such moment; None: now. Raises MomentError.

    Pure.
    """
    written = text.strip().casefold()
    if written in NOW:
        return None
    if found := CLOCK.fullmatch(written):
        return _next(found, local, text)
    try:
        moment = datetime.fromisoformat(written.upper())
    except ValueError as error:
        raise MomentError(text) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=local.tzinfo)


def _next(found: re.Match[str], local: datetime, text: str) -> datetime:
    try:
        at = time(int(found["hour"]), int(found["minute"]))
    except ValueError as error:
        raise MomentError(text) from error
    day = local.date()
    if found["day"]:
        weekday = _weekday(found["day"])
        if weekday is None:
            raise MomentError(text)
        day += timedelta(days=(weekday - local.isoweekday()) % 7)
    moment = datetime.combine(day, at, local.tzinfo)
    if moment >= local or not found["day"]:
        return moment
    return datetime.combine(day + timedelta(days=7), at, local.tzinfo)


def _weekday(word: str) -> int | None:
    return next(
        (
            number
            for number, begun in WEEKDAYS.items()
            if any(word.startswith(each) if len(each) > 2 else word == each for each in begun)
        ),
        None,
    )
