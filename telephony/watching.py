"""The loop of `manage.py watchdog`: it looks at every call once a second, and helps where nobody
does. One works at a time.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, TypeGuard

from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from agentworker import standin
from agentworker.brief import Brief
from agentworker.hours.book import Ruling
from agentworker.hours.models import Outside
from agentworker.hours.reception import FOR_PEOPLE, TOLD
from agentworker.models import StandIn, Worker
from telephony import calling_back, intake, opening, queueing, ringing, stays
from telephony.full_line import WhenFull
from telephony.introducing import language_of, summary_of
from telephony.models import Call, CallEvent, Leg, Ring
from telephony.queueing import Queue
from telephony.ringer import Ringer, Rings
from telephony.unfolded import Unfolded, silence_of
from telephony.watchdog import FORGOTTEN, GRACE, Line, Sight, Step, Watched, as_seen, decide, sight
from veyra import processes
from veyra.live import changed
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
WORKER_IS_DEAD = 4.0
# A row that is so old when it is first seen was left behind, unless the clocks are wrong.
WORKER_IS_GONE = timedelta(minutes=1)
# A look that comes so late was held up by what may have held up the workers as well.
HELD_UP = 2.5
# Callers wait meanwhile, and the lease must not run out between two steps.
LIVEKIT_SECONDS = 2.0
# So many rooms are helped side by side.
AT_ONCE = 16

NOBODY = Sight((), (), ())
# A kind of CallEvent.
SENT_AGAIN = "assistant_sent_again"


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

    def watched(
        self, now: datetime, alone: timedelta | None, told: "Told", rings: Rings
    ) -> Watched:
        is_answered = any(leg.call.state == Call.State.ANSWERED for leg in self.legs)
        calling = [leg for leg in self.legs if not leg.call.is_outbound]
        since = min((leg.joined_at or leg.call.started_at for leg in calling), default=now)
        # While people were rung, no assistant was to speak.
        since = max(since, rings.over_since(self.call) or since)
        sent = told.sent.get(self.sid)
        return Watched(
            rings=bool(calling) and not is_answered,
            waiting=now - since,
            is_dialled=not calling and not is_answered,
            silent=silence_of(self.call),
            alone=alone,
            sent=now - sent if sent else None,
            failed=self.sid in told.failed,
            has_people=rings.has_fallback(self.call)
            or (self.sid in told.closed and rings.may_fall_back(self.call)),
            when_full=self.call.rule.when_full if self.call.rule else WhenFull.QUEUE,
        )


@dataclass(frozen=True)
class Told:
    """Of rooms, as facts of the last minute: an assistant could not start, or was sent again; or it
    is not to speak, since people are rung outside the hours (then it is among `failed`, too).
    """

    failed: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    sent: dict[str, datetime] = field(default_factory=dict)


@dataclass
class Memory:
    """Since when rooms are without a living job, and workers without a sign of life."""

    alone: dict[str, float] = field(default_factory=dict)
    # Of a worker: what it wrote as its time, and for how many seconds of ours it wrote nothing.
    silent: dict[int, tuple[datetime, float]] = field(default_factory=dict)

    def note(self, alone: set[str], lost: Container[str] = ()) -> None:
        """These are alone now, and no others; the `lost` ones without a doubt."""
        now = time.monotonic()
        doubtless = now - GRACE.total_seconds()
        begun = {sid: doubtless if sid in lost else now for sid in alone}
        self.alone = {sid: min(self.alone.get(sid, now), begun[sid]) for sid in alone}

    def forget_looks(self) -> None:
        self.alone.clear()

    def since(self, sid: str) -> timedelta | None:
        """For so long it is alone; None: it is not."""
        return timedelta(seconds=time.monotonic() - self.alone[sid]) if sid in self.alone else None

    def living(self, workers: Sequence[Worker], now: datetime, passed: float) -> list[Worker]:
        """Those who wrote lately, by our own clock: theirs may be wrong. `passed` are the seconds
        since the last look.
        """
        self.silent = {each.pk: self._silence(each, now, passed) for each in workers}
        return [each for each in workers if self.silent[each.pk][1] < WORKER_IS_DEAD]

    def _silence(self, worker: Worker, now: datetime, passed: float) -> tuple[datetime, float]:
        if is_gone(worker):
            return worker.seen_at, WORKER_IS_DEAD
        if worker.pk not in self.silent:
            is_left = worker.seen_at < now - WORKER_IS_GONE
            return worker.seen_at, WORKER_IS_DEAD if is_left else 0.0
        written, silent = self.silent[worker.pk]
        return worker.seen_at, silent + passed if written == worker.seen_at else 0.0


@dataclass(frozen=True)
class Case:
    """A room with what is known of it, which may need help."""

    room: Room
    watched: Watched


class Watchdog:
    """Looks after calls until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._holder: uuid.UUID | None = None
        self._renewed = self._looked = float("-inf")
        self._memory, self._unfolded, self._ringer = Memory(), Unfolded(), Ringer()

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
        passed = time.monotonic() - self._looked
        self._looked = time.monotonic()
        if passed > HELD_UP:
            self._memory.forget_looks()
        stays.tell(now)
        rooms = watched_rooms() + self._unfolded_rooms(now)
        rings = self._rings([room.call for room in rooms], now)
        rooms = [room for room in rooms if room.sid not in rings.held]
        # Looked at without any room, too: who fell silent is known when a caller comes.
        every = list(Worker.objects.all())
        workers = self._memory.living(every, now, min(passed, HELD_UP))
        served = served_by(workers)
        alone = {room.sid for room in rooms if room.call.room_name not in served}
        left = served_by(filter(is_gone, every))
        self._memory.note(alone, {room.sid for room in rooms if room.call.room_name in left})
        queue = Queue.of({room.sid for room in rooms})
        queue = queue.relieve(lambda row: row.room_name in served)
        free = queueing.free_places(workers)
        takes_calls = free > len(queue.rows)
        line = Line(
            takes_calls=takes_calls,
            stands_in=bool(rooms) and Pulse.is_felt(standin.PULSE, standin.PULSE_IS_OLD),
            is_full=not takes_calls and any(map(queueing.is_open, workers)),
        )
        moved = queue.advance()
        for room in rooms:
            if room.sid in moved:
                changed("call", room.call.pk)
        self._call_in(queue.turns(free, now), rooms, now)
        told = told_lately(alone, now) if alone else Told()
        cases = [Case(x, x.watched(now, self._memory.since(x.sid), told, rings)) for x in rooms]
        wanted = [case for case in cases if decide(case.watched, line) is not Step.NOTHING]
        # Asked only for the few rooms in trouble.
        sids = [case.room.sid for case in wanted]
        busy = StandIn.objects.busy_in(sids, now) if wanted else set()
        self._help([case for case in wanted if case.room.sid not in busy], line)

    def _call_in(self, turns: Sequence[StandIn], rooms: Sequence[Room], now: datetime) -> None:
        """An assistant is sent to each of these callers, who wait for one."""
        found = {room.sid: room for room in rooms}
        sent = [found[row.room_sid].call for row in turns if queueing.claim(row, now)]
        if sent:
            with LiveKit.from_settings(LIVEKIT_SECONDS) as livekit:
                for done in livekit.together([Send(livekit, call, NOBODY) for call in sent]):
                    feel(done)

    def _unfolded_rooms(self, now: datetime) -> list[Room]:
        """Where LiveKit is away, nobody can be helped."""
        asks = self._unfolded.is_due
        try:
            rooms = [Room(legs) for legs in self._unfolded.legs(now)]
        except LiveKitError as error:
            livekit_outage.felt(error)
            return []
        if asks:
            livekit_outage.over()
        return rooms

    def _rings(self, calls: Sequence[Call], now: datetime) -> Rings:
        """The searches for our people go one step on."""
        rings = Rings(self._ringer.begin(calls))
        try:
            self._ringer.step(rings.rows, now)
        except LiveKitError as error:
            livekit_outage.felt(error)
        return rings

    def _help(self, cases: Sequence[Case], line: Line) -> None:
        """What LiveKit refuses is tried again at the next look. A slow one may cost us the lease:
        then somebody else helps.
        """
        if not cases:
            return
        with LiveKit.from_settings(LIVEKIT_SECONDS) as livekit:
            for start in range(0, len(cases), AT_ONCE):
                some = cases[start : start + AT_ONCE]
                looks = livekit.together([Look(livekit, x.room.call.room_name) for x in some])
                if not self._is_ours():
                    return
                works = works_of(livekit, line, zip(some, looks, strict=True))
                for done in livekit.together(works) if works else ():
                    feel(done)
                if not self._is_ours():
                    return


