"""What a room that stays open all day is folded from: not its whole history at every fact.

A call is told by the facts that name its caller, and by those of the room from when he came until
he left. So what was stored since the last fold concerns the callers whom it names, and those who
were there at or after the time that it tells of; everybody else stands as he was folded before.
A new fact may also show who somebody is: then whatever was told of him counts as new.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet

from telephony.journal import MARGIN, SOUND, Fact, browser_call, earliest_coming, shows_assistant
from telephony.models import CallEvent, Leg

# A room with fewer facts is folded whole, and so it is where more names are concerned.
LONG = 500
# A fact is seen by others so long after it was stored, at most: a transaction may wait for a lock.
SEEN_WITHIN = timedelta(seconds=60)


@dataclass
class Names:
    """Callers, by their call ids and their participants' sids."""

    calls: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)

    def add(self, named: Iterable[CallEvent | Leg]) -> None:
        for one in named:
            self.calls |= {one.sip_call_id} if one.sip_call_id else set()
            self.people |= {one.participant_sid} if one.participant_sid else set()

    @property
    def all(self) -> set[str]:
        return self.calls | self.people


class LongRoom:
    """The facts of one room that what was stored since `since` makes it necessary to read."""

    def __init__(self, room_sid: str, since: datetime) -> None:
        self.room_sid = room_sid
        self.since = since - SEEN_WITHIN
        self.events = CallEvent.objects.filter(room_sid=room_sid).order_by()

    def read(self) -> tuple[list[CallEvent], set[str]] | None:
        """The facts, and the names of the callers who are to be folded from them; None: it takes
        all facts to fold.
        """
        new = self._new()
        names = Names()
        names.add(new)
        names.add(self._there_since(self._told_since(new, names)))
        if len(names.all) > LONG:
            return None
        strangers = list(self._strangers())
        own = self._own(names, strangers)
        start = earliest_coming(map(fact_of, own))
        around = self._since(start - MARGIN) if start else []
        return [*own, *around, *strangers, *self._sound(strangers)], names.all

    def _new(self) -> list[CallEvent]:
        """Also what was said of its callers without naming the room."""
        lately = CallEvent.objects.filter(received_at__gte=self.since).order_by()
        calls = self.events.exclude(sip_call_id="").values_list("sip_call_id", flat=True)
        of_calls = lately.filter(sip_call_id__in=set(calls.distinct()))
        inside = lately.filter(room_sid=self.room_sid, sip_call_id="")
        return [*inside, *self._without_others(of_calls)]

    def _without_others(self, events: Iterable[CallEvent]) -> list[CallEvent]:
        """Without what was told of these callers in other rooms."""
        return [event for event in events if event.room_sid in ("", self.room_sid)]

    def _told_since(self, new: list[CallEvent], names: Names) -> datetime | None:
        """The first moment of which there is anything new to know."""
        of_them = self.events.filter(participant_sid__in=names.people)
        times = [event.at for event in new]
        times += filter(None, of_them.aggregate(first=Min("at")).values())
        return min(times, default=None)

    def _there_since(self, moment: datetime | None) -> QuerySet[Leg]:
        """Callers who have not left, or left at `moment` or later."""
        there = Q(left_at=None)
        if moment:
            there |= Q(left_at__gte=moment - MARGIN)
        return Leg.objects.filter(there, call__unit=f"room:{self.room_sid}")

    def _strangers(self) -> "QuerySet[CallEvent]":
        """Who they are that have no telephone: assistants, and callers from browsers."""
        told = self.events.filter(sip_call_id="").exclude(participant_sid="")
        return told.exclude(source="agent").exclude(kind__in=SOUND)

    def _own(self, names: Names, strangers: list[CallEvent]) -> list[CallEvent]:
        """Everything that names these callers. It may name them otherwise, too: then `names` grow.

        A call id and its participants name each other; a caller from a browser who comes back has
        a new sid.
        """
        browsers: dict[str, set[str]] = {}
        for event in strangers:
            if key := browser_call(fact_of(event)):
                browsers.setdefault(key, set()).add(event.participant_sid)
        known = -1
        own: list[CallEvent] = []
        while known < len(names.all):
            known = len(names.all)
            for people in browsers.values():
                names.people |= people if people & names.people else set()
            of_calls = CallEvent.objects.filter(sip_call_id__in=names.calls).order_by()
            own = self._without_others(of_calls)
            own += self.events.filter(participant_sid__in=names.people)
            names.add(own)
        return own

    def _since(self, moment: datetime) -> list[CallEvent]:
        """Everything that was told of the room since, and who they are that it was told of."""
        facts = self.events.filter(at__gte=moment)
        people = facts.exclude(participant_sid="").values("participant_sid")
        return [*facts, *self.events.filter(participant_sid__in=people).exclude(source="agent")]

    def _sound(self, strangers: list[CallEvent]) -> "QuerySet[CallEvent]":
        """Sound of assistants, which may last longer than any call."""
        agents = {event.participant_sid for event in strangers if shows_assistant(fact_of(event))}
        return self.events.filter(participant_sid__in=agents, kind__in=SOUND)


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
