"""Of several providers the first that works is heard; where none works, the conversation ends at
once, so that somebody else can speak.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit.agents import llm
from livekit.agents.voice import CloseEvent

from agentworker.providers import Providers, build, net
from agentworker.providers.catalog import Access, Part
from agentworker.providers.chain import ATTEMPT_SECONDS
from agentworker.providers.errors import Kind, ProviderError
from agentworker.providers.faltering import Faltering
from agentworker.script import Script
from tests.providers.hearing import spoken
from tests.providers.servers import OpenAILike, openai_like
from tests.providers.talk import Talk, begin

BAD, GOOD = "bad", "good"
# What a server does -> what is told of it; None: what the library made of it has no name.
MOODS = {
    "401": Kind.REFUSED,
    "403": Kind.COUNTRY,
    "429": Kind.QUOTA,
    "500": Kind.BROKEN,
    "cut": Kind.UNREACHABLE,
    "garbage": Kind.GARBAGE,
}


@dataclass
class Line:
    """Two providers, and what was told of them."""

    bad: OpenAILike
    good: OpenAILike
    facts: list[dict[str, str]] = field(default_factory=list)

    def build(self, part: Part, *names: str, language: str = "en") -> Providers:
        """`part` by these; the others by the one that works."""
        rows = [{"provider": "openai", "key": name} for name in names]
        others: dict[str, Any] = {each.value: [rows[-1] | {"key": GOOD}] for each in Part}
        speech = others | {part.value: rows}
        accesses = {
            BAD: Access(secret="x", settings={"base_url": self.bad.url}),
            GOOD: Access(secret="x", settings={"base_url": self.good.url}),
        }
        return build(Script("a", 1, language, "Hello!", speech=speech), accesses)

    async def talk(self, made: Providers) -> Talk:
        talk = await begin(made)
        Faltering(made, lambda **fact: self.facts.append(fact)).follow(talk.live)
        return talk

    def failed(self) -> list[tuple[str, str]]:
        return [(each["part"], each["error"]) for each in self.facts if each["state"] == "failed"]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(openai_like())
        good = await stack.enter_async_context(openai_like())
        good.says, bad.says = "It is ten roubles.", "Never."
        yield Line(bad, good)
        await net.close_all()


async def thought(made: Providers) -> str:
    words = llm.ChatContext.empty()
    words.add_message(role="user", content="How much?")
    async with made.mind.chat(chat_ctx=words) as stream:
        return "".join([chunk.delta.content or "" async for chunk in stream if chunk.delta])


async def sounded(made: Providers) -> float:
    """Seconds of voice."""
    async with made.voice.synthesize("Hello there.") as stream:
        return sum([audio.frame.duration async for audio in stream])


async def understood(made: Providers) -> str:
    if made.recogniser is None:
        raise AssertionError("it has no ears")
    event = await made.recogniser.recognize(spoken("hello", "en"))
    return str(event.alternatives[0].text)


@pytest.mark.parametrize("mood", MOODS)
async def test_the_next_mind_answers(line: Line, mood: str) -> None:
    line.bad.mood = mood
    made = line.build(Part.MIND, BAD, GOOD)
    assert (await thought(made)).strip() == line.good.says
    assert line.bad.count("/chat/completions") >= 1


@pytest.mark.parametrize("mood", MOODS)
async def test_the_next_voice_speaks(line: Line, mood: str) -> None:
    line.bad.mood = mood
    assert await sounded(line.build(Part.VOICE, BAD, GOOD)) > 0.3
    assert line.bad.count("/audio/speech") >= 1


@pytest.mark.parametrize("mood", MOODS)
async def test_the_next_ears_understand(line: Line, mood: str) -> None:
    line.bad.mood, line.good.hears = mood, "hello"
    assert await understood(line.build(Part.EARS, BAD, GOOD)) == "hello"
    assert line.bad.count("/audio/transcriptions") >= 1


@pytest.mark.prove
async def test_one_that_says_nothing_is_not_waited_for_long(line: Line) -> None:
    line.bad.mood, line.good.hears = "stall", "hello"
    clock = asyncio.get_running_loop()
    began = clock.time()
    answers = await asyncio.gather(
        thought(line.build(Part.MIND, BAD, GOOD)),
        sounded(line.build(Part.VOICE, BAD, GOOD)),
        understood(line.build(Part.EARS, BAD, GOOD)),
    )
    assert answers[0].strip() == line.good.says and answers[2] == "hello"
    assert clock.time() - began < ATTEMPT_SECONDS + 3


@pytest.mark.parametrize("mood", MOODS)
async def test_where_no_voice_works_the_conversation_ends_at_its_first_words(
    line: Line, mood: str
) -> None:
    line.bad.mood = mood
    talk = await line.talk(line.build(Part.VOICE, BAD))
    ended: asyncio.Future[CloseEvent] = asyncio.get_running_loop().create_future()
    talk.live.on("close", ended.set_result)
    talk.live.say("Hello!")
    event = await asyncio.wait_for(ended, 3 * ATTEMPT_SECONDS)
    assert event.error is not None and event.error.type == "tts_error"
    assert line.failed() == [("voice", MOODS[mood])]


async def test_where_no_mind_works_the_conversation_ends_instead_of_an_answer(line: Line) -> None:
    line.bad.mood = "500"
    talk = await line.talk(line.build(Part.MIND, BAD))
    ended: asyncio.Future[CloseEvent] = asyncio.get_running_loop().create_future()
    talk.live.on("close", ended.set_result)
    talk.live.generate_reply(user_input="How much?")
    event = await asyncio.wait_for(ended, 3 * ATTEMPT_SECONDS)
    assert event.error is not None and event.error.type == "llm_error"
    assert line.failed() == [("mind", Kind.BROKEN)]
    assert line.bad.count("/chat/completions") >= 2, "one that is alone is asked once more"


async def test_where_no_ears_work_the_conversation_ends(line: Line) -> None:
    line.bad.mood = "401"
    talk = await line.talk(line.build(Part.EARS, BAD))
    ended: asyncio.Future[CloseEvent] = asyncio.get_running_loop().create_future()
    talk.live.on("close", ended.set_result)
    talk.microphone.say(spoken("how much does it cost", "en"))
    event = await asyncio.wait_for(ended, 10)
    assert event.error is not None and event.error.type == "stt_error"
    assert line.failed() == [("ears", Kind.REFUSED)]


async def test_a_caller_is_answered_by_those_who_work_and_the_change_is_told(line: Line) -> None:
    line.bad.mood = "429"
    line.good.hears = "How much does it cost?"
    rows = [{"provider": "openai", "key": name} for name in (BAD, GOOD)]
    script = Script("a", 1, "en", "Hello!", speech={part.value: rows for part in Part})
    urls = {BAD: line.bad.url, GOOD: line.good.url}
    accesses = {name: Access("x", {"base_url": url}) for name, url in urls.items()}
    talk = await line.talk(build(script, accesses))
    talk.microphone.say(spoken("how much does it cost", "en"))
    said = [(who, text.strip()) for who, text in await talk.until(2)]
    assert said == [("user", "How much does it cost?"), ("assistant", "It is ten roubles.")]
    await talk.live.aclose()
    assert sorted(line.failed()) == [(part.value, Kind.QUOTA) for part in sorted(Part)]
    assert len(talk.loudspeaker.heard) > 1000


async def test_one_that_works_again_is_told_once(line: Line) -> None:
    line.bad.mood = "500"
    made = line.build(Part.MIND, BAD, GOOD)
    talk = await line.talk(made)
    await thought(made)
    line.bad.mood = "well"
    # Each question to the next one also asks the first one whether it is back.
    for _turn in range(3):
        await thought(made)
        await asyncio.sleep(0.1)
    await talk.live.aclose()
    states = [each["state"] for each in line.facts]
    assert states == ["failed", "back"]
    assert (await thought(made)).strip() == line.bad.says


async def test_an_answer_without_a_word_is_no_answer(line: Line) -> None:
    line.bad.says = ""
    assert (await thought(line.build(Part.MIND, BAD, GOOD))).strip() == line.good.says


# What cannot be built


def script(**speech: Any) -> Script:
    return Script("a", 1, "ru", "Здравствуйте!", speech=speech)


def test_where_nobody_chose_it_is_ours() -> None:
    made = build(script())
    assert (made.voice.provider, made.mind.provider, made.recogniser) == (
        "offline",
        "offline",
        None,
    )


def test_a_key_that_is_gone_is_told_and_the_next_one_taken() -> None:
    rows = [{"provider": "openai", "key": "gone"}, {"provider": "offline"}]
    made = build(script(voice=rows))
    assert made.missing == ((Part.VOICE, "openai", "refused"),)
    assert [each.provider for each in made.members if each.part is Part.VOICE] == ["offline"]


@pytest.mark.parametrize("row", [{"provider": "nobody"}, {"provider": "anthropic"}])
def test_a_part_that_nobody_can_be_is_an_error_with_a_sentence(row: dict[str, str]) -> None:
    with pytest.raises(ProviderError) as error:
        build(script(voice=[row]))
    assert str(error.value.sentence)


@pytest.mark.parametrize("speech", [{"voice": "x"}, {"voice": [None, {}, {"provider": 5}]}])
def test_what_is_written_wrongly_chooses_nobody(speech: dict[str, Any]) -> None:
    assert build(script(**speech)).voice.provider == "offline"