def works_of(
    livekit: LiveKit, line: Line, looked: Iterable[tuple[Case, Sight | LiveKitError]]
) -> list[Callable[[], None]]:
    """What is to be done in these rooms. It is written down before it is done: the network is
    asked side by side, the database not.
    """
    works: list[Callable[[], None]] = []
    for case, seen in looked:
        if not is_alone(seen):
            continue
        watched = as_seen(case.watched, seen)
        step = decide(watched, line)
        if step is Step.FIND_PEOPLE or is_turned_away(case.room, step):
            if find_people(case.room):
                works.append(Clear(livekit, case.room.call.room_name, seen))
                continue
            step = decide(replace(watched, has_people=False), line)
            if is_turned_away(case.room, step):
                step = Step.STAND_IN
                observe(case.room, TOLD)
        if step in (Step.STAND_IN, Step.QUEUE):
            if step is Step.QUEUE:
                queue_up(case.room)
            else:
                offers = watched.failed or watched.meets_full(line)
                stand_in(case.room, offers_call_back=offers)
            works.append(Clear(livekit, case.room.call.room_name, seen))
        elif step is Step.SEND_AGAIN:
            observe(case.room, SENT_AGAIN)
            works.append(Send(livekit, case.room.call, seen))
    return works


def observe(room: Room, kind: str) -> None:
    intake.store([stays.observed(leg, kind, timezone.now()) for leg in room.legs])


