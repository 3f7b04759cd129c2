"""Ears and voice of Sber against a SaluteSpeech of our own, over real gRPC and TLS."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest
from livekit.agents import APIConnectOptions, APIError

from agentworker.espeak import engine
from agentworker.providers import sber as provider
from agentworker.providers import sber_door
from agentworker.providers.catalog import Access, Choice
from agentworker.providers.errors import Kind, kind_of, read
from tests.providers.hearing import QUICK, finals, push, quiet, spoken, told
from tests.providers.salute import SPEECH_KEY, Sber, Session, heard, without

CHOICE = Choice("sber")
ONCE = APIConnectOptions(max_retry=0, timeout=1.5)


def access(sber: Sber) -> Access:
    return Access(SPEECH_KEY, sber.settings)


def open_ears(sber: Sber, language: str = "ru", options: APIConnectOptions = QUICK) -> Any:
    return provider.ears(access(sber), CHOICE, language).stream(conn_options=options)


async def hears_one(session: Session) -> AsyncIterator[Any]:
    await session.until_sound(0.2)
    yield heard("сколько стоит")
    await session.until_end()
    yield heard("сколько стоит пять тысяч", "Сколько стоит 5000?", eou=True)


async def test_what_a_caller_says_is_heard_as_he_says_it_and_then_for_good(sber: Sber) -> None:
    sber.hears = [hears_one]
    stream = open_ears(sber)
    push(stream, spoken("Сколько стоит пять тысяч?"))
    assert await told(stream) == [
        ("start_of_speech", ""),
        ("interim_transcript", "сколько стоит"),
        ("final_transcript", "Сколько стоит 5000?"),
        ("end_of_speech", ""),
    ]
    await stream.aclose()


async def test_each_pause_ends_a_call_and_the_next_words_begin_one(sber: Sber) -> None:
    sber.hears = [hears_one]
    stream = open_ears(sber)
    frames = spoken("Раз, два, три.")
    push(stream, frames)
    push(stream, frames)
    await told(stream, count=2)
    whole = b"".join(frame.data.tobytes() for frame in frames)
    assert [session.sound for session in sber.sessions] == [whole, whole]
    await stream.aclose()


async def test_the_service_is_told_what_it_gets_and_by_whom(sber: Sber) -> None:
    sber.hears = [hears_one]
    stream = open_ears(sber, "en")
    push(stream, spoken("Good morning", "en-us"))
    await told(stream)
    session = sber.sessions[0]
    options = session.options
    assert session.metadata["authorization"] == "Bearer token-1-SALUTE_SPEECH_PERS"
    assert (options.language, options.sample_rate, options.model) == ("en-US", 16_000, "general")
    assert options.enable_partial_results.enable and options.enable_multi_utterance.enable
    assert options.hints.eou_timeout.ToMilliseconds() == 500
    await stream.aclose()


async def test_several_utterances_in_one_breath_are_told_one_by_one(sber: Sber) -> None:
    async def hears_two(session: Session) -> AsyncIterator[Any]:
        await session.until_sound(0.2)
        yield heard("алло", "Алло?", eou=True)
        await session.until_end()
        yield heard("это клиника", "Это клиника?", eou=True)

    sber.hears = [hears_two]
    stream = open_ears(sber)
    push(stream, spoken("Алло? Это клиника?"))
    assert finals(await told(stream, count=2)) == ["Алло?", "Это клиника?"]
    await stream.aclose()


async def test_noise_without_words_is_no_failure(sber: Sber) -> None:
    async def hears_nothing(session: Session) -> AsyncIterator[Any]:
        await session.until_end()
        if len(sber.sessions) > 1:
            yield heard("да", "Да.", eou=True)

    sber.hears = [hears_nothing]
    stream = open_ears(sber)
    push(stream, quiet(0.4))
    push(stream, spoken("Да."))
    assert finals(await told(stream)) == ["Да."]
    await stream.aclose()


async def test_a_call_that_is_cut_goes_on_in_the_next_one_without_losing_words(sber: Sber) -> None:
    async def cut_off(session: Session) -> AsyncIterator[Any]:
        await session.until_sound(0.3)
        yield heard("я хочу записаться")
        await session.context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")

    sber.hears = [cut_off, hears_one]
    stream = open_ears(sber)
    push(stream, spoken("Я хочу записаться"), ends=False)
    assert finals(await told(stream)) == ["я хочу записаться"]
    push(stream, spoken("к врачу"))
    assert finals(await told(stream)) == ["Сколько стоит 5000?"]
    await stream.aclose()


async def stalls(session: Session) -> AsyncIterator[Any]:
    await session.until_end()
    await asyncio.sleep(60)
    yield heard("")


def refuses(code: grpc.StatusCode, details: str = "") -> Any:
    async def refuse(session: Session) -> AsyncIterator[Any]:
        await session.context.abort(code, details)
        yield heard("")

    return refuse


FAILURES = {
    "a token that is not taken": (refuses(grpc.StatusCode.UNAUTHENTICATED), Kind.REFUSED),
    "a package that is used up": (refuses(grpc.StatusCode.RESOURCE_EXHAUSTED), Kind.QUOTA),
    "a fault of its own": (refuses(grpc.StatusCode.INTERNAL), Kind.BROKEN),
    "a service that says nothing": (stalls, Kind.UNREACHABLE),
}


@pytest.mark.parametrize(("hear", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_by_its_kind(sber: Sber, hear: Any, kind: Kind) -> None:
    sber.hears = [hear]
    stream = open_ears(sber, options=APIConnectOptions(max_retry=0, timeout=1.5))
    push(stream, quiet(0.3))
    with pytest.raises(APIError) as raised:
        await told(stream)
    assert kind_of(raised.value) is kind
    await stream.aclose()


async def test_a_token_that_is_not_taken_is_shown_to_the_ears_no_more(sber: Sber) -> None:
    sber.hears = [refuses(grpc.StatusCode.UNAUTHENTICATED)]
    for _call in range(2):
        stream = open_ears(sber, options=ONCE)
        push(stream, quiet(0.3))
        with pytest.raises(APIError):
            await told(stream)
        await stream.aclose()
    shown = [session.metadata["authorization"] for session in sber.sessions]
    assert shown == [f"Bearer token-{n}-SALUTE_SPEECH_PERS" for n in (1, 2)]


async def test_a_proxy_inside_is_not_gone_through(sber: Sber, settings: Any) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.1"]
    near = Access(SPEECH_KEY, sber.settings)
    await sber_door.Door(near).token(sber_door.SPEECH)
    settings.PROVIDER_NETWORKS = []
    proxied = Access(SPEECH_KEY, sber.settings, proxy="http://127.0.0.1:9")
    with pytest.raises(APIError) as raised:
        await provider.ears(proxied, CHOICE, "ru").connected(1.0)
    assert "PROVIDER_NETWORKS" in str(read(raised.value).sentence)


async def test_a_key_that_is_not_one_is_told_before_anything_is_said(sber: Sber) -> None:
    ears = provider.ears(Access("bm9uZTpub25l", sber.settings), CHOICE, "ru")
    stream = ears.stream(conn_options=QUICK)
    push(stream, quiet(0.3))
    with pytest.raises(APIError) as raised:
        await told(stream)
    assert kind_of(raised.value) is Kind.REFUSED and not raised.value.retryable
    await stream.aclose()


async def test_speech_goes_to_nobody_whom_no_authority_vouches_for(sber: Sber) -> None:
    """Tokens were had before: only the way of the speech is not believed."""
    sber.hears = [hears_one]
    await provider.ears(access(sber), CHOICE, "ru").connected(1.0)
    stranger = Access(SPEECH_KEY, without(sber.settings, "certificate"))
    stream = provider.ears(stranger, CHOICE, "ru").stream(conn_options=QUICK)
    push(stream, quiet(0.3))
    with pytest.raises(APIError) as raised:
        await told(stream)
    assert kind_of(raised.value) is Kind.UNREACHABLE
    assert sber.sessions == []
    await stream.aclose()


# The voice


async def says(request: Any, _context: Any) -> AsyncIterator[bytes]:
    sound = engine().speak(request.text, "ru", 155)
    for at in range(0, len(sound), 4001):
        yield sound[at : at + 4001]


async def say(sber: Sber, text: str, choice: Choice = CHOICE, language: str = "ru") -> Any:
    voice = provider.voice(access(sber), choice, language)
    async with voice.synthesize(text, conn_options=ONCE) as stream:
        made = await stream.collect()
    await voice.aclose()
    return made


async def test_a_sentence_is_heard(sber: Sber) -> None:
    sber.says = [says]
    made = await say(sber, "Добрый день!")
    assert made.sample_rate == 24_000
    assert np.abs(np.frombuffer(made.data, np.int16)).max() > 3000


async def test_the_service_is_told_who_speaks(sber: Sber) -> None:
    sber.says = [says]
    await say(sber, "Да.", Choice("sber", voice="Bys_24000"))
    (asked,) = sber.texts
    assert (asked.voice, asked.language, asked.text) == ("Bys_24000", "ru-RU", "Да.")
    assert sber.bearers == ["Bearer token-1-SALUTE_SPEECH_PERS"]


async def test_a_token_that_is_not_taken_is_not_shown_by_the_voice_again(sber: Sber) -> None:
    async def refuse(_request: Any, context: Any) -> AsyncIterator[bytes]:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED)
        yield b""

    sber.says = [refuse, says]
    with pytest.raises(APIError):
        await say(sber, "Да.")
    await say(sber, "Да.")
    assert sber.bearers[-1] == "Bearer token-2-SALUTE_SPEECH_PERS"


async def test_english_is_spoken_by_an_english_voice(sber: Sber) -> None:
    sber.says = [says]
    await say(sber, "Yes.", CHOICE, "en")
    assert (sber.texts[0].voice, sber.texts[0].language) == ("Kin_24000", "en-US")


SPEEDS = [(0.5, "1"), (0.8, "2"), (1.3, "4"), (2.0, "5")]


@pytest.mark.parametrize(("speed", "step"), SPEEDS, ids=[step for _speed, step in SPEEDS])
async def test_another_speed_is_asked_for_by_marks(sber: Sber, speed: float, step: str) -> None:
    sber.says = [says]
    await say(sber, "Чистка & 5 < 6", Choice("sber", speed=speed))
    (asked,) = sber.texts
    assert asked.content_type == 1
    assert asked.text == f'<speak><paint speed="{step}">Чистка &amp; 5 &lt; 6</paint></speak>'


async def test_a_voice_that_fails_tells_its_kind(sber: Sber) -> None:
    async def refuse(_request: Any, context: Any) -> AsyncIterator[bytes]:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "")
        yield b""

    sber.says = [refuse]
    with pytest.raises(APIError) as raised:
        await say(sber, "Да.")
    assert kind_of(raised.value) is Kind.QUOTA
