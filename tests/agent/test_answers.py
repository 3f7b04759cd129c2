"""Which words of the assistant answer something, and so have a delay."""

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest
from livekit.agents import AgentSession, StopResponse, llm
from livekit.agents.voice import ConversationItemAddedEvent

from agentworker.conversation import Conversation
from agentworker.doorman import Doorman
from agentworker.people import Person
from agentworker.providers import build
from agentworker.quiet import Quiet
from agentworker.script import Script
from agentworker.spool import JobFacts, Spool
from tests.agent.test_quiet import CALLER, SUPERVISOR, Live

SCRIPT = Script(agent="a", version=1, language="en", greeting="Hello!")


class Speaker(Live):
    """What the library's session would be asked to say."""

    def say(self, text: str) -> None:
        self.asked.append(text)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.spool, self.live = Spool(folder, JobFacts("AJ", "r", "")), Speaker()
        self.there: list[Person] = [CALLER]
        doorman = Doorman("r", frozenset(), self.spool)
        self.talk = Conversation(SCRIPT, build(SCRIPT), self.spool, doorman, lambda _reason: None)
        self.talk.live = cast("AgentSession[Any]", self.live)
        self.talk.quiet = Quiet(self.talk.live, self.spool, lambda: self.there, self.talk._return)
        self.talk.notes.has_spoken = True
        self.talk._answered.set()

    def look(self, *people: Person) -> None:
        self.there = list(people)
        self.talk.quiet.look()

    async def hear(self, text: str = "") -> None:
        self.talk._stopped = time.time()
        message = llm.ChatMessage(role="user", content=[text])
        try:
            await self.talk.on_user_turn_completed(llm.ChatContext(), message)
        except StopResponse:
            return

    def speak(self, text: str) -> bool:
        """The assistant speaks; are these words an answer?"""
        message = llm.ChatMessage(role="assistant", content=[text], created_at=time.time() + 1)
        self.talk.notes.on_item(ConversationItemAddedEvent(item=message))
        last = json.loads(self.spool.path.read_text().splitlines()[-1])
        return "delay_ms" in last


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_an_answer_has_a_delay_and_what_follows_it_has_none(scene: Scene) -> None:
    await scene.hear("What does it cost?")
    assert scene.speak("Ten roubles.")
    assert not scene.speak("Anything else?")


async def test_the_greeting_answers_no_hello(scene: Scene) -> None:
    scene.talk.notes.has_spoken = False
    await scene.hear("Hello?")
    assert not scene.speak("Hello!")


async def test_a_noise_that_is_not_answered_has_no_delay(scene: Scene) -> None:
    await scene.hear()
    assert scene.speak(scene.live.asked[-1])
    await scene.hear()  # it is told once that words are not understood, not at each breath
    assert not scene.speak("Are you still there?")


async def test_what_was_said_to_one_of_us_is_not_answered_when_he_has_left(scene: Scene) -> None:
    await scene.hear("What does it cost?")
    scene.look(CALLER, SUPERVISOR)
    await scene.hear("And when?")
    scene.look(CALLER)
    assert not scene.speak(scene.live.asked[-1])
