"""A recorder in real rooms: what it keeps, where it keeps nothing, and when it is out of them."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from livekit import rtc

from agentworker.taping.parts import Origin, folder
from agentworker.taping.stay import Stay
from tests.live.test_standby import ROOM, Line, line  # noqa: F401  # a fixture
from veyra.livekit.client import LiveKit

pytestmark = [pytest.mark.live, pytest.mark.prove]
# What each of them says, in Hz.
ANNAS, BORISES, OLGAS = 700, 1300, 2100
Facts = list[tuple[str, dict[str, str]]]


def staying(sid: str) -> tuple[Stay, Facts]:
    facts: Facts = []
    stay = Stay(
        Origin(ROOM, sid, "ours"),
        f"recorder-{sid}",
        lambda kind, **told: facts.append((kind, told)),
    )
    return stay, facts


async def hum(room: rtc.Room, hertz: int) -> None:
    """Until it is cancelled."""
    source = rtc.AudioSource(24000, 1)
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    times = np.arange(24000 // 2) / 24000
    # A steady tone would be taken for noise.
    wave = (9000 * np.sin(2 * np.pi * hertz * times) * (times < 0.35)).astype(np.int16)
    while True:
        for start in range(0, len(wave), 480):
            frame = wave[start : start + 480].tobytes()
            await source.capture_frame(rtc.AudioFrame(frame, 24000, 1, 480))


async def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


def heard(part: str) -> list[set[int]]:
    """Of each side, whose voices are in it."""
    with av.open(str(folder() / f"{part}.ogg")) as file:
        lanes = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    powers = np.abs(np.fft.rfft(lanes, axis=1)) ** 2
    scale = np.fft.rfftfreq(lanes.shape[1], 1 / 48000)

    def share(lane: int, hertz: int) -> float:
        near = np.abs(scale - hertz) < 40
        return float(powers[lane][near].sum() / max(powers.sum(), 1e-9))

    voices = (ANNAS, BORISES, OLGAS)
    return [{hertz for hertz in voices if share(lane, hertz) > 0.05} for lane in (0, 1)]


def told(part: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder() / f"{part}.json").read_text())
    return facts


async def test_callers_are_mixed_on_one_side_and_a_pause_keeps_nothing(line: Line) -> None:  # noqa: F811  # the fixture
    anna, boris = await line.join("anna"), await line.join("boris")
    olga = await line.join("olga", "colleague")
    stay, facts = staying(await anna.sid)
    await stay.start(3)
    voices = zip((anna, boris, olga), (ANNAS, BORISES, OLGAS), strict=True)
    humming = [asyncio.create_task(hum(room, hertz)) for room, hertz in voices]
    for name in ("anna", "boris", "olga"):
        await stay.until_hears(name, 3)
    await asyncio.sleep(2)
    stay.pause()
    await asyncio.sleep(0.5)
    humming[1].cancel()
    await asyncio.sleep(1)
    stay.resume()
    await asyncio.sleep(2)
    await stay.leave()
    for each in humming:
        each.cancel()
    kinds = [kind.removeprefix("recording_") for kind, _told in facts]
    assert kinds == ["started", "paused", "resumed", "stopped"]
    first, second = facts[0][1]["part"], facts[2][1]["part"]
    assert heard(first) == [{ANNAS, BORISES}, {OLGAS}]
    assert heard(second) == [{ANNAS}, {OLGAS}]
    assert told(first)["ended_at"] < told(second)["began_at"]
    # Nobody in the room ever saw it.
    assert {*anna.remote_participants} == {"boris", "olga"}


async def test_in_another_room_of_the_same_name_nothing_is_recorded(line: Line) -> None:  # noqa: F811  # the fixture
    await line.join("anna")
    stay, facts = staying("RM_before")
    await stay.start(1)
    await stay.until_over()
    await stay.leave()
    assert stay.room_is_gone and facts == []
    assert list(folder().iterdir()) == []


async def test_a_recording_ends_with_its_room(line: Line) -> None:  # noqa: F811  # the fixture
    anna = await line.join("anna")
    stay, facts = staying(await anna.sid)
    await stay.start(3)
    await asyncio.sleep(1)
    await asyncio.to_thread(delete, ROOM)
    await stay.until_over()
    assert stay.room_is_gone and not stay.is_recording
    (_began, (kind, ending)) = facts
    assert kind == "recording_stopped" and "error" not in ending
    assert told(ending["part"])["seconds"] > 0.8


async def test_who_comes_in_our_place_ends_our_stay_and_no_room(line: Line) -> None:  # noqa: F811  # the fixture
    anna = await line.join("anna")
    first, _facts = staying(await anna.sid)
    await first.start(3)
    second, _facts = staying(await anna.sid)
    await second.start(3)
    await first.until_over()
    assert not first.room_is_gone and second.is_recording
    await second.leave()


def delete(room: str) -> None:
    with LiveKit.from_settings() as livekit:
        livekit.delete_room(room)
