"""Ears of Yandex against a SpeechKit of our own, over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from livekit.agents import APIConnectOptions, APIError

from agentworker.providers import yandex
from agentworker.providers.catalog import Access, Choice
from agentworker.providers.errors import Kind, kind_of
from tests.providers import speechkit as service
from tests.providers.hearing import QUICK, finals, push, quiet, spoken, told
from tests.providers.hearing import Kind as Event
from tests.providers.speechkit import Session, SpeechKit

CHOICE = Choice("yandex")


@pytest.fixture
async def speechkit() -> AsyncIterator[SpeechKit]:
    made = SpeechKit()
    server = await service.serve(made)
    yield made
    await server.stop(None)


def access(address: str, **more: str) -> Access:
    return Access("AQVN-secret", {"ears_address": address}, **more)


async def open_ears(
    speechkit: SpeechKit, language: str = "ru", options: APIConnectOptions = QUICK
) -> Any:
    ears = yandex.ears(access(speechkit.address), CHOICE, language)
    return ears.stream(conn_options=options)


async def hears_one(session: Session) -> AsyncIterator[Any]:
    """As the documentation shows a session."""
    yield service.working()
    yield service.partial()
    while await session.until_pause():
        yield service.partial("сколько стоит пять")
        yield service.final("сколько стоит пять тысяч", 1)
        yield service.refined("Сколько стоит 5 000?", 1)
        yield service.over()


async def test_what_a_caller_says_is_heard_as_he_says_it_and_then_for_good(
    speechkit: SpeechKit,
) -> None:
    speechkit.hears = [hears_one]
    stream = await open_ears(speechkit)
    push(stream, spoken("Сколько стоит пять тысяч?"))
    assert await told(stream) == [
        ("start_of_speech", ""),
        ("interim_transcript", "сколько стоит пять"),
        ("final_transcript", "Сколько стоит 5 000?"),
        ("end_of_speech", ""),
    ]
    await stream.aclose()


async def test_the_service_is_told_what_it_gets_and_by_whom(speechkit: SpeechKit) -> None:
    speechkit.hears = [hears_one]
    stream = await open_ears(speechkit)
    push(stream, spoken("Здравствуйте!"))
    await told(stream)
    (session,) = speechkit.sessions
    assert session.options
    model = session.options.recognition_model
    assert session.metadata["authorization"] == "Api-Key AQVN-secret"
    assert (model.model, list(model.language_restriction.language_code)) == ("general", ["ru-RU"])
    assert model.audio_format.raw_audio.sample_rate_hertz == 16_000
    assert session.pauses == [1000]
    await stream.aclose()


async def test_all_sound_arrives_unchanged(speechkit: SpeechKit) -> None:
    speechkit.hears = [hears_one]
    stream = await open_ears(speechkit)
    frames = spoken("Раз, два, три, четыре, пять.")
    push(stream, frames)
    await told(stream)
    assert speechkit.sessions[0].sound == b"".join(frame.data.tobytes() for frame in frames)
    await stream.aclose()


@pytest.mark.parametrize(
    ("language", "code"), [("ru", "ru-RU"), ("en", "en-US"), ("", "auto")], ids=["ru", "en", "any"]
)
async def test_the_language_is_asked_for(speechkit: SpeechKit, language: str, code: str) -> None:
    speechkit.hears = [hears_one]
    stream = await open_ears(speechkit, language)
    push(stream, spoken("Да.", "ru"))
    await told(stream)
    options = speechkit.sessions[0].options
    assert options
    assert list(options.recognition_model.language_restriction.language_code) == [code]
    await stream.aclose()


async def test_the_language_that_was_heard_is_told(speechkit: SpeechKit) -> None:
    async def hears_english(session: Session) -> AsyncIterator[Any]:
        while await session.until_pause():
            yield service.final("good morning", 1, "en-US")
            yield service.refined("Good morning", 1, "en-US")
            yield service.over()

    speechkit.hears = [hears_english]
    stream = await open_ears(speechkit, "")
    push(stream, spoken("Good morning", "en-us"))
    async for event in stream:
        if event.type is Event.FINAL_TRANSCRIPT:
            assert event.alternatives[0].language == "en-US"
            break
    await stream.aclose()


async def test_words_whose_refinement_does_not_come_are_told_as_they_are(
    speechkit: SpeechKit,
) -> None:
    async def hears_plainly(session: Session) -> AsyncIterator[Any]:
        while await session.until_pause():
            yield service.final("первая", 1)
            yield service.final("вторая", 2)
            yield service.refined("Вторая.", 2)
            yield service.over()

    speechkit.hears = [hears_plainly]
    stream = await open_ears(speechkit)
    push(stream, spoken("Первая. Вторая."))
    assert finals(await told(stream)) == ["Вторая.", "первая"]
    await stream.aclose()


async def test_a_refinement_that_comes_too_late_is_not_told_twice(speechkit: SpeechKit) -> None:
    async def hears_late(session: Session) -> AsyncIterator[Any]:
        while await session.until_pause():
            yield service.final("да", 1)
            yield service.over()
            yield service.refined("Да.", 1)

    speechkit.hears = [hears_late]
    stream = await open_ears(speechkit)
    push(stream, spoken("Да."))
    push(stream, spoken("Да."))
    assert finals(await told(stream, count=2)) == ["да", "да"]
    await stream.aclose()


async def test_a_session_that_is_cut_goes_on_in_the_next_one_without_losing_words(
    speechkit: SpeechKit,
) -> None:
    async def cut_off(session: Session) -> AsyncIterator[Any]:
        await session.until_sound(0.3)
        yield service.partial("я хочу записаться")
        await session.refuse(grpc.StatusCode.UNAVAILABLE, "connection reset")

    speechkit.hears = [cut_off, hears_one]
    stream = await open_ears(speechkit)
    push(stream, spoken("Я хочу записаться"), ends=False)
    first = await told(stream)
    push(stream, spoken("к врачу"))
    assert finals(first) == ["я хочу записаться"]
    assert finals(await told(stream)) == ["Сколько стоит 5 000?"]
    assert len(speechkit.sessions) == 2
    await stream.aclose()


async def test_a_session_is_renewed_before_the_service_would_end_it(
    speechkit: SpeechKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentworker.providers.yandex_ears import YandexDialogue

    monkeypatch.setattr(YandexDialogue, "longest_seconds", 0.5)
    speechkit.hears = [hears_one]
    stream = await open_ears(speechkit)
    frames = quiet(1.6)
    push(stream, frames)
    assert finals(await told(stream)) == ["Сколько стоит 5 000?"]
    assert len(speechkit.sessions) == 4
    sound = b"".join(session.sound for session in speechkit.sessions)
    assert sound == b"".join(frame.data.tobytes() for frame in frames)
    await stream.aclose()


async def test_nobody_is_cut_off_in_mid_word_by_the_renewal(
    speechkit: SpeechKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentworker.providers.yandex_ears import YandexDialogue

    async def hears_on(session: Session) -> AsyncIterator[Any]:
        yield service.partial("и")
        async for each in hears_one(session):
            yield each

    monkeypatch.setattr(YandexDialogue, "longest_seconds", 0.5)
    speechkit.hears = [hears_on]
    stream = await open_ears(speechkit)
    push(stream, quiet(0.2), ends=False)
    await told(stream, Event.INTERIM_TRANSCRIPT)
    push(stream, quiet(1.4))
    await told(stream)
    assert len(speechkit.sessions) == 1
    await stream.aclose()


async def stalls(session: Session) -> AsyncIterator[Any]:
    await session.until_pause()
    await asyncio.sleep(60)
    yield service.over()


async def ends_at_once(session: Session) -> AsyncIterator[Any]:
    if session.sound:
        yield service.over()


def refuses(code: grpc.StatusCode, details: str = "") -> Any:
    async def refuse(session: Session) -> AsyncIterator[Any]:
        await session.refuse(code, details)
        yield service.over()

    return refuse


FAILURES = {
    "a key that is unknown": (
        refuses(grpc.StatusCode.UNAUTHENTICATED, "Unknown api key 'AQVN***cret'"),
        Kind.REFUSED,
    ),
    "a key without the role": (
        refuses(grpc.StatusCode.PERMISSION_DENIED, "Permission to [resource-manager.folder …]"),
        Kind.REFUSED,
    ),
    "a country that is not served": (
        refuses(grpc.StatusCode.PERMISSION_DENIED, "The service is not available in your country"),
        Kind.COUNTRY,
    ),
    "too many requests": (
        refuses(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota limit speechkit.rps exceeded"),
        Kind.QUOTA,
    ),
    "a model that does not exist": (
        refuses(grpc.StatusCode.INVALID_ARGUMENT, "Unknown model"),
        Kind.GONE,
    ),
    "a fault of its own": (refuses(grpc.StatusCode.INTERNAL, "oops"), Kind.BROKEN),
    "a service that is away": (refuses(grpc.StatusCode.UNAVAILABLE), Kind.UNREACHABLE),
    "a service that says nothing": (stalls, Kind.UNREACHABLE),
    "a service that ends at once": (ends_at_once, Kind.GARBAGE),
}


@pytest.mark.parametrize(("hear", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_by_its_kind_and_without_the_services_words(
    speechkit: SpeechKit, hear: Any, kind: Kind
) -> None:
    speechkit.hears = [hear]
    options = APIConnectOptions(max_retry=0, timeout=1.5)
    stream = await open_ears(speechkit, options=options)
    push(stream, quiet(0.3))
    with pytest.raises(APIError) as raised:
        await told(stream)
    assert kind_of(raised.value) is kind
    assert "AQVN" not in str(raised.value) and "oops" not in str(raised.value)
    await stream.aclose()


async def test_nobody_at_the_address_is_told_at_once() -> None:
    ears = yandex.ears(access("http://127.0.0.1:9"), CHOICE, "ru")
    stream = ears.stream(conn_options=QUICK)
    push(stream, quiet(0.3))
    with pytest.raises(APIError) as raised:
        await told(stream)
    assert kind_of(raised.value) is Kind.UNREACHABLE
    await stream.aclose()


async def test_something_else_at_the_address_is_told() -> None:
    """A web server, as a wrong address or a proxy's page has it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ears = yandex.ears(access(f"http://127.0.0.1:{port}"), CHOICE, "ru")
    stream = ears.stream(conn_options=QUICK)
    push(stream, quiet(0.3))
    with pytest.raises(APIError):
        await told(stream)
    await stream.aclose()
    server.close()


