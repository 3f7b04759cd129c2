"""What calls out may cost: the one decision that stands before every call that is placed. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import phonenumbers
from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from veyra.sentences import Sentence

# A call that could not even greet is not worth its ringing.
SHORTEST = timedelta(minutes=1)
# As for calls in: a forgotten handset must not talk to an assistant for hours.
LONGEST = timedelta(minutes=30)
# Lines that charge whoever calls them; they are called only where somebody wrote them down.
DEAR = {phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """A connection's limits. Without `prefixes` it calls the countries of its `own` numbers."""

    name: str
    prefixes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    at_once: int
    minutes: int
    pace: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the connection does now: calls going on, calls begun within the last second, and the
    seconds of this day that calls have taken or may still take.
    """

    going_on: int = 0
    just_begun: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Go:
    """It may be dialled, and may last so long."""

    longest: timedelta


@dataclass(frozen=True)
class Later:
    """The provider takes no more calls in this second: ask again."""


@dataclass(frozen=True)
class Refused:
    """It must not be dialled. `kind` is the security event's."""

    kind: str
    sentence: Sentence


def decide(to: str, limits: Limits, usage: Usage) -> Go | Later | Refused:
    """May `to` (E.164, or a short inner number) be called through this connection now?

    A call is let go only with all the time that it may last set aside, so that calls at once
    cannot together pass what the day allows.
    """
    if not is_allowed(to, limits):
        return Refused("dial_prefix", _not_allowed(to, limits))
    if usage.going_on >= limits.at_once:
        return Refused("dial_at_once", _too_many(limits))
    left = timedelta(minutes=limits.minutes) - timedelta(seconds=usage.seconds)
    if left < SHORTEST:
        return Refused("dial_minutes", _used_up(limits))
    if usage.just_begun >= limits.pace:
        return Later()
    return Go(min(LONGEST, left))


def is_allowed(to: str, limits: Limits) -> bool:
    """Is it among the numbers that this connection may call?"""
    if limits.prefixes:
        return to.startswith(limits.prefixes)
    country = country_of(to)
    return bool(country) and not _is_dear(to) and country in set(map(country_of, limits.own))


def country_of(number: str) -> str:
    """ "RU" for +7499…; "" for what belongs to none, such as an inner number."""
    if not number.startswith("+"):
        return ""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or ""


def _is_dear(number: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(number)) in DEAR


def charged(answered: datetime | None, ended: datetime) -> int:
    """Seconds that a call takes from the day: whole minutes, as providers count them."""
    if answered is None or ended <= answered:
        return 0
    return math.ceil((ended - answered).total_seconds() / 60) * 60


def countries(own: Iterable[str]) -> list[str]:
    """The countries that may be called where no beginnings are written, by their letters."""
    return sorted({country for number in own if (country := country_of(number))})


def _not_allowed(to: str, limits: Limits) -> Sentence:
    if limits.prefixes:
        msgid = gettext_noop(
            "“%(trunk)s” may not call %(number)s: it may call only numbers that begin with"
            " %(prefixes)s. The engineer can allow more in the connection."
        )
        shown = ", ".join(limits.prefixes[:5]) + ("…" if len(limits.prefixes) > 5 else "")
        values = {"trunk": limits.name, "number": pretty(to), "prefixes": shown}
        return Sentence(msgid, values)
    msgid = gettext_noop(
        "“%(trunk)s” may not call %(number)s: it calls only ordinary numbers of the country of its"
        " own numbers. The engineer can allow more in the connection."
    )
    return Sentence(msgid, {"trunk": limits.name, "number": pretty(to)})


def _too_many(limits: Limits) -> Sentence:
    msgid = gettext_noop(
        "“%(trunk)s” places %(count)s calls at once already, and more are not allowed. Wait until"
        " one ends, then call again."
    )
    return Sentence(msgid, {"trunk": limits.name, "count": limits.at_once})


def _used_up(limits: Limits) -> Sentence:
    msgid = gettext_noop(
        "The %(minutes)s minutes of today are used up on “%(trunk)s”, or set aside for calls that"
        " go on. Call tomorrow, or ask the engineer to allow more in the connection."
    )
    return Sentence(msgid, {"trunk": limits.name, "minutes": limits.minutes})
