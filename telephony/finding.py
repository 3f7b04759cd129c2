"""Who of our people is rung next for a call, and when it is over. Pure decisions.

One rings after the other, each for his seconds; who cannot be rung now is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

# Once the gateway was asked, the telephone's participant is in the room by then.
APPEARS = timedelta(seconds=5)
# Who answers by browser is in the room by then; and a page that is opened anew comes back.
ENTERS = timedelta(seconds=15)
COMES_BACK = timedelta(seconds=8)
# A page that is seen, or has its socket, shows the card by then. One that is neither may ask only
# once a minute, as browsers slow down what is hidden, and its owner is passed over.
SHOWS = timedelta(seconds=7)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One of those who may be rung, as it stands now. `is_free`: at work, and in no other talk."""

    colleague: int
    seconds: int
    is_free: bool
    by_browser: bool = False
    by_phone: bool = False

    @property
    def can_be_rung(self) -> bool:
        return self.is_free and (self.by_browser or self.by_phone)


# Of the telephone that rings now. Gone: it was declined, or nobody picked up in time.
Phone = Literal["none", "waiting", "rings", "active", "gone"]


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search as it stands. `place`: who rings now, -1 for nobody yet; until `next_at`. `until`:
    the caller waits no longer, whoever is left; None: until all were tried. `hears_tone`: he hears
    nothing but how telephones ring. `has_page`: who rings now may see it in his browser.
    """

    people: Sequence[Person]
    place: int
    next_at: datetime | None
    phone: Phone = "none"
    has_caller: bool = True
    until: datetime | None = None
    hears_tone: bool = False
    has_page: bool = True


class End(StrEnum):
    CALLER_LEFT = "caller_left"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Wait:
    """Nothing is to be done now."""


@dataclass(frozen=True)
class Taken:
    """Who rings now has picked up his telephone."""


@dataclass(frozen=True)
class Next:
    """This one is to be rung."""

    place: int


@dataclass(frozen=True)
class Over:
    end: End


Move = Wait | Taken | Next | Over


def decide(search: Search, now: datetime) -> Move:
    if not search.has_caller:
        return Over(End.CALLER_LEFT)
    if search.phone == "active":
        return Taken()
    if search.until and now >= search.until:
        return Over(End.NOBODY)
    if search.place < 0:
        return following(search)
    is_due = search.next_at is None or now >= search.next_at
    return following(search) if is_due or not _rings(search) else Wait()


def _rings(search: Search) -> bool:
    """Can he still answer, and does the caller not wait in silence for it?"""
    if search.phone in ("waiting", "rings"):
        return True
    rung = search.people[search.place : search.place + 1]
    sees_it = search.has_page and not search.hears_tone
    return sees_it and any(person.by_browser for person in rung)


def may_see(*, is_shown: bool, rung_at: datetime | None, now: datetime) -> bool:
    """Does a page of his show the card, or may one still?"""
    return is_shown or rung_at is None or now < rung_at + SHOWS


def following(search: Search) -> Move:
    """The next who can be rung; who was passed over is not rung later."""
    later = range(search.place + 1, len(search.people))
    found = next((place for place in later if _can_be_next(search, search.people[place])), None)
    return Over(End.NOBODY) if found is None else Next(found)


def _can_be_next(search: Search, person: Person) -> bool:
    return person.can_be_rung and (person.by_phone or not search.hears_tone)


def phone_of(
    *,
    asked: bool,
    claimed_at: datetime | None,
    is_over: bool,
    status: str | None,
    was_seen: bool,
    now: datetime,
) -> Phone:
    """How the telephone stands. `asked`: it is to be dialled, or was; `status`: its
    `sip.callStatus` in the room, None where it is not there; `was_seen`: it was there before.
    """
    if not asked:
        return "none"
    if is_over:
        return "gone"
    if status is not None:
        return "active" if status == "active" else "gone" if status == "hangup" else "rings"
    if claimed_at is None:
        return "waiting"
    return "gone" if was_seen or now >= claimed_at + APPEARS else "waiting"


def has_left(*, is_there: bool, by_phone: bool, came: bool, missed: timedelta) -> bool:
    """Has he who talks left for good? `came`: he was in the room; `missed`: for so long he is not
    there. A telephone does not come back; a page that is loaded anew does.
    """
    if is_there:
        return False
    if by_phone:
        return True
    return missed >= (COMES_BACK if came else ENTERS)
