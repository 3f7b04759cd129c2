"""Callers of whom the journal does not know yet: its workers may be down, and LiveKit goes on.

What the watchdog needs is read from LiveKit itself, as rows that are not saved.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from telephony import ringing
from telephony.models import Call, DispatchRule, Leg, RoomKind
from telephony.routing.compile import LONGEST_WAIT
from telephony.watchdog import sight
from veyra.livekit.client import LiveKit
from veyra.livekit.tokens import TRIAL_ROOM
from veyra.livekit.types import LiveKitError, Participant, Room, attempt

# LiveKit is asked for its rooms so seldom: as a rule, a call is known within a second.
EVERY_SECONDS = 3.0
LIVEKIT_SECONDS = 1.0
# An assistant that waits for its turn goes by its own clock, and gives our people a little more.
LATE_SECONDS = 10


@dataclass
class Unfolded:
    """Remembers what it saw until it looks again."""

    _legs: list[list[Leg]] = field(default_factory=list)
    _looked: float = float("-inf")
    # Rooms with people in them whom no rule of ours let in.
    _foreign: set[str] = field(default_factory=set)

    @property
    def is_due(self) -> bool:
        """Will `legs` ask LiveKit?"""
        return time.monotonic() - self._looked >= EVERY_SECONDS

    def legs(self, now: datetime) -> list[list[Leg]]:
        """The callers of each such room. Raises LiveKitError."""
        if self.is_due:
            self._looked, self._legs = time.monotonic(), []
            with LiveKit.from_settings(LIVEKIT_SECONDS) as livekit:
                self._legs = self._look(livekit, now)
        known = known_among(legs[0].room_sid for legs in self._legs)
        self._legs = [legs for legs in self._legs if legs[0].room_sid not in known]
        return self._legs

    def _look(self, livekit: LiveKit, now: datetime) -> list[list[Leg]]:
        rooms = [room for room in livekit.list_rooms() if may_be_ours(room)]
        self._foreign &= {room.sid for room in rooms}
        known = known_among(room.sid for room in rooms) | self._foreign
        found = [self._callers(livekit, room, now) for room in rooms if room.sid not in known]
        return [legs for legs in found if legs]

    def _callers(self, livekit: LiveKit, room: Room, now: datetime) -> list[Leg]:
        people = attempt(lambda: livekit.list_participants(room.name))
        if isinstance(people, LiveKitError):
            if people.code == "not_found":
                return []
            raise people
        legs = legs_of(room, people, rules_of(people), now)
        if people and not legs:
            self._foreign.add(room.sid)
        return legs


def silence_of(call: Call) -> timedelta:
    """How long its assistant says nothing: it gives our people their time, although nobody rings
    them for a call that the journal does not know.
    """
    if not call._state.adding or (call.rule and call.rule.kind == RoomKind.DIRECT):
        return timedelta()
    seconds = sum(each.seconds for each in ringing.first_of(call))
    return timedelta(seconds=min(seconds, LONGEST_WAIT) + LATE_SECONDS if seconds else 0)


def may_be_ours(room: Room) -> bool:
    return room.participants > 0 and not room.name.startswith(TRIAL_ROOM)


def known_among(sids: Iterable[str]) -> set[str]:
    """Of these rooms, those that the journal knows."""
    sids = list(sids)
    if not sids:
        return set()
    return set(Leg.objects.filter(room_sid__in=sids).values_list("room_sid", flat=True))


def rules_of(people: Iterable[Participant]) -> dict[str, DispatchRule]:
    """By which rule of ours each of them came in, by its key."""
    keys = {key for person in people if (key := rule_key(person))}
    if not keys:
        return {}
    rules = DispatchRule.objects.select_related("agent").filter(key__in=keys)
    return {str(rule.key): rule for rule in rules}


def rule_key(person: Participant) -> str:
    """ "" where he names none, or not as we do."""
    try:
        return str(UUID(person.attributes.get("veyra.rule", "")))
    except ValueError:
        return ""


def legs_of(
    room: Room, people: Iterable[Participant], rules: dict[str, DispatchRule], now: datetime
) -> list[Leg]:
    """Those whom our assistants answer, as rows that the journal would write. Pure."""
    legs = []
    for person in sight(people).callers:
        rule = rules.get(rule_key(person))
        if rule and rule.agent:
            legs.append(_leg(room, person, rule, now))
    return legs


def _leg(room: Room, person: Participant, rule: DispatchRule, now: datetime) -> Leg:
    since = person.joined_at or now
    is_answered = person.attributes.get("sip.callStatus", "active") == "active"
    call = Call(
        direction=Call.Direction.INBOUND if person.kind == "sip" else Call.Direction.BROWSER,
        state=Call.State.ANSWERED if is_answered else Call.State.RINGING,
        from_number=person.attributes.get("sip.phoneNumber", ""),
        rule=rule,
        agent=rule.agent,
        room_name=room.name,
        room_sid=room.sid,
        started_at=since,
        answered_at=since if is_answered else None,
    )
    return Leg(
        call=call,
        sip_call_id=person.attributes.get("sip.callID"),
        participant_sid=person.sid,
        identity=person.identity,
        room_sid=room.sid,
        joined_at=since,
    )
