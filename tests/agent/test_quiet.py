"""The assistant is silent while one of our people talks to the caller."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from livekit.agents import AgentSession

from agentworker.people import Person
from agentworker.quiet import Quiet
from agentworker.script import MenuItem, Script, come_back
from agentworker.spool import JobFacts, Spool

CALLER = Person("sip_1", "PA_1", "sip")
SUPERVISOR = Person("supervisor-1", "PA_2", "standard", {"veyra.role": "supervisor"})
SECOND = Person("supervisor-2", "PA_3", "standard", {"veyra.role": "supervisor"})
STANDBY = Person("standby-1", "PA_5", "standard", {"veyra.role": "standby"})
LISTENER = Person("listener-1", "PA_4", "standard", {"veyra.role": "listener"})


class Live:
    """What the library's session would be asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def interrupt(self, *, force: bool = False) -> None:
        self.asked.append("interrupt by force" if force else "interrupt")

    def reset_away_timer(self) -> None:
        self.asked.append("wait anew")


class Scene:
    def __init__(self, folder: Path) -> None:
        self.there, self.live, self.spool = [CALLER], Live(), Spool(folder, JobFacts("AJ", "r", ""))
        session = cast("AgentSession[Any]", self.live)
        self.quiet = Quiet(session, self.spool, lambda: self.there, self.back)

    def back(self, was_reached: bool) -> None:
        self.live.asked.append("come back" if was_reached else "nobody came")

    def now(self, *people: Person) -> bool:
        self.there = list(people)
        self.quiet.look()
        return self.quiet.is_kept

    def told(self) -> list[str]:
        return [json.loads(line)["kind"] for line in self.spool.path.read_text().splitlines()]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_the_assistant_is_silent_from_the_first_of_us_to_the_last(scene: Scene) -> None:
    assert not scene.now(CALLER)
    assert scene.now(CALLER, SUPERVISOR)
    assert scene.now(CALLER, SUPERVISOR, SECOND)
    assert scene.now(CALLER, SECOND)
    assert not scene.now(CALLER)
    assert scene.live.asked == ["interrupt by force", "wait anew", "come back"]
    assert scene.told() == ["agent_silent", "agent_back"]


def test_a_listener_silences_nobody(scene: Scene) -> None:
    assert not scene.now(CALLER, LISTENER)
    assert scene.live.asked == []


def test_with_the_caller_gone_nothing_more_is_said(scene: Scene) -> None:
    scene.now(CALLER, SUPERVISOR)
    scene.now(SUPERVISOR)
    scene.now()
    assert scene.live.asked == ["interrupt by force"]


@pytest.mark.parametrize(
    "person", [CALLER, LISTENER, Person("agent", "PA_5", "agent", {"veyra.role": "supervisor"})]
)
def test_only_a_person_of_ours_with_a_voice_is_a_supervisor(person: Person) -> None:
    assert SUPERVISOR.is_supervisor and not SUPERVISOR.is_party
    assert not person.is_supervisor


@pytest.mark.parametrize(
    ("hears_words", "said"),
    [
        (True, "Я снова с вами."),
        (False, "Я снова с вами. Часы работы: нажмите 1."),
    ],
)
def test_the_assistant_says_that_it_is_back(hears_words: bool, said: str) -> None:
    menu = (MenuItem("1", "С девяти до шести.", "часы работы"),)
    script = Script(agent="a", version=1, language="ru", greeting="Здравствуйте!", menu=menu)
    assert come_back(script, hears_words) == said


def colleague(status: str) -> Person:
    attributes = {"veyra.role": "colleague", "sip.callStatus": status}
    return Person("colleague-1", "PA_6", "sip", attributes)


def test_the_assistant_is_silent_while_the_caller_hears_music(scene: Scene) -> None:
    assert scene.now(CALLER, STANDBY)
    assert scene.now(CALLER, STANDBY, colleague("ringing"))
    assert not scene.now(CALLER, colleague("ringing"))
    assert scene.live.asked[-1] == "nobody came"


def test_a_colleague_who_took_the_call_keeps_it_silent_after_the_music(scene: Scene) -> None:
    assert scene.now(CALLER, STANDBY, colleague("active"))
    assert scene.now(CALLER, colleague("active"))
    assert not scene.now(CALLER)
    assert scene.live.asked[-1] == "come back"


def test_that_nobody_came_is_said_instead_of_a_greeting(scene: Scene) -> None:
    script = Script("support", 1, "en", "Hello!")
    said = come_back(script, hears_words=True, was_reached=False)
    assert "none of my colleagues" in said
    assert said != come_back(script, hears_words=True)