async def test_the_proxy_of_the_key_is_gone_through(speechkit: SpeechKit) -> None:
    speechkit.hears = [hears_one]
    asked: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        host, port = head.split()[1].rsplit(":", 1)
        inner, outer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pour(reader, outer), pour(inner, writer), return_exceptions=True)

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxied = access(speechkit.address, proxy=f"http://ivan:pass@127.0.0.1:{port}")
    stream = yandex.ears(proxied, CHOICE, "ru").stream(conn_options=QUICK)
    push(stream, spoken("Да."))
    assert finals(await told(stream)) == ["Сколько стоит 5 000?"]
    assert asked[0].startswith(f"CONNECT {speechkit.address.removeprefix('http://')} ")
    assert "Proxy-Authorization: Basic aXZhbjpwYXNz" in asked[0]
    await stream.aclose()
    server.close()


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_what_was_heard_is_counted_for_the_bill(speechkit: SpeechKit) -> None:
    speechkit.hears = [hears_one]
    ears = yandex.ears(access(speechkit.address), CHOICE, "ru")
    used: list[float] = []
    ears.on("metrics_collected", lambda metrics: used.append(metrics.audio_duration))
    stream = ears.stream(conn_options=QUICK)
    push(stream, quiet(1.0))
    stream.end_input()
    async for _event in stream:
        pass
    await asyncio.sleep(0)
    assert sum(used) == pytest.approx(1.0)
    await stream.aclose()
