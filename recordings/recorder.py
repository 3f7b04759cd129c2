"""Our own recorder: it enters every room that is to be recorded and that nobody records.

That are calls whose recording staff asked for, until LiveKit's own program has begun (see
recordings.talks), and those whose assistant died, left, or was never there. Several processes may
run, and share the rooms: each room is held by a lease of its own, so of one that was killed another
takes over. Where the database is away, what was begun goes on.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Container, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from agentworker.recording import RecordingPolicy
from agentworker.rows import read
from agentworker.taping import PULSE, stuck
from agentworker.taping.parts import Origin
from agentworker.taping.stay import PAUSED, STOPPED, Stay
from recordings import expecting
from recordings.deciding import DEEDS, Verdict
from recordings.models import Recorder, Recording
from recordings.orders import tell_jobs
from telephony import intake
from telephony.models import CallEvent
from veyra.models import Lease, Pulse
from veyra.outage import Outage

log = logging.getLogger(__name__)
outage = Outage(log, "the database is away")

LOOK_SECONDS = 0.5
# Of a process that was killed another takes over after so long.
LEASE, LEASE_SECONDS, RENEW_SECONDS = "recorder:", 4.0, 1.0
# Before the ids of our facts.
FACT = "recorder:"
# So many rooms at once, each of which takes 6 % of a processor: others are left to other processes.
MOST = 24
# An assistant that records its own call says so by then.
PATIENCE = 1.5
# We are let into a room by then; if not, we go on trying.
ENTER_SECONDS = 2.0
# An order to a job is given again where no fact says by then that it is carried out.
AGAIN_SECONDS = 2.0


@dataclass(frozen=True)
class Room:
    """A room that is to be recorded now.

    `lacks`: nobody says that he does it. `may_begin`: its assistant may be about to.
    """

    sid: str
    name: str
    lacks: bool
    may_begin: bool


@dataclass(frozen=True)
class Taken:
    """A room that is ours, by the lease of `holder`."""

    stay: Stay
    holder: uuid.UUID
    since: datetime


@dataclass
class Plan:
    """What follows from a look: rooms to enter, with the lease of each; rooms to leave, with the
    fact that tells of it; and what jobs are to be told, by the name of their room.
    """

    enter: list[tuple[Room, uuid.UUID]] = field(default_factory=list)
    leave: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)


def rooms(found: Iterable[tuple[Recording, Verdict]]) -> dict[str, Room]:
    """By sid, those that are to be recorded by us or by an assistant. In one room there may be
    several calls: it is recorded while one of them is.
    """
    wanted: dict[str, Room] = {}
    for row, verdict in found:
        if verdict.wanted != Recording.Wanted.ON or row.egress_id or not row.room_sid:
            continue
        is_new = row.state == Recording.State.EXPECTED
        may_begin = is_new and verdict.policy != RecordingPolicy.PRESSED
        wanted[row.room_sid] = Room(row.room_sid, row.room_name, verdict.lacks_recorder, may_begin)
    return wanted


def endings(found: Iterable[tuple[Recording, Verdict]]) -> dict[str, str]:
    """Of rooms that are not to be recorded, the fact that tells why we leave."""
    paused = Recording.Wanted.PAUSED
    return {row.room_sid: PAUSED for row, verdict in found if verdict.wanted == paused}


def orders(found: Iterable[tuple[Recording, Verdict]]) -> dict[str, str]:
    """What jobs have not done yet that they were told: by the name of their room."""
    return {row.room_name: verdict.order for row, verdict in found if verdict.order}


def relieved(events: Iterable[CallEvent], since: Mapping[str, datetime]) -> set[str]:
    """Rooms in which somebody else began to record after we did, as far as `events`, by time,
    tell.
    """
    last = {(event.room_sid, event.event_id.rpartition(":")[0]): event for event in events}
    return {
        sid
        for (sid, _who), event in last.items()
        if DEEDS[event.kind] == Recording.Wanted.ON and event.at > since[sid]
    }


class RoomRecorder:
    """Records until `stop`; one in each process."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._taken: dict[str, Taken] = {}
        # Rooms that are over, though their calls do not say so yet.
        self._gone: set[str] = set()
        self._renewed = float("-inf")
        # Since when nobody records a room, and when a job was told something, by our clock.
        self._lacking: dict[str, float] = {}
        self._ordered: dict[tuple[str, str], float] = {}
        # Stored at the next look: it may find the database away.
        self._facts: list[CallEvent] = []
        self._released: list[tuple[str, uuid.UUID]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """What is begun ends with us; another process goes on with it."""
        while not self._stopping.is_set():
            await self._do(self._look)
            await asyncio.sleep(LOOK_SECONDS)
        await self._carry_out(Plan(leave=dict.fromkeys(self._taken, STOPPED)))
        await self._do(self._store)

    async def _do(self, work: Callable[[], Plan | None]) -> None:
        try:
            plan = await read(work)
        except DatabaseError as error:
            outage.felt(error)
            await read(close_old_connections)
            return
        except Exception:  # what is being recorded goes on
            log.exception("a look failed")
            return
        outage.over()
        if plan:
            await self._carry_out(plan)

    # In the thread of the database

    def _look(self) -> Plan:
        """Raises DatabaseError."""
        is_due = self._is_due()
        if is_due:
            Pulse.beat(PULSE)
            stuck.tell()
        self._store()
        now = timezone.now()
        found = expecting.look(now)
        wanted = rooms(found)
        told = {name: order for name, order in orders(found).items() if self._is_time(name, order)}
        leave = self._to_leave(found, wanted, self._lost() if is_due else set())
        plan = Plan(leave=leave, orders=told)
        orphans = self._orphans(now, wanted)
        for room in self._to_enter(wanted, orphans):
            if holder := Lease.take(LEASE + room.sid, LEASE_SECONDS):
                plan.enter.append((room, holder))
        return plan

    def _is_due(self) -> bool:
        """Is it time to show life? Not at each look: it writes."""
        now = time.monotonic()
        if now - self._renewed < RENEW_SECONDS:
            return False
        self._renewed = now
        return True

    def _to_leave(
        self,
        found: list[tuple[Recording, Verdict]],
        wanted: Mapping[str, Room],
        lost: Collection[str],
    ) -> dict[str, str]:
        if not self._taken:
            return {}
        since = {sid: taken.since for sid, taken in self._taken.items()}
        events = CallEvent.objects.filter(room_sid__in=since, kind__in=DEEDS)
        by_others = events.exclude(event_id__startswith=FACT).order_by("at", "pk")
        leave = relieved(by_others, since) | {*lost} | (since.keys() - wanted.keys())
        why = endings(found)
        return {sid: why.get(sid, STOPPED) for sid in leave}

    def _lost(self) -> set[str]:
        """Rooms that another process holds by now. One that nobody took while the database was away
        is ours still.
        """
        holders = {taken.holder: sid for sid, taken in self._taken.items()}
        ours = Lease.objects.filter(holder__in=holders)
        ours.update(until=timezone.now() + timedelta(seconds=LEASE_SECONDS))
        return set(holders.values()) - {
            holders[holder] for holder in ours.values_list("holder", flat=True)
        }

    def _orphans(self, now: datetime, wanted: Mapping[str, Room]) -> set[str]:
        """Rooms whose recorder was killed: its own facts tell that it records."""
        left = Lease.objects.filter(name__startswith=LEASE, until__lt=now)
        names = set(left.values_list("name", flat=True))
        orphans = {name.removeprefix(LEASE) for name in names}
        left.filter(name__in=[LEASE + sid for sid in orphans - wanted.keys()]).delete()
        return orphans

    def _to_enter(self, wanted: Mapping[str, Room], orphans: Container[str]) -> list[Room]:
        now = time.monotonic()
        lacking = [room for room in wanted.values() if room.lacks or room.sid in orphans]
        self._lacking = {room.sid: self._lacking.get(room.sid, now) for room in lacking}
        self._gone &= wanted.keys()
        ready = [
            room
            for room in lacking
            if room.sid not in self._taken
            and room.sid not in self._gone
            and not (room.may_begin and now - self._lacking[room.sid] < PATIENCE)
        ]
        return ready[: max(0, MOST - len(self._taken))]

    def _is_time(self, name: str, order: str) -> bool:
        now = time.monotonic()
        told = {key: at for key, at in self._ordered.items() if now - at < AGAIN_SECONDS}
        self._ordered = told | {(name, order): told.get((name, order), now)}
        return (name, order) not in told

    def _store(self) -> None:
        """What was done since. Raises DatabaseError."""
        facts, released = list(self._facts), list(self._released)
        intake.store_each(facts)
        for sid, holder in released:
            Lease.release(LEASE + sid, holder)
        del self._facts[: len(facts)], self._released[: len(released)]

    # In the loop

    async def _carry_out(self, plan: Plan) -> None:
        self._put_away()
        await asyncio.gather(*(self._leave(sid, kind) for sid, kind in plan.leave.items()))
        for room, holder in plan.enter:
            self._enter(room, holder)
        if plan.orders:
            self._keep(asyncio.to_thread(tell_jobs, plan.orders))

    def _put_away(self) -> None:
        """Stays that are over by themselves."""
        for sid, taken in list(self._taken.items()):
            if taken.stay.is_over:
                self._taken.pop(sid)
                self._released.append((sid, taken.holder))
                self._gone |= {sid} if taken.stay.room_is_gone else set()

    async def _leave(self, sid: str, kind: str) -> None:
        if taken := self._taken.pop(sid, None):
            await taken.stay.leave(kind)
            self._released.append((sid, taken.holder))

    def _enter(self, room: Room, holder: uuid.UUID) -> None:
        origin = Origin(room.name, room.sid, Recorder.OURS)
        # One name for whoever has the lease: who has lost it is thrown out by the next.
        stay = Stay(origin, f"recorder-{room.sid}", partial(self._tell, room))
        self._taken[room.sid] = Taken(stay, holder, timezone.now())
        self._keep(stay.start(ENTER_SECONDS))

    def _tell(self, room: Room, kind: str, **payload: str) -> None:
        fact = CallEvent(
            event_id=f"{FACT}{uuid.uuid4()}",
            source=CallEvent.Source.OBSERVER,
            kind=kind,
            at=timezone.now(),
            payload=payload,
            room_sid=room.sid,
            room_name=room.name,
        )
        self._facts.append(fact)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        # The loop itself holds tasks only weakly.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
