"""What a call meets at a moment: the rows are read at once, and it is decided without them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from agentworker.hours.models import Closure, NumberPlace, Outside, Place
from agentworker.hours.state import Closed, Open, State, state
from agentworker.models import Agent

NOBODY_SAYS = Open()


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """`place`: whose hours decide; `closure`: what closed it. Of who is outside the hours: what he
    meets, as `outside` says, by the columns of a Place.
    """

    state: State = NOBODY_SAYS
    place: Place | None = None
    closure: Closure | None = None
    outside: Outside = Outside.MESSAGE
    # Agent.key, where another assistant answers.
    stand_in: str = ""
    people: str = ""
    message: str = ""
    sound: int | None = None

    @property
    def is_closed(self) -> bool:
        return isinstance(self.state, Closed)

    @property
    def zone(self) -> ZoneInfo:
        """By whose clock its times are told."""
        return self.place.zone if self.place else ZoneInfo(settings.TIME_ZONE)


ALWAYS = Ruling()


@dataclass(frozen=True)
class Book:
    """Of numbers by their keys, and of assistants by theirs: the places by whose hours they work;
    and the closures that are not over.
    """

    numbers: Mapping[str, NumberPlace] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    closures: Sequence[Closure] = ()

    @classmethod
    def read(cls, numbers: Iterable[Any], agents: Iterable[str], now: datetime) -> Self:
        """Three queries. `numbers`: PhoneNumber.key."""
        return cls._of(NumberPlace.objects.of_keys(numbers), agents, now)

    @classmethod
    def read_called(cls, called: str, agent: str, now: datetime) -> tuple[Self, str]:
        """Of a call as it comes, and the key of the number that it is for; "": none is here."""
        book = cls._of(NumberPlace.objects.called(could_be(called)), [agent], now)
        return book, next(iter(book.numbers), "")

    @classmethod
    def _of(cls, numbers: QuerySet[NumberPlace], agents: Iterable[str], now: datetime) -> Self:
        rows = Agent.objects.filter(key__in=list(filter(None, agents)))
        return cls(
            numbers={str(row.key): row for row in numbers.select_related("place__stand_in")},
            agents={str(row.key): row for row in rows.select_related("hours__stand_in")},
            closures=list(Closure.objects.not_over(now).shown()),
        )

    def ruling(self, number: str, agent: str, moment: datetime) -> Ruling:
        """What a call to this number meets, which this assistant answers. A number's hours go
        before an assistant's.
        """
        places = self._places(number, agent)
        closures = [each for each in self.closures if self._is_about(each, number, agent)]
        found = state(
            moment,
            [place.timetable(moment) for place in places],
            [each.shut for each in closures],
        )
        if isinstance(found, Open):
            return Ruling(state=found, place=next(iter(places), None))
        if found.closure is not None:
            closure = next(each for each in closures if each.pk == found.closure)
            return _closed_by_hand(found, closure, places)
        return _outside(found, places[found.table])

    def _places(self, number: str, agent: str) -> list[Place]:
        own, speaks = self.numbers.get(number), self.agents.get(agent)
        found = [own.place if own else None, speaks.hours if speaks else None]
        return [place for place in found if place and not place.archived_at]

    def _is_about(self, closure: Closure, number: str, agent: str) -> bool:
        own, speaks = self.numbers.get(number), self.agents.get(agent)
        return (
            closure.is_of_all
            or (own is not None and closure.number_id == own.pk)
            or (speaks is not None and closure.agent_id == speaks.pk)
            or (closure.place_id is not None and closure.place_id in self._place_ids(number, agent))
        )

    def _place_ids(self, number: str, agent: str) -> set[int]:
        return {place.pk for place in self._places(number, agent)}


def ruling_of_place(place: Place, closures: Iterable[Closure], moment: datetime) -> Ruling:
    """What a number meets that belongs to it, and is not closed by itself."""
    own = [each for each in closures if each.is_of_all or each.place_id == place.pk]
    book = Book(numbers={"one": NumberPlace(place=place)}, closures=own)
    return book.ruling("one", "", moment)


def _closed_by_hand(found: Closed, closure: Closure, places: Sequence[Place]) -> Ruling:
    return Ruling(
        state=found,
        place=next(iter(places), None),
        closure=closure,
        message=closure.message,
        sound=closure.sound_id,
    )


def _outside(found: Closed, place: Place) -> Ruling:
    """Who is to stand in and cannot is as if nobody were named."""
    other, outside = place.stand_in, Outside(place.outside)
    can = other is not None and not other.archived_at and other.is_published
    if outside is Outside.AGENT and not can:
        outside = Outside.MESSAGE
    return Ruling(
        state=found,
        place=place,
        outside=outside,
        stand_in=str(other.key) if other and outside is Outside.AGENT else "",
        people=place.people,
        message=place.message,
        sound=place.sound_id,
    )


def could_be(called: str) -> Collection[str]:
    """The numbers, as they are kept, that a provider may mean: "8499…" is +7499…"""
    digits = re.sub(r"\D", "", called)
    found = {digits, f"+{digits}", f"+{digits.removeprefix('00')}"} if digits else set()
    if len(digits) == 11 and digits[0] in "78":
        found.add(f"+7{digits[1:]}")
    return sorted(found)
