"""Sound for ears, and what they make of it."""

import asyncio
from collections.abc import Iterable
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, stt

from agentworker.espeak import engine

RATE = 16_000
# As a session of ours connects where there is nobody to go on to, but for the patience.
QUICK = APIConnectOptions(max_retry=0, timeout=2.0, retry_interval=0.05)
Kind = stt.SpeechEventType


def spoken(text: str, language: str = "ru") -> list[rtc.AudioFrame]:
    """A person saying it, in pieces of 50 ms at the rate of a call."""
    own = rtc.AudioFrame(
        samples := engine().speak(text, language, 155), engine().rate, 1, len(samples) // 2
    )
    resampler = rtc.AudioResampler(engine().rate, RATE)
    return cut(b"".join(f.data.tobytes() for f in (*resampler.push(own), *resampler.flush())))


def quiet(seconds: float) -> list[rtc.AudioFrame]:
    return cut(bytes(int(RATE * seconds) * 2))


def cut(samples: bytes) -> list[rtc.AudioFrame]:
    size = RATE // 20 * 2
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    return [rtc.AudioFrame(each, RATE, 1, len(each) // 2) for each in pieces]


def push(stream: Any, frames: Iterable[rtc.AudioFrame], *, ends: bool = True) -> None:
    for frame in frames:
        stream.push_frame(frame)
    if ends:
        stream.flush()


async def told(
    stream: Any, until: Kind = Kind.END_OF_SPEECH, count: int = 1
) -> list[tuple[str, str]]:
    """(kind, words) of each event up to the `count`th of this kind, usage left out."""
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(5):
        async for event in stream:
            if event.type is Kind.RECOGNITION_USAGE:
                continue
            words = event.alternatives[0].text if event.alternatives else ""
            found.append((event.type.value, words))
            if [kind for kind, _words in found].count(until.value) == count:
                break
    return found


def finals(events: Iterable[tuple[str, str]]) -> list[str]:
    return [words for kind, words in events if kind == Kind.FINAL_TRANSCRIPT.value]
