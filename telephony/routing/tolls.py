"""What calls out may cost: the one decision that stands before every call that is placed. Pure."""

import math
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import phonenumbers
from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from veyra.sentences import Sentence

# A call that could not even greet is not worth its ringing.
SHORTEST = timedelta(minutes=1)
# As for calls in: a forgotten handset must not talk to an assistant for hours.
LONGEST = timedelta(minutes=30)
# How often somebody looks whether a call has lasted too long.
LOOKED_AT = timedelta(seconds=5)
# Lines that charge whoever calls them; they are called only where somebody wrote them down: the
# country's code and as many digits, at least.
DEAR = {phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST}
DEAR_DIGITS = 3
# What a telephone can be called by: E.164, or an inner number.
CALLABLE = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{2,6}")


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


def decide_together(numbers: Sequence[str], limits: Limits, usage: Usage) -> Go | Later | Refused:
    """As `decide`, for telephones that one call takes: each has its place, and an equal share of
    the day's minutes.
    """
    crowded = replace(usage, going_on=usage.going_on + len(numbers) - 1)
    verdicts = [decide(to, limits, crowded) for to in numbers]
    for verdict in sorted(verdicts, key=lambda each: not isinstance(each, Refused)):
        if not isinstance(verdict, Go):
            return verdict
    left = timedelta(minutes=limits.minutes) - timedelta(seconds=usage.seconds)
    share = left / len(numbers)
    if share < SHORTEST:
        return Refused("dial_minutes", _used_up(limits))
    return Go(min(LONGEST, share))


def is_allowed(to: str, limits: Limits) -> bool:
    """Is it among the numbers that this connection may call?"""
    if not CALLABLE.fullmatch(to):
        return False
    at_home = set(map(country_of, limits.own))
    if limits.prefixes:
        return any(_allows(prefix, to, at_home) for prefix in limits.prefixes)
    country = country_of(to)
    return bool(country) and not _is_dear(to) and country in at_home


def _allows(prefix: str, to: str, at_home: Set[str]) -> bool:
    """May `to` be called, since numbers that begin with `prefix` may be?

    A country's code may belong to many: whoever writes +7 thinks of Russia, not of Kazakhstan, and
    whoever writes +1 not of Jamaica. Alone it stands for the one that it is known for, and for the
    countries of our own numbers; the others are written with the digits that tell them apart.
    """
    if not to.startswith(prefix):
        return False
    if not to.startswith("+"):
        return True
    code = code_of(to)
    digits = len(prefix.removeprefix("+")) - len(code)
    if not code or digits < 0 or (digits < DEAR_DIGITS and _is_dear(to)):
        return False
    known_for = phonenumbers.region_code_for_country_code(int(code))
    return digits > 0 or country_of(to) in {known_for, *at_home}


def code_of(begins: str) -> str:
    """The country's code in the beginning of a number: "7" for +7495; "" where there is none."""
    codes = (begins.removeprefix("+")[:length] for length in (1, 2, 3))
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((code for code in codes if code.isdecimal() and int(code) in known), "")


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


def must_end_by(answered: datetime, longest: timedelta) -> datetime:
    """When a call is ended that may last so long: before it takes a minute that was not set aside,
    though nobody looks before LOOKED_AT has passed again.
    """
    return answered + longest - 2 * LOOKED_AT


def charged(answered: datetime | None, ended: datetime) -> int:
    """Seconds that a call takes from the day: whole minutes, as providers count them."""
    if answered is None or ended <= answered:
        return 0
    return math.ceil((ended - answered).total_seconds() / 60) * 60


def countries(own: Iterable[str]) -> list[str]:
    """The countries that may be called where no beginnings are written, by their letters."""
    return sorted({country for number in own if (country := country_of(number))})


def _not_allowed(to: str, limits: Limits) -> Sentence:
    values = {"trunk": limits.name, "number": pretty(to)}
    if begins := next((each for each in limits.prefixes if to.startswith(each)), ""):
        msgid = gettext_noop(
            "“%(trunk)s” may not call %(number)s: %(prefix)s in its list means ordinary numbers of"
            " one country, and this is another country's or a dear one. The engineer can allow it"
            " in the connection by writing more of its digits."
        )
        return Sentence(msgid, values | {"prefix": begins})
    if limits.prefixes:
        msgid = gettext_noop(
            "“%(trunk)s” may not call %(number)s: it may call only numbers that begin with"
            " %(prefixes)s. The engineer can allow more in the connection."
        )
        shown = ", ".join(limits.prefixes[:5]) + ("…" if len(limits.prefixes) > 5 else "")
        return Sentence(msgid, values | {"prefixes": shown})
    msgid = gettext_noop(
        "“%(trunk)s” may not call %(number)s: it calls only ordinary numbers of the country of its"
        " own numbers. The engineer can allow more in the connection."
    )
    return Sentence(msgid, values)


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
