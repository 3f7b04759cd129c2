"""The voice of last resort: a process that only waits, enters a room when asked, and says that
nobody can answer. It has no speech models and no job processes, so there is little that can fail.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from livekit import rtc

from agentworker import last_words
from agentworker.last_words import Sound
from agentworker.people import Person
from agentworker.presence import people
from agentworker.standin import PULSE, StandIn
from veyra.livekit.client import LiveKit
from veyra.livekit.tokens import standby_token
from veyra.livekit.types import LiveKitError
from veyra.models import Lease, Pulse
from veyra.outage import Outage

log = logging.getLogger(__name__)
outage = Outage(log, "the database is away")
T = TypeVar("T")

LOOK_SECONDS = 0.2
# Of a process that was killed another takes over after so long, and with it what it had begun.
LEASE, LEASE_SECONDS, RENEW_SECONDS = "standby", 4.0, 1.0
# The caller's telephone is answered by our sound; who cannot hear it by then is gone.
HEARD_SECONDS = 5.0
# A moment of silence after the call is put through, and before it is ended.
PAUSE_SECONDS = 0.5
FRAME_SECONDS = 0.02
# An assistant who lives no more is taken out of the room by then; LiveKit answers by then.
CLEARED_SECONDS = 2.0


class Standby:
    """Stands in until `stop`."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._holder: uuid.UUID | None = None
        self._renewed = float("-inf")
        self._at_work: dict[int, asyncio.Task[None]] = {}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """What it has begun to say is said to the end, and meanwhile nobody else begins."""
        await asyncio.to_thread(last_words.prepare)
        while self._at_work or not self._stopping.is_set():
            try:
                for row in await read(self._look):
                    self._begin(row)
                outage.over()
            except DatabaseError as error:
                outage.felt(error)
                await read(close_old_connections)
            await asyncio.sleep(LOOK_SECONDS)
        if self._holder:
            await read(lambda: Lease.release(LEASE, self._holder))  # type: ignore[arg-type]  # not None

    def _look(self) -> list[StandIn]:
        """Rooms into which we are asked and have not gone. Raises DatabaseError."""
        if not self._is_ours() or self._stopping.is_set():
            return []
        return list(StandIn.objects.to_do(timezone.now()).exclude(pk__in=list(self._at_work)))

    def _is_ours(self) -> bool:
        """Do we hold the lease? While we do, we show life."""
        now = time.monotonic()
        if self._holder and now - self._renewed < RENEW_SECONDS:
            return True
        if self._holder and not Lease.renew(LEASE, self._holder, LEASE_SECONDS):
            log.warning("the lease was lost")
            self._holder = None
        if self._holder is None:
            self._holder = Lease.take(LEASE, LEASE_SECONDS)
        if self._holder:
            self._renewed = now
            Pulse.beat(PULSE)
            self._close_forgotten()
        return self._holder is not None

    def _close_forgotten(self) -> None:
        """So that no page tells of an apology that nobody speaks."""
        now = timezone.now()
        rows = StandIn.objects.forgotten(now).exclude(pk__in=list(self._at_work))
        rows.update(over_at=now, error="forgotten")

    def _begin(self, row: StandIn) -> None:
        task = asyncio.create_task(stand_in(row))
        self._at_work[row.pk] = task
        task.add_done_callback(lambda _done: self._at_work.pop(row.pk))


async def read(ask: Callable[[], T]) -> T:
    """Ask the database, from the one thread that talks to it."""
    answer: T = await sync_to_async(ask, thread_sensitive=True)()
    return answer


async def stand_in(row: StandIn) -> None:
    """Say what is to be said, end the call, and close the row, whatever happens."""
    visit, error = Visit(row), ""
    try:
        await visit.make()
    except Exception as failure:
        log.exception("the last resort failed in room %s", row.room_sid)
        error = type(failure).__name__
    if not visit.taken_over:
        await note(row, over_at=timezone.now(), error=error)


