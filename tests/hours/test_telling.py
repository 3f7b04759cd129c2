"""The message of who is closed, as it is said: the real session and voice, without a room."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from livekit import rtc

from agentworker.hours.reception import TOLD, Reception
from agentworker.hours.telling import CLOSED, Telling
from agentworker.job import ends_the_call
from agentworker.last_words import Sound
from agentworker.presence import person
from agentworker.providers import build
from agentworker.script import Script
from agentworker.spool import JobFacts, Spool
from tests.agent.talking import Guest, Loudspeaker, Room

SCRIPT = Script(agent="a", version=None, language="ru", greeting="Алло")
RATE = 16000


async def told(folder: Path, sound: Sound | None = None) -> tuple[list[Any], list[str]]:
    """The lines of its spool, and why it ended."""
    guest, ended = Guest(), list[str]()
    spool = Spool(folder, JobFacts("AJ_1", "room", "RM_1"))
    reception = Reception(SCRIPT, kind=TOLD, words="Мы закрыты.", sound=sound)
    telling = Telling(reception, build(SCRIPT, {}), spool, ended.append)
    caller = person(cast("rtc.RemoteParticipant", guest))
    telling.prepare(cast("rtc.Room", Room(guest)), caller)
    telling.live.output.audio = Loudspeaker()
    await telling.live.start(telling, record=False)
    await telling.tell()
    await telling.live.aclose()
    spool.close()
    return [json.loads(line) for line in spool.path.read_text().splitlines()], ended


@pytest.mark.parametrize("is_recorded", [False, True])
async def test_it_says_the_message_once_and_ends_the_call(
    tmp_path: Path, is_recorded: bool
) -> None:
    sound = Sound(RATE, b"\0\x10" * RATE) if is_recorded else None

    lines, ended = await told(tmp_path, sound)

    assert ended == [CLOSED]
    assert ends_the_call(CLOSED, [])
    assert [line["kind"] for line in lines if line["type"] == "event"] == ["speech_started"]
    (turn,) = [line for line in lines if line["type"] == "turn"]
    assert turn["text"] == ("" if is_recorded else "Мы закрыты.")
    assert turn["speaker"] == "agent"
