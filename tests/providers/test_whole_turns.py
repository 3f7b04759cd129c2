"""A caller's Russian speech goes in, an answer comes out as sound: all from one vendor, by one key,
against services of our own.
"""

from collections.abc import AsyncIterator
from typing import Any

import grpc
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
from tests.providers.test_yandex_ears import refuses as refuses_to_hear
from tests.providers.test_yandex_voice import refuses, says
from tests.providers.yandex_gpt import YandexGpt, serving

QUESTION, ANSWER = "Почём чистка?", "Чистка стоит пять тысяч рублей."


def providers(**accesses: Access) -> Providers:
    """Each of these for every part, in this order of preference."""
    chosen = [{"provider": slug, "key": slug} for slug in accesses]
    script = Script(
        agent="a", version=1, language="ru", greeting="", speech=dict.fromkeys(Part, chosen)
    )
    return build(script, accesses)


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


@pytest.mark.prove
async def test_all_from_yandex(speechkit: SpeechKit) -> None:
    async def hears(session: Any) -> AsyncIterator[Any]:
        yield service.working()
        await session.until_pause()
        yield service.partial("почём")
        yield service.final("почём чистка", 1)
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
        talk = await one_turn(providers(yandex=Access("AQVN-secret", settings)))
        await net.close_all()
    assert_answered(talk)
    assert gpt.asked[1]["messages"][-1]["content"] == "5000"
    assert [text.text for text in speechkit.texts] == [ANSWER]


def answers_of(sber: Sber) -> None:
    """A Sber that hears the question, and looks the price up."""

    async def hears(session: Session) -> AsyncIterator[Any]:
        is_first = len(sber.sessions) == 1
        await session.until_sound(0.5)
        if is_first:
            yield heard("почём")
        await session.until_end()
        if is_first:
            yield heard("почём чистка", QUESTION, eou=True)

    called = {"name": "price", "arguments": {"service": "чистка"}}
    sber.hears, sber.says = [hears], [says]
    sber.answers = [
        [delta(content="", function_call=called, functions_state_id="s"), end("function_call")],
        [delta(content=ANSWER), end()],
    ]


@pytest.mark.prove
async def test_all_from_sber(sber: Sber) -> None:
    answers_of(sber)
    talk = await one_turn(providers(sber=Access(f"{SPEECH_KEY} {MIND_KEY}", sber.settings)))
    assert_answered(talk)
    assert sber.asked[1]["messages"][-1]["role"] == "function"
    assert [text.text for text in sber.texts] == [ANSWER]


@pytest.mark.prove
async def test_where_yandex_refuses_everything_sber_takes_the_call(
    sber: Sber, speechkit: SpeechKit
) -> None:
    answers_of(sber)
    refused = grpc.StatusCode.PERMISSION_DENIED
    speechkit.hears, speechkit.says = [refuses_to_hear(refused)], [refuses(refused)]
    gpt = YandexGpt()
    gpt.answers = [(403, {"error": {"message": "Permission denied"}})]
    async with serving(gpt):
        settings = {
            "folder": "b1gfolder",
            "mind_address": gpt.address,
            "ears_address": speechkit.address,
            "voice_address": speechkit.address,
        }
        made = providers(
            yandex=Access("AQVN-secret", settings),
            sber=Access(f"{SPEECH_KEY} {MIND_KEY}", sber.settings),
        )
        talk = await one_turn(made)
        await net.close_all()
    assert_answered(talk)
    assert gpt.asked and speechkit.sessions and speechkit.texts
