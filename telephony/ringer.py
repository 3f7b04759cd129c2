"""Searches for our people, carried on: a step of each at every look of the watchdog."""

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from agentworker.brief import TURN_TOPIC
from agentworker.models import StandIn
from telephony import opening, ringing, telephoning
from telephony.colleagues import Found
from telephony.finding import (
    End,
    Next,
    Over,
    Person,
    Phone,
    Search,
    Taken,
    decide,
    has_left,
    may_see,
    phone_of,
)
from telephony.models import Call, DispatchRule, Ring, RoomKind, RungPhone
from telephony.routing.compile import LONGEST_WAIT
from telephony.watchdog import sight
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, Participant, attempt

# Callers wait meanwhile.
LIVEKIT_SECONDS = 2.0
# An assistant that came to the room so late has begun to speak by its own clock.
TELLS_FOR = 60.0
# People are rung first for so long; then callers give up.
FIRST_AT_MOST = timedelta(seconds=LONGEST_WAIT)
# With music (agentworker.standin.LONGEST_HOLD) for less than it plays.
AT_MOST = timedelta(minutes=4)
State, Why = Ring.State, Ring.Why


@dataclass(frozen=True)
class Rings:
    """The searches that matter to the rooms of this look."""

    rows: Sequence[Ring] = ()

    @property
    def held(self) -> set[str]:
        """Ids of rooms in which one of our people is looked for, or talks."""
        return {ring.call.room_sid for ring in self.rows if ring.over_at is None}

    def over_since(self, call: Call) -> datetime | None:
        """When those who are rung first had all been tried."""
        times = [r.over_at for r in self.rows if r.call_id == call.pk and r.why == Why.FIRST]
        return max((at for at in times if at), default=None)

    def has_fallback(self, call: Call) -> bool:
        """Does its rule name people for the case that no assistant can speak, still untried?"""
        rule = call.rule
        return rule is not None and names_fallback(rule) and self.may_fall_back(call)

    def may_fall_back(self, call: Call) -> bool:
        """It was not tried yet."""
        tried = any(r.call_id == call.pk and r.why == Why.FALLBACK for r in self.rows)
        return not (is_new(call) or tried)


def names_first(rule: DispatchRule) -> bool:
    return bool(rule.first_colleague_id or rule.first_team_id)


def names_fallback(rule: DispatchRule) -> bool:
    return bool(rule.fallback_colleague_id or rule.fallback_team_id)


def is_new(call: Call) -> bool:
    """The journal does not know it yet."""
    return call._state.adding


def names_people(call: Call) -> bool:
    rule = call.rule
    return rule is not None and not is_new(call) and (names_first(rule) or names_fallback(rule))


def begins(call: Call, rings: Iterable[Ring]) -> bool:
    """Are people to be rung for it before anybody has spoken?"""
    rule = call.rule
    if rule is None or not names_first(rule) or call.answered_at:
        return False
    # To a test call from the browser the assistant speaks at once.
    if call.direction != Call.Direction.INBOUND:
        return False
    if rule.kind == RoomKind.DIRECT:  # somebody may be talking there
        return False
    if any(ring.call_id == call.pk for ring in rings):
        return False
    return not opening.ruling_of(call).is_closed


