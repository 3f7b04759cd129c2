"""The loop of `manage.py watchdog`: it looks at every call once a second, and helps where nobody
does. One works at a time.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeGuard

from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from agentworker import standin
from agentworker.brief import Brief
from agentworker.models import StandIn, Worker
from telephony import calling_back, intake
from telephony.models import Call, CallEvent, Leg
from telephony.reasons import Reason
from telephony.watchdog import Line, Sight, Step, Watched, decide, sight
from veyra.livekit.client import LiveKit
from veyra.livekit.types import AGENT_NAME, LiveKitError
from veyra.models import Lease, Pulse
from veyra.outage import Outage

log = logging.getLogger(__name__)
database_outage = Outage(log, "the database is away")
livekit_outage = Outage(log, "LiveKit is away")

SECONDS = 1.0
# Of a holder that was killed another takes over after so long.
LEASE, LEASE_SECONDS, RENEW_SECONDS = "watchdog", 8.0, 2.0
PULSE = "watchdog"
# A worker writes its row every second: one that did not for so long is dead.
WORKER_IS_DEAD = timedelta(seconds=4)
# A look that comes so late was held up by what may have held up the workers as well.
HELD_UP = 2.5
# So many rooms are helped side by side.
AT_ONCE = 16

# Kinds of CallEvent.
SENT_AGAIN, STOOD_IN = "assistant_sent_again", "stood_in"


@dataclass
class Room:
    """A room with its callers, who have not left as far as we know."""

    legs: list[Leg]

    @property
    def sid(self) -> str:
        return self.legs[0].room_sid

    @property
    def call(self) -> Call:
        return self.legs[0].call

    def watched(self, now: datetime, alone: timedelta | None, sent: timedelta | None) -> Watched:
        ringing = [leg for leg in self.legs if leg.call.state == Call.State.RINGING]
        calling = [leg for leg in ringing if not leg.call.is_outbound]
        since = min((leg.joined_at or leg.call.started_at for leg in calling), default=now)
        return Watched(
            rings=bool(calling),
            waiting=now - since,
            is_dialled=len(ringing) > len(calling),
            alone=alone,
            sent=sent,
        )


@dataclass
class Memory:
    """Since when rooms are without a living job, and when another assistant was sent to them."""

    alone: dict[str, float] = field(default_factory=dict)
    sent: dict[str, float] = field(default_factory=dict)

    def note(self, alone: set[str], rooms: set[str]) -> None:
        """Of `rooms`, all that there are, these are alone now."""
        now = time.monotonic()
        self.alone = {sid: self.alone.get(sid, now) for sid in alone}
        self.sent = {sid: at for sid, at in self.sent.items() if sid in rooms}

    def forget_looks(self) -> None:
        self.alone.clear()

    def since(self, kept: dict[str, float], sid: str) -> timedelta | None:
        return timedelta(seconds=time.monotonic() - kept[sid]) if sid in kept else None


class Watchdog:
    """Looks after calls until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._holder: uuid.UUID | None = None
        self._renewed = self._looked = float("-inf")
        self._memory = Memory()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                if self._is_ours():
                    Pulse.beat(PULSE)
                    self.look(timezone.now())
                database_outage.over()
            except DatabaseError as error:
                database_outage.felt(error)
                close_old_connections()
            self._stopping.wait(max(0.0, SECONDS - (time.monotonic() - started)))
        if self._holder:
            Lease.release(LEASE, self._holder)

    def _is_ours(self) -> bool:
        """Do we hold the lease?"""
        now = time.monotonic()
        if self._holder is None:
            self._holder, self._renewed = Lease.take(LEASE, LEASE_SECONDS), now
        elif now - self._renewed >= RENEW_SECONDS:
            if not Lease.renew(LEASE, self._holder, LEASE_SECONDS):
                log.warning("the lease was lost")
                self._holder = None
            self._renewed = now
        return self._holder is not None

    def look(self, now: datetime) -> None:
        """Once: decide for each room, and help where it is needed."""
        late = time.monotonic() - self._looked > HELD_UP
        self._looked = time.monotonic()
        rooms = watched_rooms()
        workers = list(Worker.objects.seen_since(now - WORKER_IS_DEAD)) if rooms else []
        served = {job["room"] for worker in workers for job in worker.jobs}
        if late:
            self._memory.forget_looks()
        alone = {room.sid for room in rooms if room.call.room_name not in served}
        self._memory.note(alone, {room.sid for room in rooms})
        line = Line(
            takes_calls=any(map(has_place, workers)),
            stands_in=bool(rooms) and Pulse.is_felt(standin.PULSE, standin.PULSE_IS_OLD),
        )
        failed = rooms_of_failed(alone) if alone else set()
        steps = [(room, decide(self._of(room, now, failed), line)) for room in rooms]
        wanted = [(room, step) for room, step in steps if step is not Step.NOTHING]
        # Asked only for the few rooms in trouble.
        busy = StandIn.objects.busy_in([room.sid for room, _ in wanted], now) if wanted else set()
        self._help([(room, step) for room, step in wanted if room.sid not in busy])

    def _of(self, room: Room, now: datetime, failed: set[str]) -> Watched:
        memory = self._memory
        alone = memory.since(memory.alone, room.sid)
        watched = room.watched(now, alone, memory.since(memory.sent, room.sid))
        return replace(watched, failed=room.sid in failed)

    def _help(self, steps: Sequence[tuple[Room, Step]]) -> None:
        """What LiveKit refuses is tried again at the next look."""
        if not steps:
            return
        with LiveKit.from_settings() as livekit:
            for start in range(0, len(steps), AT_ONCE):
                some = steps[start : start + AT_ONCE]
                looks = livekit.together([Look(livekit, room.call.room_name) for room, _ in some])
                found = zip(some, looks, strict=True)
                works = [self._work(livekit, *step, seen) for step, seen in found if is_alone(seen)]
                for done in livekit.together(works) if works else ():
                    feel(done)

    def _work(self, livekit: LiveKit, room: Room, step: Step, seen: Sight) -> Callable[[], None]:
        """Written down before it is done: the network is asked side by side, the database not."""
        if step is Step.STAND_IN:
            stand_in(room)
            return Clear(livekit, room.call.room_name, seen)
        self._memory.sent[room.sid] = time.monotonic()
        intake.store([told(leg, SENT_AGAIN) for leg in room.legs])
        return Send(livekit, room.call, seen)


