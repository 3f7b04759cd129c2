"""A caller's Russian speech goes in, an answer comes out as sound: all from one vendor, by one key,
against services of our own.
"""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from livekit.agents import llm

from agentworker.providers import Providers, build, net
from agentworker.providers.catalog import Access, Part
from agentworker.script import Script
from tests.providers import speechkit as service
from tests.providers.hearing import spoken
from tests.providers.salute import MIND_KEY, SPEECH_KEY, Sber, Session, delta, end, heard
from tests.providers.speechkit import SpeechKit
from tests.providers.talk import Talk, begin
from tests.providers.test_yandex_voice import says
from tests.providers.yandex_gpt import YandexGpt, serving

QUESTION, ANSWER = "Сколько стоит чистка зубов?", "Чистка стоит пять тысяч рублей."
KEY = "11111111-1111-4111-8111-111111111111"


def providers(slug: str, access: Access) -> Providers:
    chosen = {"provider": slug, "key": KEY}
    script = Script(
        agent="a", version=1, language="ru", greeting="", speech={part: [chosen] for part in Part}
    )
    return build(script, {KEY: access})


@llm.function_tool
async def price(service: str) -> str:
    """What a service costs."""
    return "5000"


async def one_turn(made: Providers) -> Talk:
    """He asks; the price is looked up; it is told."""
    talk = await begin(made, tools=[price])
    talk.microphone.say(spoken(QUESTION))
    await talk.until(2)
    await talk.live.aclose()
    return talk


def assert_answered(talk: Talk) -> None:
    assert talk.said == [("user", QUESTION), ("assistant", ANSWER)]
    loudness = np.abs(np.frombuffer(bytes(talk.loudspeaker.heard), np.int16))
    assert loudness.max() > 3000


@pytest.fixture
async def speechkit() -> AsyncIterator[SpeechKit]:
    made = SpeechKit()
    made.says = [says]
    server = await service.serve(made)
    yield made
    await server.stop(None)


async def test_all_from_yandex(speechkit: SpeechKit) -> None:
    async def hears(session: Any) -> AsyncIterator[Any]:
        yield service.working()
        await session.until_pause()
        yield service.partial("сколько стоит")
        yield service.final("сколько стоит чистка зубов", 1)
        yield service.refined(QUESTION, 1)
        yield service.over()
        while await session.until_pause():
            yield service.over()

    called = {"name": "price", "arguments": '{"service": "чистка"}'}
    call = {"index": 0, "id": "c1", "type": "function", "function": called}
    gpt = YandexGpt()
    gpt.answers = [[{"tool_calls": [call]}], [{"content": ANSWER}]]
    speechkit.hears = [hears]
    async with serving(gpt):
        settings = {
            "folder": "b1gfolder",
            "mind_address": gpt.address,
            "ears_address": speechkit.address,
            "voice_address": speechkit.address,
        }
        talk = await one_turn(providers("yandex", Access("AQVN-secret", settings)))
        await net.close_all()
    assert_answered(talk)
    assert gpt.asked[1]["messages"][-1]["content"] == "5000"
    assert [text.text for text in speechkit.texts] == [ANSWER]


async def test_all_from_sber(sber: Sber) -> None:
    async def hears(session: Session) -> AsyncIterator[Any]:
        is_first = len(sber.sessions) == 1
        await session.until_sound(0.5)
        if is_first:
            yield heard("сколько стоит")
        await session.until_end()
        if is_first:
            yield heard("сколько стоит чистка зубов", QUESTION, eou=True)

    called = {"name": "price", "arguments": {"service": "чистка"}}
    sber.hears, sber.says = [hears], [says]
    sber.answers = [
        [delta(content="", function_call=called, functions_state_id="s"), end("function_call")],
        [delta(content=ANSWER), end()],
    ]
    talk = await one_turn(providers("sber", Access(f"{SPEECH_KEY} {MIND_KEY}", sber.settings)))
    assert_answered(talk)
    assert sber.asked[1]["messages"][-1]["role"] == "function"
    assert [text.text for text in sber.texts] == [ANSWER]
