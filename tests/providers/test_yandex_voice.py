"""The voice of Yandex against a SpeechKit of our own, over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError

from agentworker.espeak import engine
from agentworker.providers import yandex
from agentworker.providers.catalog import Access, Choice
from agentworker.providers.errors import Kind, kind_of
from tests.providers import speechkit as service
from tests.providers.speechkit import SpeechKit

ONCE = APIConnectOptions(max_retry=0, timeout=1.5)
CHOICE = Choice("yandex")


@pytest.fixture
async def speechkit() -> AsyncIterator[SpeechKit]:
    made = SpeechKit()
    made.says = [says]
    server = await service.serve(made)
    yield made
    await server.stop(None)


async def says(request: Any, _context: Any) -> AsyncIterator[bytes]:
    """Spoken by espeak-ng, which has the rate that we ask for; in odd pieces, as a network has."""
    sound = engine().speak(request.text, "ru", 155)
    for at in range(0, len(sound), 4001):
        yield sound[at : at + 4001]


async def say(
    speechkit: SpeechKit, text: str, choice: Choice = CHOICE, language: str = "ru"
) -> rtc.AudioFrame:
    access = Access("AQVN-secret", {"voice_address": speechkit.address})
    voice = yandex.voice(access, choice, language)
    async with voice.synthesize(text, conn_options=ONCE) as stream:
        heard: rtc.AudioFrame = await stream.collect()
    await voice.aclose()
    return heard


async def test_a_sentence_is_heard_whole(speechkit: SpeechKit) -> None:
    sent: list[bytes] = []

    async def says_and_keeps(request: Any, context: Any) -> AsyncIterator[bytes]:
        async for piece in says(request, context):
            sent.append(piece)
            yield piece

    speechkit.says = [says_and_keeps]
    heard = await say(speechkit, "Добрый день!")
    assert heard.sample_rate == engine().rate == 22_050
    # The library fills its last piece up.
    assert heard.data.tobytes().rstrip(b"\0") == b"".join(sent).rstrip(b"\0")
    assert np.abs(np.frombuffer(heard.data, np.int16)).max() > 3000


async def test_the_service_is_told_who_speaks_and_how_fast(speechkit: SpeechKit) -> None:
    await say(speechkit, "Да.", Choice("yandex", voice="filipp", speed=1.25))
    (asked,) = speechkit.texts
    hints = {each.WhichOneof("Hint"): each for each in asked.hints}
    assert (hints["voice"].voice, hints["speed"].speed) == ("filipp", 1.25)
    assert asked.output_audio_spec.raw_audio.sample_rate_hertz == 22_050
    assert not asked.unsafe_mode
    assert speechkit.metadata[0]["authorization"] == "Api-Key AQVN-secret"


@pytest.mark.parametrize(
    ("language", "voice"),
    [("ru", "marina"), ("en", "john"), ("", "marina")],
    ids=["ru", "en", "any"],
)
async def test_who_is_not_chosen_speaks_the_language(
    speechkit: SpeechKit, language: str, voice: str
) -> None:
    await say(speechkit, "Да.", CHOICE, language)
    assert speechkit.texts[0].hints[0].voice == voice


async def test_a_text_longer_than_the_service_takes_may_be_cut_by_it(speechkit: SpeechKit) -> None:
    await say(speechkit, "Здравствуйте, " * 20)
    assert speechkit.texts[0].unsafe_mode


async def test_what_nobody_can_pronounce_is_a_moment_of_silence(speechkit: SpeechKit) -> None:
    heard = await say(speechkit, "… —")
    assert not any(heard.data.tobytes())
    assert speechkit.texts == []


async def says_nothing(request: Any, _context: Any) -> AsyncIterator[bytes]:
    if not request.text:
        yield b""


async def stalls(_request: Any, _context: Any) -> AsyncIterator[bytes]:
    yield b"\0\0" * 100
    await asyncio.sleep(60)


def refuses(code: grpc.StatusCode, details: str = "") -> Any:
    async def refuse(_request: Any, context: Any) -> AsyncIterator[bytes]:
        await context.abort(code, details)
        yield b""

    return refuse


FAILURES = {
    "a key that is unknown": (refuses(grpc.StatusCode.UNAUTHENTICATED), Kind.REFUSED),
    "a voice that does not exist": (refuses(grpc.StatusCode.INVALID_ARGUMENT), Kind.GONE),
    "too many requests": (refuses(grpc.StatusCode.RESOURCE_EXHAUSTED), Kind.QUOTA),
    "a fault of its own": (refuses(grpc.StatusCode.INTERNAL, "Да, тайна"), Kind.BROKEN),
    "a service that stops in mid-word": (stalls, Kind.UNREACHABLE),
    "a service that sends no sound": (says_nothing, Kind.GARBAGE),
}


@pytest.mark.parametrize(("saying", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_by_its_kind_and_without_what_was_to_be_said(
    speechkit: SpeechKit, saying: Any, kind: Kind
) -> None:
    speechkit.says = [saying]
    with pytest.raises(APIError) as raised:
        await say(speechkit, "Да, тайна")
    assert kind_of(raised.value) is kind
    assert "тайна" not in str(raised.value)