@dataclass
class Ringer:
    """Remembers between two looks what no row needs to hold."""

    # Participants that were in their rooms; and since when those who talked are missed.
    _seen: set[str] = field(default_factory=set)
    _missed: dict[str, float] = field(default_factory=dict)
    # Rooms whose assistant is to be told that it is its turn, and until when.
    _to_tell: dict[str, float] = field(default_factory=dict)

    def begin(self, calls: Sequence[Call]) -> list[Ring]:
        """What the rules of these calls ask for is begun; all searches that go on, and those of
        these calls that are over.
        """
        named = [call for call in calls if names_people(call)]
        rows = that_matter([call.pk for call in named])
        begun = [ring for call in named if begins(call, rows) and (ring := begin_first(call))]
        return rows + begun

    def step(self, rings: Sequence[Ring], now: datetime) -> None:
        """Go one step in each search. Raises LiveKitError."""
        going = [ring for ring in rings if ring.over_at is None]
        if going or self._to_tell:
            with LiveKit.from_settings(LIVEKIT_SECONDS) as livekit:
                self._step(livekit, going, now)

    def _step(self, livekit: LiveKit, rings: Sequence[Ring], now: datetime) -> None:
        rooms = sorted({*(ring.call.room_name for ring in rings), *self._to_tell})
        looks = livekit.together([People(livekit, room) for room in rooms])
        found = dict(zip(rooms, looks, strict=True))
        phones = telephoning.of(rings)
        for ring in rings:
            people = found[ring.call.room_name]
            if isinstance(people, LiveKitError):
                continue
            self._stop_others(livekit, ring, phones.get(ring.pk, []), people)
            if ring.state == State.RINGING:
                self._search(livekit, ring, phones.get(ring.pk, []), people, now)
            else:
                self._attend(livekit, ring, people)
        self._tell_turns(livekit, found)

    # While it rings

    def _search(
        self,
        livekit: LiveKit,
        ring: Ring,
        phones: Sequence[RungPhone],
        people: Sequence[Participant],
        now: datetime,
    ) -> None:
        phone = next((each for each in phones if each.place == ring.place), None)
        persons: Sequence[Person] = ()
        seen, is_first = sight(people), ring.why == Why.FIRST
        search = Search(
            people=persons,
            place=ring.place,
            next_at=ring.next_at,
            phone=self._phone(phone, people, now),
            has_caller=ring.call.ended_at is None and bool(seen.callers),
            until=ring.started_at + (FIRST_AT_MOST if is_first else AT_MOST),
            hears_tone=is_first and seen.is_picked_up,
            has_page=may_see(is_shown=ring.is_shown, rung_at=ring.place_at, now=now),
        )
        move = decide(search, now)
        if move == Over(End.NOBODY):  # only then it matters who is free
            persons = ringing.people_now([Found(**each) for each in ring.people], ring.call, ring)
            move = decide(replace(search, people=persons), now)
        match move:
            case Taken() if phone and ring.colleague:
                if ringing.take(ring, ring.colleague, phone.identity):
                    telephoning.note_answer(phone, now)
            case Next(place):
                self._ring_next(livekit, ring, phone, persons[place], place, now)
            case Over(end):
                self._give_up(livekit, ring, phone, end, now)

    def _phone(
        self, phone: RungPhone | None, people: Sequence[Participant], now: datetime
    ) -> Phone:
        if phone is None:
            return "none"
        there = {each.identity: each for each in people}.get(phone.identity)
        was_seen = phone.identity in self._seen
        if there:
            self._seen.add(phone.identity)
        return phone_of(
            asked=True,
            claimed_at=phone.claimed_at,
            is_over=phone.over_at is not None,
            status=there.attributes.get("sip.callStatus", "") if there else None,
            was_seen=was_seen,
            now=now,
        )

    def _ring_next(
        self,
        livekit: LiveKit,
        ring: Ring,
        phone: RungPhone | None,
        person: Person,
        place: int,
        now: datetime,
    ) -> None:
        if ringing.ring_next(ring, place, person, now) and phone:
            telephoning.stop(livekit, phone, ring.call.room_name)

    def _give_up(
        self, livekit: LiveKit, ring: Ring, phone: RungPhone | None, end: End, now: datetime
    ) -> None:
        if not ringing.give_up(ring, end, now):
            return
        ring.state, ring.over_at = State.OVER, now
        self._forget(ring)
        if phone:
            telephoning.stop(livekit, phone, ring.call.room_name)
        if ring.why == Why.FIRST and end is End.NOBODY:
            self._give_turn(ring)

    def _give_turn(self, ring: Ring) -> None:
        self._to_tell[ring.call.room_name] = time.monotonic() + TELLS_FOR

    def _tell_turns(
        self, livekit: LiveKit, found: Mapping[str, list[Participant] | LiveKitError]
    ) -> None:
        """An assistant that has not come yet is told when it has."""
        for room, until in list(self._to_tell.items()):
            people = found.get(room, [])
            agents = [] if isinstance(people, LiveKitError) else sight(people).agents
            names = [agent.identity for agent in agents]
            if names:
                attempt(lambda r=room, n=names: livekit.send_data(r, n, TURN_TOPIC, TURN))  # type: ignore[misc]  # the defaults bind them now
            if names or time.monotonic() > until:
                del self._to_tell[room]

    # While somebody talks

    def _stop_others(
        self,
        livekit: LiveKit,
        ring: Ring,
        phones: Sequence[RungPhone],
        people: Sequence[Participant],
    ) -> None:
        """Telephones of those who were rung before, or not fast enough; one that the provider was
        asked for may come late.
        """
        there = {each.identity for each in people}
        for phone in phones:
            if phone.over_at and phone.identity not in there:
                continue
            wanted = phone.identity == ring.taken_as if ring.taken_as else phone.place == ring.place
            is_late = phone.identity == ring.taken_as and telephoning.is_late(phone)
            if not wanted or is_late:
                telephoning.stop(livekit, phone, ring.call.room_name)

    def _attend(self, livekit: LiveKit, ring: Ring, people: Sequence[Participant]) -> None:
        """Whoever took it has left, or the caller has: then the other one is not left behind."""
        is_there = any(each.identity == ring.taken_as for each in people)
        missed = self._missed_for(ring.taken_as, is_there)
        seen = sight(people)
        if not seen.callers or ring.call.ended_at:
            if not is_there or leave_nobody(livekit, ring, people):
                self._close(ring, ended=False)
            return
        came = ring.taken_as in self._seen
        by_phone = ring.is_by_phone
        if not has_left(is_there=is_there, by_phone=by_phone, came=came, missed=missed):
            return
        is_served = bool(seen.agents) or any(is_talker(each, ring) for each in seen.helpers)
        never_came = not (by_phone or came)
        if is_served or never_came or StandIn.objects.waits_in(ring.call.room_sid):
            self._hand_back(ring, is_served=is_served)
            return
        ringing.tell_left(ring)
        if leave_nobody(livekit, ring, people):
            self._close(ring, ended=True)

    def _hand_back(self, ring: Ring, *, is_served: bool) -> None:
        """Its caller is there, and was not left by him who took it: others talk to him, or he has
        not met him at all. Where he is alone, the watchdog sends an assistant.
        """
        ringing.end_hold(ring, is_served=is_served)
        if ring.why == Why.FIRST:
            self._give_turn(ring)
        self._close(ring, ended=False)

    def _missed_for(self, identity: str, is_there: bool) -> timedelta:
        if is_there:
            self._seen.add(identity)
            self._missed.pop(identity, None)
            return timedelta()
        since = self._missed.setdefault(identity, time.monotonic())
        return timedelta(seconds=time.monotonic() - since)

    def _close(self, ring: Ring, *, ended: bool) -> None:
        ringing.close(ring, ended=ended)
        ring.over_at = timezone.now()
        telephoning.close_books(ring)
        self._forget(ring)

    def _forget(self, ring: Ring) -> None:
        self._missed.pop(ring.taken_as, None)
        self._seen.discard(ring.taken_as)
        self._seen = {each for each in self._seen if str(ring.pk) not in each}


