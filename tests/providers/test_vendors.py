"""Vendors that speak over a socket: ours hear, think and speak by what their documents say."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, llm, stt

from agentworker.providers import PROVIDERS, build, net
from agentworker.providers.catalog import Access, Choice, Part
from agentworker.providers.errors import Kind, kind_of
from agentworker.providers.faltering import Faltering
from agentworker.script import Script
from tests.providers.hearing import quiet, spoken
from tests.providers.servers import OpenAILike, openai_like, serving
from tests.providers.sockets import ANSWER, HEARD, KEY, SECONDS_OF_TONE, Vendor
from tests.providers.talk import begin

ONCE = APIConnectOptions(max_retry=0, timeout=1.0)
VOICES = ["deepgram", "elevenlabs", "cartesia"]


class Service(Vendor):
    url = ""


@pytest.fixture
async def vendor() -> AsyncIterator[Service]:
    made = Service()
    async with serving(made.answer) as made.url:
        yield made
        await net.close_all()


def access(vendor: Service, secret: str = KEY) -> Access:
    return Access(secret=secret, settings={"base_url": vendor.url})


def built(slug: str, part: Part, found: Access, language: str = "ru", **choice: Any) -> Any:
    return PROVIDERS[slug].builders[part](found, Choice(slug, **choice), language)


async def said(voice: Any, text: str) -> float:
    """Seconds of sound, as a session asks for it."""
    seconds = 0.0
    async with voice.stream(conn_options=ONCE) as stream:
        stream.push_text(text)
        stream.end_input()
        async for audio in stream:
            seconds += audio.frame.duration
    return seconds


async def heard(ears: Any) -> str:
    async with ears.stream(conn_options=ONCE) as stream:
        for frame in (*spoken("how much is it", "en"), *quiet(0.3)):
            stream.push_frame(frame)
        stream.flush()
        async for event in stream:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                return str(event.alternatives[0].text)
    return ""


@pytest.mark.parametrize("slug", VOICES)
async def test_a_voice_speaks(slug: str, vendor: Service) -> None:
    assert await said(built(slug, Part.VOICE, access(vendor)), "Hello there. How are you?") == (
        pytest.approx(SECONDS_OF_TONE, abs=0.05)
    )


@pytest.mark.parametrize("slug", VOICES)
async def test_ears_hear(slug: str, vendor: Service) -> None:
    assert await asyncio.wait_for(heard(built(slug, Part.EARS, access(vendor))), 5) == HEARD
    assert "ru" in vendor.paths[0]


@pytest.mark.parametrize(("model", "told"), [("nova-3", "multi"), ("nova-2", "ru")])
async def test_ears_that_cannot_find_russian_out_are_told_it(
    model: str, told: str, vendor: Service
) -> None:
    made = built("deepgram", Part.EARS, access(vendor), "", model=model)
    assert await asyncio.wait_for(heard(made), 5) == HEARD
    assert f"language={told}" in vendor.paths[0]


@pytest.mark.parametrize("part", [Part.VOICE, Part.EARS])
@pytest.mark.parametrize("slug", VOICES)
async def test_a_wrong_key_is_known_as_one(slug: str, part: Part, vendor: Service) -> None:
    made = built(slug, part, access(vendor, "wrong"))
    with pytest.raises(Exception) as error:  # each library raises its own
        await asyncio.wait_for(said(made, "Hello.") if part is Part.VOICE else heard(made), 5)
    assert kind_of(error.value) is Kind.REFUSED


@pytest.mark.parametrize("slug", VOICES)
async def test_a_voice_that_says_nothing_is_not_waited_for_long(slug: str, vendor: Service) -> None:
    vendor.mood = "stall"
    with pytest.raises(Exception) as error:  # each library raises its own
        await asyncio.wait_for(said(built(slug, Part.VOICE, access(vendor)), "Hello."), 5)
    assert kind_of(error.value) is Kind.UNREACHABLE


async def test_claude_thinks(vendor: Service) -> None:
    mind = built("anthropic", Part.MIND, access(vendor))
    words = llm.ChatContext.empty()
    words.add_message(role="user", content="How much?")
    async with mind.chat(chat_ctx=words, conn_options=ONCE) as stream:
        found = [chunk.delta.content or "" async for chunk in stream if chunk.delta]
    assert "".join(found).strip() == ANSWER


WANTED = {
    "deepgram": ({"voice": "zeus"}, "model=aura-2-zeus-en"),
    "elevenlabs": ({"voice": "abc", "model": "eleven_v2"}, "/text-to-speech/abc/"),
}


@pytest.mark.parametrize("slug", WANTED)
async def test_the_voice_that_was_chosen_is_asked_for(slug: str, vendor: Service) -> None:
    choice, mark = WANTED[slug]
    await said(built(slug, Part.VOICE, access(vendor), **choice), "Hello.")
    assert mark in vendor.paths[0]


async def test_a_speed_is_asked_for_within_the_vendors_limits(vendor: Service) -> None:
    await said(built("cartesia", Part.VOICE, access(vendor), "en", speed=2.0), "Hello.")
    assert vendor.told[0]["generation_config"] == {"speed": 1.5}
    assert (vendor.told[0]["language"], vendor.told[0]["model_id"]) == ("en", "sonic-3")


@pytest.fixture
async def mind() -> AsyncIterator[OpenAILike]:
    async with openai_like() as server:
        yield server


@pytest.mark.prove
async def test_ears_that_hang_are_given_up_after_three_sentences(
    vendor: Service, mind: OpenAILike
) -> None:
    """Only who knows that somebody spoke can tell them from ears to which nobody speaks."""
    vendor.mood, facts = "stall", []
    accesses = {"d": access(vendor), "o": Access("x", {"base_url": mind.url})}
    speech = {
        "ears": [{"provider": "deepgram", "key": "d"}, {"provider": "groq", "key": "o"}],
        "mind": [{"provider": "openai", "key": "o"}],
    }
    made = build(Script("a", 1, "en", "Hello!", speech=speech), accesses)
    talk = await begin(made)
    Faltering(made, lambda **fact: facts.append(fact)).follow(talk.live)
    for _sentence in range(4):
        talk.microphone.say([*spoken("how much does it cost me", "en"), *quiet(5.5)])
    assert (await talk.until(2, 45))[0] == ("user", mind.hears)
    await talk.live.aclose()
    assert facts == [
        {"part": "ears", "provider": "deepgram", "state": "failed", "error": "unreachable"}
    ]