def is_turned_away(room: Room, step: Step) -> bool:
    """Would he wait for an assistant who only tells him that it is closed?"""
    if step is not Step.QUEUE:
        return False
    ruling = opening.ruling_of(room.call)
    return ruling.is_closed and ruling.outside is not Outside.AGENT


def stand_in(room: Room, *, offers_call_back: bool = False) -> None:
    """The last resort is asked to speak, and to offer a call back where one is possible."""
    about = apology_in(room, opening.ruling_of(room.call))
    about["offers_call_back"] = offers_call_back and may_be_called_back(room, about)
    StandIn.ask(room.sid, room.call.room_name, language_of(room.call), **about)


def queue_up(room: Room) -> None:
    """The last resort plays music until an assistant is free. Who waits already keeps his place."""
    about = hold_in(room, opening.ruling_of(room.call)) | {"summary": ""}
    place = StandIn.objects.queued().count() + 1
    StandIn.hold(room.sid, room.call.room_name, language_of(room.call), place=place, **about)


def may_be_called_back(room: Room, about: Mapping[str, Any]) -> bool:
    """Of several who hear the offer, one alone cannot be."""
    return about["will_call_back"] and len(room.legs) == 1


def apology_in(room: Room, ruling: Ruling) -> dict[str, Any]:
    call, language = room.call, language_of(room.call)
    mid_call = call.answered_at is not None
    closed = "" if mid_call else opening.said_by_last_resort(call, ruling, language)
    return {
        "mid_call": mid_call,
        "will_call_back": all(calling_back.number_of(leg.call) for leg in room.legs),
        "text": closed or opening.apology_of(call, ruling, language),
    }


def hold_in(room: Room, ruling: Ruling) -> dict[str, Any]:
    about = apology_in(room, ruling)
    return about | {
        "is_transfer": False,
        "summary": summary_of(room.call),
        "offers_call_back": may_be_called_back(room, about),
    }


def find_people(room: Room) -> bool:
    """Those whom the rule names for need, or the place outside its hours, are rung, and the last
    resort plays music meanwhile. False: none of them can be rung now.
    """
    call, ruling = room.call, opening.ruling_of(room.call)
    if call.rings.filter(why=Ring.Why.FALLBACK).exists():
        return False
    people = opening.people_in_need(call, ruling)
    if not ringing.is_anybody_free(people, call):
        return False
    try:
        with transaction.atomic():
            ringing.begin(call, Ring.Why.FALLBACK, people)
            # Where it is away, the colleague's telephone is heard ringing instead.
            if Pulse.is_felt(standin.PULSE, standin.PULSE_IS_OLD):
                StandIn.hold(room.sid, call.room_name, language_of(call), **hold_in(room, ruling))
    except ringing.AlreadyRings:
        return True
    return True


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


def hanging_rooms(now: datetime) -> set[str]:
    """Names of the rooms in which somebody has waited too long for an assistant's first sound."""
    rooms = watched_rooms()
    calls = [room.call for room in rooms]
    rings = Rings(list(Ring.objects.filter(call__in=calls).select_related("call")))
    return {
        room.call.room_name
        for room in rooms
        if room.sid not in rings.held and room.watched(now, None, Told(), rings).hangs
    }


def told_lately(sids: set[str], now: datetime) -> Told:
    """What facts tell of these rooms; what is older belongs to a trouble that is over."""
    facts = CallEvent.objects.filter(room_sid__in=list(sids), at__gte=now - FORGOTTEN)
    sent = facts.filter(source=CallEvent.Source.OBSERVER, kind=SENT_AGAIN).order_by("at")
    failed = set(facts.failed().values_list("room_sid", flat=True))
    closed = facts.filter(source=CallEvent.Source.AGENT, kind__in=FOR_PEOPLE)
    rung = set(closed.values_list("room_sid", flat=True))
    return Told(failed=failed | rung, closed=rung, sent=dict(sent.values_list("room_sid", "at")))


def served_by(workers: Iterable[Worker]) -> set[str]:
    """Names of the rooms in which they have a job."""
    return {job["room"] for worker in workers for job in worker.jobs}


def is_gone(worker: Worker) -> bool:
    """We would see its process, and do not: nobody waits until its row is old."""
    is_near = worker.pid_space != "" and worker.pid_space == processes.space()
    return is_near and processes.is_gone(worker.pid)


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
            recording=self.call.rule.recording if self.call.rule else "",
            came=self.call.started_at.isoformat(),
            first=True,
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
