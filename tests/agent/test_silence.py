"""A silent caller, and one who speaks another language."""

import asyncio
from pathlib import Path

import pytest

from agentworker import turn_taking
from agentworker.following import in_language, language_of
from agentworker.script import MenuItem, Script
from tests.agent.talking import Guest, Scene, Thinking, talking
from tests.agent.test_quiet import SUPERVISOR
from tests.agent.test_tools import until

MENU = (MenuItem("1", "С девяти.", "часы работы"),)
SCRIPT = Script("key", 1, "ru", "Здравствуйте!", MENU, goodbye="Всего доброго!")
ASKED = "Вы меня слышите? Часы работы: нажмите 1."


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    monkeypatch.setattr(turn_taking, "SECONDS", 0.15)
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]  # type: ignore[attr-defined]  # Django's settings


async def test_a_silent_caller_is_asked_twice_and_then_the_call_ends(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        await until(lambda: scene.ended)
        assert scene.ended == ["silence"]
        assert scene.said() == [ASKED, ASKED, "Всего доброго!"]


async def test_a_key_is_a_sign_of_life(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        await until(lambda: len(scene.said()) == 2)
        await scene.press("1")
        await until(lambda: len(scene.said()) == 5)
        assert scene.said()[2:] == ["С девяти.", ASKED, ASKED] and not scene.ended


async def test_nobody_is_asked_who_is_not_on_the_line_yet(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        scene.talk._answered.clear()
        await asyncio.sleep(0.4)
        assert scene.said() == []


async def test_while_one_of_us_talks_nobody_is_asked(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        joins(scene)
        await asyncio.sleep(0.5)
        assert scene.said() == [] and not scene.ended


async def test_who_was_silent_while_one_of_us_talked_is_asked_anew(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        joins(scene)
        await until_silent(scene, 3)
        leaves(scene)
        await until(lambda: scene.ended)
        back = "Я снова с вами. Часы работы: нажмите 1."
        assert scene.said() == [back, ASKED, ASKED, "Всего доброго!"]


async def test_who_let_it_ring_for_long_is_asked_like_others(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        scene.talk._answered.clear()
        scene.talk._keep(scene.talk._greet_who_answers())
        await until_silent(scene, 2)
        scene.talk._answered.set()
        await until(lambda: scene.ended)
        greeting = "Здравствуйте! Часы работы: нажмите 1."
        assert scene.said() == [greeting, ASKED, ASKED, "Всего доброго!"]


async def until_silent(scene: Scene, times: int) -> None:
    """Both sides were so often for so long."""
    states: list[str] = []
    scene.talk.live.on("user_state_changed", lambda event: states.append(event.new_state))
    await until(lambda: states.count("away") >= times)


def leaves(scene: Scene) -> None:
    del scene.room.remote_participants[SUPERVISOR.identity]
    scene.talk.quiet.look()


def joins(scene: Scene) -> None:
    guest = Guest(SUPERVISOR.identity, SUPERVISOR.sid, 0, {"veyra.role": "supervisor"})
    scene.room.remote_participants[guest.identity] = guest
    scene.talk.quiet.look()


AUTO = Script("key", 1, "ru", "Здравствуйте!", goodbye="Всего доброго!", follows_caller=True)


async def test_who_speaks_english_is_answered_by_an_english_voice(tmp_path: Path) -> None:
    mind = Thinking("Of course.", "Goodbye.")
    async with talking(tmp_path, AUTO, mind, Guest(attributes={"sip.phoneNumber": "1"})) as scene:
        voice = scene.talk.providers.voice
        assert voice.model == "espeak-ng ru"
        await scene.hear("Да, ok")
        assert scene.talk.script.language == "ru"
        await scene.hear("Do you speak English?")
        assert scene.talk.script.language == "en"
        assert scene.talk.tts.model.startswith("espeak-ng en")  # type: ignore[union-attr]  # set
        assert scene.talk.line._said("connecting").startswith("One moment")


async def test_an_assistant_of_one_language_keeps_to_it(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        await scene.hear("Do you speak English?")
        assert scene.talk.script.language == "ru"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Do you speak English?", "en"),
        ("Сколько стоит доставка iPhone?", "ru"),
        ("ok", ""),
        ("12345", ""),
        ("", ""),
        ("Ёжик", ""),
    ],
)
def test_the_language_is_that_of_most_letters(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_goodbye_in_the_other_language_is_not_said() -> None:
    assert in_language(AUTO, "en").goodbye == ""
    assert in_language(AUTO, "ru").goodbye == "Всего доброго!"