@transaction.atomic
def stand_in(room: Room) -> None:
    """The last resort is asked to speak, and whoever hears it is put down to be called back."""
    for leg in room.legs:
        calling_back.put_down(leg.call, why(leg.call))
    StandIn.ask(
        room.sid,
        room.call.room_name,
        language_of(room.call),
        mid_call=room.call.answered_at is not None,
        will_call_back=all(calling_back.number_of(leg.call) for leg in room.legs),
    )
    intake.store([told(leg, STOOD_IN) for leg in room.legs])


def why(call: Call) -> Reason:
    return Reason.CUT_OFF if call.answered_at else Reason.NOBODY_CAME


def language_of(call: Call) -> str:
    """That of the assistant who was to speak."""
    version = call.agent.newest() if call.agent else None
    return version.language if version else ""


def is_alone(seen: Sight | LiveKitError) -> TypeGuard[Sight]:
    """Is there a caller in the room, and nobody who talks to him?"""
    feel(seen)
    return isinstance(seen, Sight) and seen.needs_help


def feel(done: object) -> None:
    """Say once that LiveKit is away. A room that is gone needs no help."""
    if not isinstance(done, LiveKitError):
        livekit_outage.over()
    elif done.code != "not_found":
        livekit_outage.felt(done)


def watched_rooms() -> list[Room]:
    """Rooms of calls that go on and that our assistants answer. One query."""
    legs = Leg.objects.going_on_in_rooms()
    return [Room(list(group)) for _sid, group in groupby(legs, key=lambda leg: leg.room_sid)]


def rooms_of_failed(sids: set[str]) -> set[str]:
    """Of these rooms, those in which an assistant could not start."""
    told = CallEvent.objects.filter(room_sid__in=list(sids), source="agent", kind="failed")
    return set(told.values_list("room_sid", flat=True))


def has_place(worker: Worker) -> bool:
    ready = worker.registered and not worker.draining
    return ready and len(worker.jobs) < worker.capacity


def told(leg: Leg, kind: str, **payload: str) -> CallEvent:
    """What we did for the caller, as a fact of his call."""
    at = timezone.now()
    return CallEvent(
        event_id=f"watchdog:{kind}:{leg.pk}:{at.timestamp():.3f}",
        source=CallEvent.Source.OBSERVER,
        kind=kind,
        at=at,
        payload=payload,
        sip_call_id=leg.sip_call_id or "",
        participant_sid=leg.participant_sid,
        room_sid=leg.room_sid,
        room_name=leg.call.room_name,
    )


@dataclass(frozen=True)
class Look:
    """Who is in the room?"""

    livekit: LiveKit
    room: str

    def __call__(self) -> Sight:
        return sight(self.livekit.list_participants(self.room))


@dataclass(frozen=True)
class Send:
    """Another assistant comes; those who are there and live no more are taken out before."""

    livekit: LiveKit
    call: Call
    found: Sight

    def __call__(self) -> None:
        Clear(self.livekit, self.call.room_name, self.found)()
        brief = Brief(
            agent=str(self.call.agent.key) if self.call.agent else "",
            rule=str(self.call.rule.key) if self.call.rule else "",
        )
        self.livekit.create_dispatch(AGENT_NAME, self.call.room_name, brief.to_json())


@dataclass(frozen=True)
class Clear:
    """Assistants who live no more are taken out: LiveKit would keep them for twenty seconds."""

    livekit: LiveKit
    room: str
    found: Sight

    def __call__(self) -> None:
        for agent in self.found.agents:
            try:
                self.livekit.remove_participant(self.room, agent.identity)
            except LiveKitError as error:
                if error.code != "not_found":
                    raise
