"""When the caller's turn begins and ends, with sound and the real VAD."""

import asyncio
from pathlib import Path

import pytest

from agentworker.ears import build_ears
from agentworker.espeak import engine
from agentworker.script import MenuItem, Script
from agentworker.turn_taking import TURNS
from tests.agent.talking import talking
from tests.agent.test_tools import until

LONG = "Мы работаем по будням с девяти до восемнадцати, а по субботам с десяти до шестнадцати. "
SCRIPT = Script("key", 1, "ru", "Здравствуйте!", (MenuItem("1", LONG * 2, "часы"),))


@pytest.mark.prove
async def test_a_caller_interrupts_at_any_moment_and_is_answered_soon(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT, hearing=build_ears()) as scene:
        scene.key("1")
        await until(lambda: scene.talk.live.agent_state == "speaking")
        await asyncio.sleep(0.5)
        speech = engine().speak("Подождите, у меня вопрос", "ru", 150)
        scene.microphone.hear(speech, engine().rate)
        await until(lambda: len(scene.said()) == 1)
        (cut,) = [line for line in scene.lines("turn") if line["speaker"] == "agent"]
        # Ten seconds of words were cut after his first.
        assert cut["interrupted"] and cut["seconds"] < 4
        await until(lambda: scene.talk.live.agent_state == "speaking")
        caller = [line for line in scene.lines("turn") if line["speaker"] == "caller"][-1]
        assert 1 < caller["seconds"] < 4


def test_nothing_but_silence_ends_a_turn() -> None:
    assert TURNS["turn_detection"] == "vad" and TURNS["interruption"]["mode"] == "vad"
