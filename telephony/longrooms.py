"""What a room that stays open all day is folded from: not its whole history at every fact.

Facts that were stored since the last fold concern the callers whom they name, and those who were
in the room at or after the time that they tell of. Everybody else stands as he was folded before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet

from telephony.journal import MARGIN, Fact, earliest_coming
from telephony.models import CallEvent, Leg

# A room with fewer facts is folded whole.
LONG = 500
# A fact is seen by others so long after it was stored, at most: a transaction may wait for a lock.
SEEN_WITHIN = timedelta(seconds=60)
# Only LiveKit's own words tell an assistant from others.
WHO_IS_WHO = ("participant_joined", "participant_left")
DESCRIBING = (*WHO_IS_WHO, "present")
SOUND = ("track_published", "track_unpublished")


@dataclass
class Names:
    """Callers, by their call ids and their participants' sids."""

    calls: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)

    def add(self, named: Iterable[tuple[str | None, str]]) -> None:
        for call, person in named:
            self.calls |= {call} if call else set()
            self.people |= {person} if person else set()

    @property
    def all(self) -> set[str]:
        return self.calls | self.people


class LongRoom:
    """The facts of one room that what was stored since `since` makes it necessary to read."""

    def __init__(self, room_sid: str, since: datetime) -> None:
        self.room_sid = room_sid
        self.since = since - SEEN_WITHIN
        self.events = CallEvent.objects.filter(room_sid=room_sid).order_by()

    def read(self) -> tuple[list[CallEvent], set[str]]:
        """The facts, and the names of the callers who are to be folded from them."""
        new = self._new()
        told_since = min((event.at for event in new), default=None)
        told_since = min(filter(None, [told_since, self._of_new_agents(new)]), default=None)
        names = Names()
        names.add((event.sip_call_id, event.participant_sid) for event in new)
        names.add(self._there_since(told_since))
        own = self._own(names)
        start = earliest_coming(map(fact_of, own))
        stay = list(self.events.filter(at__gte=start - MARGIN)) if start else []
        return [*own, *stay, *self._described(stay), *self._agents()], names.all

    def _new(self) -> list[CallEvent]:
        """Also what was said of its callers without naming the room."""
        calls = self.events.exclude(sip_call_id="").values_list("sip_call_id", flat=True)
        lately = CallEvent.objects.filter(received_at__gte=self.since).order_by()
        of_calls = lately.filter(sip_call_id__in=set(calls.distinct()))
        return [
            *lately.filter(room_sid=self.room_sid, sip_call_id=""),
            *(event for event in of_calls if event.room_sid in ("", self.room_sid)),
        ]

    def _of_new_agents(self, new: list[CallEvent]) -> datetime | None:
        """What was told of somebody counts from the beginning, once he is known as an assistant."""
        people = {e.participant_sid for e in new if e.kind in WHO_IS_WHO and not e.sip_call_id}
        of_them = self.events.filter(participant_sid__in=people)
        known = of_them.filter(kind__in=WHO_IS_WHO, received_at__lt=self.since)
        unknown = people - set(known.values_list("participant_sid", flat=True))
        first: datetime | None = of_them.filter(participant_sid__in=unknown).aggregate(
            first=Min("at")
        )["first"]
        return first

    def _there_since(self, moment: datetime | None) -> "QuerySet[Leg, tuple[str | None, str]]":
        """Callers who have not left, or left at `moment` or later."""
        there = Q(left_at=None)
        if moment:
            there |= Q(left_at__gte=moment - MARGIN)
        legs = Leg.objects.filter(there, call__unit=f"room:{self.room_sid}")
        return legs.values_list("sip_call_id", "participant_sid")

    def _own(self, names: Names) -> list[CallEvent]:
        """Everything that names these callers; a call id and its participants name each other."""
        mine = self.events.filter(participant_sid__in=names.people)
        names.add(mine.values_list("sip_call_id", "participant_sid"))
        theirs = CallEvent.objects.filter(sip_call_id__in=names.calls).order_by()
        own = [event for event in theirs if event.room_sid in ("", self.room_sid)]
        names.add((event.sip_call_id, event.participant_sid) for event in own)
        return own + list(self.events.filter(participant_sid__in=names.people, sip_call_id=""))

    def _described(self, stay: list[CallEvent]) -> "QuerySet[CallEvent]":
        """Who the others are that were there meanwhile."""
        people = {event.participant_sid for event in stay if event.participant_sid}
        return self.events.filter(participant_sid__in=people, kind__in=DESCRIBING)

    def _agents(self) -> "QuerySet[CallEvent]":
        """Assistants, and their sound, which may last longer than any call."""
        strangers = self.events.filter(sip_call_id="", kind__in=DESCRIBING)
        people = set(strangers.values_list("participant_sid", flat=True).distinct())
        return self.events.filter(participant_sid__in=people, kind__in=DESCRIBING + SOUND)


def fact_of(event: CallEvent) -> Fact:
    return Fact(
        id=event.event_id,
        source=event.source,
        kind=event.kind,
        at=event.at,
        payload=event.payload,
        sip_call_id=event.sip_call_id,
        participant_sid=event.participant_sid,
        room_sid=event.room_sid,
        room_name=event.room_name,
    )