TURN = json.dumps({}).encode()


@dataclass(frozen=True)
class People:
    """Who is in the room? Nobody, where there is none."""

    livekit: LiveKit
    room: str

    def __call__(self) -> list[Participant]:
        try:
            return self.livekit.list_participants(self.room)
        except LiveKitError as error:
            if error.code != "not_found":
                raise
            return []


def that_matter(calls: Collection[Any]) -> list[Ring]:
    """All that go on, and those of these calls (keys) that are over: a query each, by an index."""
    rows = Ring.objects.carried_on()
    return [*rows.going_on(), *(rows.over_of(calls) if calls else ())]


def begin_first(call: Call) -> Ring | None:
    """Nobody is looked for where nobody is named any more."""
    found = ringing.first_of(call)
    try:
        return ringing.begin(call, Why.FIRST, found)
    except ringing.AlreadyRings:
        return None


def is_talker(person: Participant, ring: Ring) -> bool:
    """One of us who may talk to the caller besides him who took it; the last resort only plays."""
    is_standby = person.attributes.get("veyra.role") == "standby"
    return not is_standby and person.identity != ring.taken_as


def leave_nobody(livekit: LiveKit, ring: Ring, people: Iterable[Participant]) -> bool:
    """The talk is over: its caller and our people go, and the room with them; in a room that others
    share only his caller does. False: LiveKit did not do it.
    """
    callers = sight(people).callers
    leg = ring.call.legs.order_by("pk").first()
    if len(callers) > 1 and leg:
        done = attempt(lambda: livekit.remove_participant(ring.call.room_name, leg.identity))
    else:
        done = attempt(lambda: livekit.delete_room(ring.call.room_name))
    return not isinstance(done, LiveKitError) or done.code == "not_found"
