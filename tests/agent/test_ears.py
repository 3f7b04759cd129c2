"""What counts as speech on a telephone line."""

import asyncio
from typing import Any, cast

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.vad import VADEventType

from agentworker.ears import build_ears
from agentworker.espeak import engine

RATE = 8000
# Too quiet, as it should be, and so loud that it is cut at the top.
GAINS = (0.3, 1.0, 3.0)


def said(text: str, speed: int, gain: float) -> bytes:
    """As a line of eight kilohertz brings it, between a second of silence on both sides."""
    spoken = np.frombuffer(engine().speak(text, "ru", speed), dtype=np.int16).astype(float)
    at = np.arange(0, len(spoken), engine().rate / RATE)
    sound = np.clip(np.interp(at, np.arange(len(spoken)), spoken) * gain, -32768, 32767)
    silence = np.zeros(RATE)
    return np.concatenate([silence, sound, silence]).astype(np.int16).tobytes()


async def starts(pcm: bytes) -> int:
    """How often somebody began to speak."""
    stream = build_ears().stream()
    step = RATE // 50 * 2
    for at in range(0, len(pcm) - step, step):
        stream.push_frame(rtc.AudioFrame(pcm[at : at + step], RATE, 1, step // 2))
    stream.end_input()
    found = [event.type async for event in cast("Any", stream)]
    return found.count(VADEventType.START_OF_SPEECH)


@pytest.mark.parametrize("text", ["Да", "Нет", "Что?", "Сколько стоит доставка?"])
def test_the_shortest_answer_is_heard_however_loud(text: str) -> None:
    heard = [asyncio.run(starts(said(text, speed, gain))) for speed in (120, 150) for gain in GAINS]
    assert all(heard), heard


def test_clicks_are_not_taken_for_a_voice() -> None:
    random = np.random.default_rng(1)
    sound = random.normal(0, 200, RATE * 20)
    for at in random.integers(0, len(sound) - RATE, 40):
        length = random.integers(40, 1200)
        sound[at : at + length] += random.normal(0, random.choice([3000, 9000]), length)
    pcm = np.clip(sound, -32768, 32767).astype(np.int16).tobytes()
    assert asyncio.run(starts(pcm)) == 0
