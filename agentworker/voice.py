"""Recorded sound as a track of a room, and who may hear it."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Self

from livekit import rtc

from agentworker.last_words import Sound

FRAME_SECONDS = 0.02
# A moment of silence after a call is put through, and before it is ended.
PAUSE_SECONDS = 0.5
# Our sound answers a telephone that rings; who cannot hear it by then is gone.
HEARD_SECONDS = 5.0


class Voice:
    """One track of ours, from `publish` to `close`."""

    def __init__(self, room: rtc.Room, source: rtc.AudioSource, sid: str) -> None:
        self._room, self._source, self.sid = room, source, sid

    @classmethod
    async def publish(cls, room: rtc.Room, rate: int) -> Self:
        source = rtc.AudioSource(rate, 1)
        track = rtc.LocalAudioTrack.create_audio_track("standby", source)
        # The token allows no other source, and LiveKit says nothing where it is another.
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await room.local_participant.publish_track(track, options)
        return cls(room, source, publication.sid)

    async def say(self, sound: Sound) -> None:
        """To its end."""
        size = int(sound.rate * FRAME_SECONDS) * 2
        for start in range(0, len(sound.samples), size):
            data = sound.samples[start : start + size]
            await self._source.capture_frame(rtc.AudioFrame(data, sound.rate, 1, len(data) // 2))
        await self._source.wait_for_playout()

    def hush(self) -> None:
        """What was to be heard next is not."""
        self._source.clear_queue()

    async def close(self) -> None:
        if self._room.isconnected():
            await self._room.local_participant.unpublish_track(self.sid)
        await self._source.aclose()


def let_hear(room: rtc.Room, voices: Mapping[str, Iterable[str]]) -> None:
    """Each of our tracks (sid) is heard by these identities alone."""
    tracks: dict[str, list[str]] = {}
    for sid, identities in voices.items():
        for identity in identities:
            tracks.setdefault(identity, []).append(sid)
    room.local_participant.set_track_subscription_permissions(
        allow_all_participants=False,
        participant_permissions=[
            rtc.ParticipantTrackPermission(participant_identity=identity, allowed_track_sids=sids)
            for identity, sids in tracks.items()
        ],
    )


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until it has happened, or for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def first(*works: Any) -> None:
    """Until one of these is done. Raises what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()