class Visit:
    """Of one room. `taken_over`: another process of ours is in it in our place."""

    def __init__(self, row: StandIn) -> None:
        self.row, self.room = row, rtc.Room()
        self.taken_over = False
        self._heard, self._enough = asyncio.Event(), asyncio.Event()
        self.room.on("local_track_subscribed", lambda _track: self._heard.set())
        self.room.on("participant_disconnected", self._on_left)
        self.room.on("disconnected", self._on_lost)

    async def make(self) -> None:
        """Enter, speak until nobody hears it any more, and end the call of who was there."""
        token = standby_token(identity=f"standby-{self.row.pk}", room=self.row.room_name)
        options = rtc.RoomOptions(auto_subscribe=False)
        await self.room.connect(settings.LIVEKIT_URL, token, options)
        try:
            if not await self._is_needed():
                return
            there = {someone.sid for someone in people(self.room)}
            try:
                await self._tell()
            finally:
                if self.room.isconnected():  # so the room of this name is the one we know
                    gone = to_let_go(people(self.room), there)
                    await asyncio.to_thread(let_go, self.row.room_name, gone)
        finally:
            await self.room.disconnect()

    async def _is_needed(self) -> bool:
        """Is it the room we were asked into, and is nobody there who talks to the caller?"""
        async with asyncio.timeout(CLEARED_SECONDS):
            if await self.room.sid != self.row.room_sid:
                return False
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEARED_SECONDS):
                while is_spoken_to(people(self.room)):
                    await asyncio.sleep(LOOK_SECONDS)
        here = people(self.room)
        return not is_spoken_to(here) and any(someone.is_caller for someone in here)

    async def _tell(self) -> None:
        row = self.row
        said = await asyncio.to_thread(
            last_words.sound,
            row.language,
            mid_call=row.mid_call,
            will_call_back=row.will_call_back,
        )
        source = rtc.AudioSource(said.rate, 1)
        try:
            track = rtc.LocalAudioTrack.create_audio_track("standby", source)
            # The token allows no other source, and LiveKit says nothing where it is another.
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await self.room.local_participant.publish_track(track, options)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), HEARD_SECONDS)
                if row.spoke_at is None:  # else another process has said a part of it
                    await note(row, spoke_at=timezone.now())
                await first(play(source, said), self._enough.wait())
        finally:
            await source.aclose()

    def _on_left(self, _who: rtc.RemoteParticipant) -> None:
        if not any(someone.is_caller for someone in people(self.room)):
            self._enough.set()

    def _on_lost(self, reason: int) -> None:
        self.taken_over = reason == rtc.DisconnectReason.DUPLICATE_IDENTITY
        self._enough.set()


async def first(*works: Any) -> None:
    """Until one of these is done."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def is_spoken_to(here: Iterable[Person]) -> bool:
    return any(someone.speaks_for_us for someone in here)


def to_let_go(here: Iterable[Person], there: Collection[str]) -> list[str]:
    """Identities of the callers who were `there` (sids) from the start: who came later has not
    heard it all. Nobody, where somebody talks to them by now.
    """
    here = list(here)
    if is_spoken_to(here):
        return []
    return [someone.identity for someone in here if someone.is_caller and someone.sid in there]


async def play(source: rtc.AudioSource, sound: Sound) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    size = int(sound.rate * FRAME_SECONDS) * 2
    for start in range(0, len(sound.samples), size):
        data = sound.samples[start : start + size]
        await source.capture_frame(rtc.AudioFrame(data, sound.rate, 1, len(data) // 2))
    await source.wait_for_playout()
    await asyncio.sleep(PAUSE_SECONDS)


def let_go(room: str, identities: Iterable[str]) -> None:
    """Their calls end; the watchdog finds whoever is still there."""
    with LiveKit.from_settings() as livekit:
        for identity in identities:
            try:
                livekit.remove_participant(room, identity)
            except LiveKitError as error:
                if error.code != "not_found":
                    log.warning("a call was not ended: %s", error.code)


async def note(row: StandIn, **values: Any) -> None:
    try:
        await read(lambda: StandIn.objects.filter(pk=row.pk).update(**values))
    except DatabaseError as error:
        outage.felt(error)
