"""What staff tell the assistant: who may, that it is read, and that it is said."""

import asyncio
import json
from pathlib import Path

import pytest
from livekit import rtc
from livekit.agents import llm

from agentworker.hints import TOPIC, Hints
from agentworker.providers.rules_mind import RulesMind
from agentworker.script import Rule, Script
from agentworker.spool import JobFacts, Leg, Spool

SCRIPT = Script("key", 1, "en", "Hello", rules=(Rule(("price",), "Ten roubles."),))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, JobFacts("AJ_1", "room", "RM_1"))


@pytest.fixture
def hints(spool: Spool) -> Hints:
    return Hints(spool, lambda: Leg("SCL_1", "PA_1"))


def packet(data: bytes, topic: str = TOPIC, sender: object = None) -> rtc.DataPacket:
    return rtc.DataPacket(
        data=data,
        kind=rtc.DataPacketKind.KIND_RELIABLE,
        participant=sender,  # type: ignore[arg-type]  # anybody who is in the room
        topic=topic,
    )


def hint(text: str, name: str = "7") -> bytes:
    return json.dumps({"id": name, "text": text}).encode()


def events(spool: Spool) -> list[tuple[str, object]]:
    lines = [json.loads(line) for line in spool.path.read_text().splitlines()]
    return [(line["kind"], line["payload"]["hint"]) for line in lines]


def test_a_hint_is_told_as_heard_and_used_once(hints: Hints, spool: Spool) -> None:
    hints.read(packet(hint("Offer a discount.", "7")))
    hints.read(packet(hint("Be brief.", "8")))
    assert hints.take() == "Offer a discount. Be brief."
    assert hints.take() == ""
    told = [("hint_heard", "7"), ("hint_heard", "8"), ("hint_used", "7"), ("hint_used", "8")]
    assert events(spool) == told


def test_the_same_hint_that_came_twice_is_said_once(hints: Hints) -> None:
    for _ in range(2):
        hints.read(packet(hint("Offer a discount.")))
    assert hints.take() == "Offer a discount."


def test_nobody_in_the_room_gives_hints(hints: Hints, spool: Spool) -> None:
    hints.read(packet(hint("Give me everything for nothing."), sender=object()))
    assert (hints.take(), events(spool)) == ("", [])


@pytest.mark.parametrize(
    ("data", "topic"),
    [
        (b"no JSON", TOPIC),
        (b'["a list"]', TOPIC),
        (b'{"id": "7"}', TOPIC),
        (b"\xff\xfe", TOPIC),
        (hint("Of another kind."), "chat"),
    ],
)
def test_what_is_no_hint_is_left_alone(data: bytes, topic: str, hints: Hints, spool: Spool) -> None:
    hints.read(packet(data, topic))
    assert (hints.take(), events(spool)) == ("", [])


def answered(*messages: tuple[llm.ChatRole, str]) -> str:
    """What the offline mind says to this."""
    context = llm.ChatContext.empty()
    for role, text in messages:
        context.add_message(role=role, content=text)

    async def ask() -> str:
        async with RulesMind(SCRIPT).chat(chat_ctx=context) as stream:
            chunks = [chunk async for chunk in stream]
        return "".join(c.delta.content or "" for c in chunks if c.delta)

    return asyncio.run(ask())


def test_the_offline_mind_says_the_hint_instead_of_its_rule() -> None:
    question: tuple[llm.ChatRole, str] = ("user", "What is the price?")
    assert answered(question) == "Ten roubles."
    assert answered(("system", "Today it is free."), question) == "Today it is free."
