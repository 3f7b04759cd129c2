"""When the caller's turn begins and ends, with sound and the real VAD."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from livekit.agents.vad import VADEvent, VADEventType
from livekit.agents.voice import UserTranscriptionTimeoutEvent

from agentworker.ears import build_ears
from agentworker.espeak import engine
from agentworker.script import MenuItem, Script
from agentworker.turn_taking import TURNS
from tests.agent.talking import Scene, talking
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


def speech(kind: VADEventType, silence: float = 0.0) -> VADEvent:
    return VADEvent(
        type=kind, samples_index=0, timestamp=0.0, speech_duration=0.1, silence_duration=silence
    )


def speaks(scene: Scene, began: float) -> None:
    """As the library tells it: from this moment on."""
    activity: Any = scene.talk.live._activity
    activity.on_start_of_speech(speech(VADEventType.START_OF_SPEECH), began)


def falls_silent(scene: Scene, ago: float) -> None:
    activity: Any = scene.talk.live._activity
    activity.on_end_of_speech(speech(VADEventType.END_OF_SPEECH, ago))


def turn_of(scene: Scene) -> tuple[float, float]:
    """When it began, and how long it was."""
    (line,) = [each for each in scene.lines("turn") if each["speaker"] == "caller"]
    return datetime.fromisoformat(line["at"]).timestamp(), line["seconds"]


async def test_a_turn_lasts_from_the_first_sound_to_the_last(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        before = time.time()
        speaks(scene, before - 60)
        falls_silent(scene, 20)
        spent = time.time() - before
        await scene.hear("Сколько стоит?")
        at, seconds = turn_of(scene)
        assert at == pytest.approx(before - 60, abs=0.001)
        assert 40 <= seconds <= 40.01 + spent


async def test_a_cough_does_not_begin_the_next_turn(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        before = time.time()
        speaks(scene, before - 60)
        falls_silent(scene, 59)
        cough = UserTranscriptionTimeoutEvent(speech_duration=1.0, vad_speech_started_at=before)
        scene.talk.live.emit("user_transcription_timeout", cough)
        speaks(scene, before - 20)
        falls_silent(scene, 10)
        await scene.hear("Сколько стоит?")
        assert turn_of(scene)[0] == pytest.approx(before - 20, abs=0.001)


async def test_words_too_soft_to_be_noticed_are_of_now(tmp_path: Path) -> None:
    async with talking(tmp_path, SCRIPT) as scene:
        before = time.time()
        await scene.hear("Сколько стоит?")
        at, seconds = turn_of(scene)
        assert before - 0.001 <= at <= time.time() and seconds == 0


def test_nothing_but_silence_ends_a_turn() -> None:
    assert TURNS["turn_detection"] == "vad" and TURNS["interruption"]["mode"] == "vad"
