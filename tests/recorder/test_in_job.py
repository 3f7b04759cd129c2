"""What a job records of its call: on orders of our server alone, and as facts in its spool."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from agentworker import job
from agentworker.brief import Brief
from agentworker.recording import RecordingPolicy
from agentworker.script import Script
from agentworker.spool import JobFacts, Spool
from agentworker.taping import stay
from agentworker.taping.in_job import TOPIC, CallRecorder
from agentworker.taping.tap import Tap
from tests.recorder.conftest import FullDisk


@pytest.fixture
def recorder(tmp_path: Path) -> CallRecorder:
    return CallRecorder(Spool(tmp_path, JobFacts("AJ", "room", "RM_1")))


def facts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "AJ.jsonl").read_text().splitlines()]


def packet(data: bytes, topic: str = TOPIC, who: Any = None) -> rtc.DataPacket:
    return rtc.DataPacket(
        data=data, kind=rtc.DataPacketKind.KIND_RELIABLE, participant=who, topic=topic
    )


WHO_DECIDES = {
    "who speaks": (Brief("a"), "never", RecordingPolicy.NEVER),
    "nobody who is not known": (Brief("a"), "", RecordingPolicy.NEVER),
    "the rule before him": (Brief("a", recording="always"), "never", RecordingPolicy.ALWAYS),
    "nothing of a trial": (Brief("a", recording="always", trial="3"), "always", "never"),
}


@pytest.mark.parametrize("name", WHO_DECIDES)
def test_what_is_recorded_is_for_the_rule_or_for_who_speaks_to_say(name: str) -> None:
    brief, own, policy = WHO_DECIDES[name]
    assert job.policy_of(brief, Script("b", 1, "en", "Hi", recording=own)) == policy


def test_a_pause_is_answered_though_nothing_was_recorded(
    recorder: CallRecorder, tmp_path: Path
) -> None:
    recorder.read(packet(b'{"do": "pause"}'))
    (fact,) = facts(tmp_path)
    assert (fact["kind"], fact["payload"]) == ("recording_paused", {"part": ""})


@pytest.mark.parametrize(
    "ordered",
    [
        packet(b'{"do": "pause"}', topic="chat"),
        packet(b'{"do": "pause"}', who="somebody in the room"),
        packet(b'{"do": "sing"}'),
        packet(b'{"do": ["pause"]}'),
        packet(b"pause"),
        packet(b"[]"),
    ],
)
def test_nobody_else_orders_anything(
    recorder: CallRecorder, tmp_path: Path, ordered: rtc.DataPacket
) -> None:
    recorder.read(ordered)
    assert facts(tmp_path) == []


def test_what_was_stopped_is_told_once(recorder: CallRecorder, tmp_path: Path) -> None:
    for order in (b'{"do": "pause"}', b'{"do": "stop"}', b'{"do": "stop"}', b'{"do": "resume"}'):
        recorder.read(packet(order))
    assert [fact["kind"] for fact in facts(tmp_path)] == ["recording_paused", "recording_stopped"]


@pytest.mark.parametrize("policy", sorted(set(RecordingPolicy) - {RecordingPolicy.ALWAYS}))
async def test_where_not_all_is_recorded_no_room_is_entered(
    recorder: CallRecorder, tmp_path: Path, policy: RecordingPolicy
) -> None:
    recorder.prepare(policy)
    await recorder.begin(policy)
    await recorder.until_hears("agent")
    await recorder.end()
    assert facts(tmp_path) == [] and not (tmp_path / "spool").exists()


class Inside(Tap):
    """In a room without a network; how often it was left."""

    left = 0

    async def enter(self) -> None:
        pass

    async def leave(self) -> None:
        Inside.left += 1


async def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_on_a_full_disk_the_room_is_kept_and_all_is_told_when_it_is_free(
    recorder: CallRecorder, tmp_path: Path, full_disk: FullDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stay, "Tap", Inside)
    monkeypatch.setattr(stay, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(Inside, "left", 0)
    await recorder.start()
    with full_disk():
        await until(lambda: not recorder._stay.is_recording)
        assert [fact["kind"] for fact in facts(tmp_path)] == ["recording_started"]
        await asyncio.sleep(0.3)
    await until(lambda: recorder._stay.is_recording)
    assert Inside.left == 0
    await recorder.end()
    began, broke, again, ended = facts(tmp_path)
    assert [fact["kind"] for fact in (began, broke, again, ended)] == [
        "recording_started",
        "recording_stopped",
        "recording_started",
        "recording_stopped",
    ]
    assert broke["payload"]["part"] == began["payload"]["part"] != again["payload"]["part"]
    assert broke["payload"]["error"] and "error" not in ended["payload"]
    assert Inside.left == 1


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_recording_that_does_not_end_keeps_nobody_in_silence(
    recorder: CallRecorder, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    async def never() -> None:
        if breaks:
            raise RuntimeError("the room cannot be left")
        await asyncio.Event().wait()

    monkeypatch.setattr(job, "END_RECORDING_SECONDS", 0.05)
    monkeypatch.setattr(recorder, "end", never)
    async with asyncio.timeout(1):
        await job.end_recording(recorder)
