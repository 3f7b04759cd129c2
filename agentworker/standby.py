"""The voice of last resort: a process that only waits, enters a room when asked, and says that
nobody can answer. It has no speech models and no job processes, so there is little that can fail.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from livekit import rtc

from agentworker import last_words
from agentworker.last_words import Sound
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
        """What it has begun to say is said to the end."""
        await asyncio.to_thread(last_words.prepare)
        while not self._stopping.is_set():
            try:
                for row in await read(self._look):
                    self._begin(row)
                outage.over()
            except DatabaseError as error:
                outage.felt(error)
                await read(close_old_connections)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
        await asyncio.gather(*self._at_work.values())
        if self._holder:
            await read(lambda: Lease.release(LEASE, self._holder))  # type: ignore[arg-type]  # not None

    def _look(self) -> list[StandIn]:
        """Rooms into which we are asked and have not gone. Raises DatabaseError."""
        if not self._is_ours():
            return []
        return list(StandIn.objects.to_do().exclude(pk__in=list(self._at_work)))

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
        return self._holder is not None

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
    error, relieved = "", False
    try:
        relieved = await speak(row)
    except Exception as failure:
        log.exception("the last resort failed in room %s", row.room_sid)
        error = type(failure).__name__
    if not relieved:
        await asyncio.to_thread(end, row.room_name)
    await note(row, over_at=timezone.now(), error=error)


async def speak(row: StandIn) -> bool:
    """Until all is said, or nobody hears it any more. True: one of our people talks to him now."""
    said = await asyncio.to_thread(
        last_words.sound,
        row.language,
        mid_call=row.mid_call,
        will_call_back=row.will_call_back,
    )
    room, heard, alone = rtc.Room(), asyncio.Event(), asyncio.Event()
    room.on("local_track_subscribed", lambda _track: heard.set())
    room.on("participant_disconnected", lambda _who: None if callers(room) else alone.set())
    token = standby_token(identity=f"standby-{row.pk}", room=row.room_name)
    await room.connect(settings.LIVEKIT_URL, token, rtc.RoomOptions(auto_subscribe=False))
    source = rtc.AudioSource(said.rate, 1)
    try:
        if not callers(room):
            return False
        track = rtc.LocalAudioTrack.create_audio_track("standby", source)
        # The token allows no other source, and LiveKit says nothing where it is another.
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), HEARD_SECONDS)
            await note(row, spoke_at=timezone.now())
            await first(play(source, said), alone.wait())
        return is_relieved(room)
    finally:
        await source.aclose()
        await room.disconnect()


async def first(*works: Any) -> None:
    """Until one of these is done."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def is_relieved(room: rtc.Room) -> bool:
    roles = {who.attributes.get("veyra.role") for who in room.remote_participants.values()}
    return bool(roles & {"supervisor", "colleague"})


def callers(room: rtc.Room) -> list[str]:
    """Telephones and browsers in the room."""
    return [
        someone.identity
        for someone in room.remote_participants.values()
        if someone.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        or someone.attributes.get("veyra.role") == "browser"
    ]


async def play(source: rtc.AudioSource, sound: Sound) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    size = int(sound.rate * FRAME_SECONDS) * 2
    for start in range(0, len(sound.samples), size):
        data = sound.samples[start : start + size]
        await source.capture_frame(rtc.AudioFrame(data, sound.rate, 1, len(data) // 2))
    await source.wait_for_playout()
    await asyncio.sleep(PAUSE_SECONDS)


def end(room: str) -> None:
    """The call ends with its room."""
    try:
        with LiveKit.from_settings() as livekit:
            livekit.delete_room(room)
    except LiveKitError as error:
        if error.code != "not_found":  # the watchdog finds whoever is still there
            log.warning("a room was not ended: %s", error.code)


async def note(row: StandIn, **values: Any) -> None:
    try:
        await read(lambda: StandIn.objects.filter(pk=row.pk).update(**values))
    except DatabaseError as error:
        outage.felt(error)
