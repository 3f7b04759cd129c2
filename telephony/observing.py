"""The observer: asks LiveKit which rooms and callers exist, and stores what others missed."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from agentworker.people import SILENT_ROLES
from telephony import intake
from telephony.models import CallEvent, Leg
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, Participant, Room
from veyra.models import Lease, Pulse

log = logging.getLogger(__name__)

# One look at a full line takes a few seconds.
LEASE_SECONDS = 60
# LiveKit was looked at to the end.
PULSE = "observe"


@dataclass(frozen=True)
class Sight:
    """What LiveKit said at `at`: its rooms, each with who was in it."""

    at: datetime
    rooms: Sequence[tuple[Room, Sequence[Participant]]]


def observe() -> int:
    """Look once, unless somebody else is looking; how many new facts there were."""
    holder = Lease.take("observe", LEASE_SECONDS)
    if holder is None:
        return 0
    try:
        fresh = _observe()
        Pulse.beat(PULSE)
        return fresh
    except LiveKitError as error:
        log.warning("LiveKit could not be observed: %s", error.code or type(error).__name__)
        return 0
    finally:
        Lease.release("observe", holder)


def _observe() -> int:
    # Read before we ask: whoever we know of by then was there, or has left.
    open_legs = list(Leg.objects.filter(call__ended_at=None).exclude(room_sid=""))
    with LiveKit.from_settings() as livekit:
        sight = _look(livekit)
    found = [*seen(sight), *missing(sight, open_legs)]
    known = CallEvent.objects.filter(event_id__in=[event.event_id for event in found])
    old = set(known.values_list("event_id", flat=True))
    fresh = [event for event in found if event.event_id not in old]
    intake.store(fresh)
    return len(fresh)


def _look(livekit: LiveKit) -> Sight:
    at = timezone.now()
    rooms = []
    for room in livekit.list_rooms():
        try:
            rooms.append((room, livekit.list_participants(room.name)))
        except LiveKitError as error:
            if error.code != "not_found":
                raise
    return Sight(at, rooms)


def seen(sight: Sight) -> list[CallEvent]:
    """Callers in their rooms."""
    return [
        intake.of_sight(room, person, sight.at)
        for room, people in sight.rooms
        for person in people
        if _is_caller(person)
    ]


def _is_caller(person: Participant) -> bool:
    role = person.attributes.get("veyra.role", "")
    if person.kind == "sip":
        return role not in SILENT_ROLES
    return person.kind == "standard" and role == "browser"


def missing(sight: Sight, legs: Iterable[Leg]) -> list[CallEvent]:
    """Those of `legs` (of calls that go on, in rooms) whose room, or who themselves, are gone."""
    people = {room.sid: persons for room, persons in sight.rooms}
    gone = []
    for leg in legs:
        if leg.room_sid not in people:
            gone.append(intake.of_absence("room_gone", leg.room_sid, sight.at))
        elif not any(_is(person, leg) for person in people[leg.room_sid]):
            names = {"sip_call_id": leg.sip_call_id or "", "participant_sid": leg.participant_sid}
            gone.append(intake.of_absence("participant_gone", leg.room_sid, sight.at, **names))
    return gone


def _is(person: Participant, leg: Leg) -> bool:
    if leg.sip_call_id:
        return person.attributes.get("sip.callID") == leg.sip_call_id
    return person.sid == leg.participant_sid
