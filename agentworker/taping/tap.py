"""A hidden participant that hears everybody in one room, and puts it down while it is told to."""

import asyncio
from contextlib import suppress

import numpy as np
from django.conf import settings
from livekit import rtc

from agentworker.people import Person
from agentworker.presence import person
from agentworker.taping.parts import Origin
from agentworker.taping.sound import RATE, Lane
from agentworker.taping.tape import Tape
from veyra.livekit.tokens import recorder_token

# The fewer frames, the less work; they only delay what is written.
FRAME_MS = 100
WRITE_SECONDS = 0.1
# Who leaves waits no longer for LiveKit to say that it knows.
LEAVE_SECONDS = 2.0
# The room is gone, we were sent out of it, or another process of ours has taken the place.
FOR_GOOD = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.DUPLICATE_IDENTITY,
        rtc.DisconnectReason.PARTICIPANT_REMOVED,
        rtc.DisconnectReason.ROOM_CLOSED,
        rtc.DisconnectReason.ROOM_DELETED,
    }
)


class NoSuchRoomError(Exception):
    """The room is gone; one that has its name now is another."""


def lane_of(someone: Person) -> Lane:
    """Telephones and browsers that call are on the left, a telephone of a colleague is not."""
    is_caller = someone.is_party and someone.role != "colleague"
    return Lane.CALLER if is_caller else Lane.OURS


class Tap:
    """In the room from `enter` to `leave`; what it hears is kept between `start` and `stop`."""

    def __init__(self, origin: Origin, identity: str) -> None:
        self.origin, self.identity = origin, identity
        self.tape: Tape | None = None
        # There is nothing to come back to; or another process of ours is there in our place.
        self.is_over = self.was_replaced = False
        self.room = rtc.Room()
        self._lost = asyncio.Event()
        self._ears: dict[str, asyncio.Task[None]] = {}
        self._hears = asyncio.Condition()
        self._heard: set[str] = set()
        self.room.on("track_subscribed", self._on_track)
        self.room.on("track_published", self._on_published)
        self.room.on("track_unsubscribed", self._on_track_gone)
        self.room.on("disconnected", self._on_lost)

    async def enter(self) -> None:
        """Raises rtc.ConnectError, NoSuchRoomError."""
        token = recorder_token(identity=self.identity, room=self.origin.room_name)
        await self.room.connect(settings.LIVEKIT_URL, token, rtc.RoomOptions(auto_subscribe=True))
        if await self.room.sid != self.origin.room_sid:
            await self.room.disconnect()
            raise NoSuchRoomError(self.origin.room_sid)

    def start(self) -> str:
        """Keep what is heard from now on: the id of the part. Raises OSError."""
        if self.tape is None:
            self.tape = Tape(self.origin)
        return self.tape.part

    def stop(self) -> None:
        """Of what is heard from now on nothing is kept. Raises OSError."""
        tape, self.tape = self.tape, None
        if tape:
            tape.end()

    async def until_lost(self) -> None:
        """Write what is heard, until the room is gone or we are out of it. Raises OSError."""
        while not self._lost.is_set():
            await asyncio.sleep(WRITE_SECONDS)
            if self.tape:
                self.tape.advance()

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    async def until_hears(self, identity: str) -> None:
        """Until this one's sound reaches us."""
        async with self._hears:
            await self._hears.wait_for(lambda: identity in self._heard)

    async def leave(self) -> None:
        for ear in list(self._ears.values()):
            ear.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await asyncio.gather(*self._ears.values(), return_exceptions=True)
                await self.room.disconnect()

    def _on_published(
        self, publication: rtc.RemoteTrackPublication, _who: rtc.RemoteParticipant
    ) -> None:
        if publication.kind != rtc.TrackKind.KIND_AUDIO:
            publication.set_subscribed(False)

    def _on_track(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            ear = asyncio.create_task(self._listen(track, participant))
            self._ears[track.sid] = ear

    def _on_track_gone(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        _who: rtc.RemoteParticipant,
    ) -> None:
        if ear := self._ears.pop(track.sid, None):
            ear.cancel()

    def _on_lost(self, reason: int) -> None:
        self.is_over = reason in FOR_GOOD
        self.was_replaced = reason == rtc.DisconnectReason.DUPLICATE_IDENTITY
        self._lost.set()

    async def _listen(self, track: rtc.Track, participant: rtc.RemoteParticipant) -> None:
        lane, sid = lane_of(person(participant)), track.sid
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=FRAME_MS)
        async with self._hears:
            self._heard.add(participant.identity)
            self._hears.notify_all()
        try:
            async for event in stream:
                if self.tape:
                    self.tape.hear(sid, lane, np.frombuffer(event.frame.data, np.int16))
        finally:
            await stream.aclose()
