"""What recorders write down of real calls: an assistant's process, and `manage.py recorder`."""

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.live.sound import beeped, beeping, of_wav
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from tests.live.test_nobody_alone import processes_with

pytestmark = pytest.mark.live

NUMBER = "74991124148"
GREETING = "Здравствуйте! Вы позвонили в поддержку."
# What the caller says, in Hz: in no voice for long.
CALLERS = 1700
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    support = Agent.objects.create(name="Поддержка", recording="always")
    save_words(support, Words("ru", "{greeting}", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    rule = DispatchRule.objects.create(name="Поддержка", agent=support, room="support-room-")
    rule.numbers.add(PhoneNumber.objects.create(number="+74991124148", trunk=trunk))
    wake("telephony.apply")
"""
Sound = np.ndarray[Any, Any]
STEP = 0.02


@dataclass(frozen=True)
class Written:
    """A part on disk: its facts, and its two lanes, linear and 8000 a second."""

    told: dict[str, Any]
    caller: Sound
    ours: Sound

    @property
    def began(self) -> float:
        return datetime.fromisoformat(self.told["began_at"]).timestamp()

    @property
    def ended(self) -> float:
        """When its last sound was heard."""
        return self.began + len(self.caller) / 8000


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    # Nobody takes the sound away.
    with running(*PROGRAMS, "recorder", INTERNAL_URL="http://127.0.0.1:9") as system:
        system.ask(LINE.format(greeting=GREETING))
        system.wait_for_line()
        yield system


def dial(system: System, user: str, seconds: int) -> Any:
    said = beeping(system.folder / f"{user}.wav", CALLERS, seconds)
    return system.dial(NUMBER, f"say:{said}", user=user)


def facts(system: System, user: str) -> list[str]:
    """What recorders tell of this caller's room."""
    found: list[str] = system.ask(f"""
        from telephony.models import CallEvent
        events = CallEvent.objects.of_recording().filter(room_name__contains="{user}")
        result = [event.kind for event in events.order_by("at", "pk")]
    """)
    return found


def order(system: System, user: str, what: str) -> None:
    system.ask(f"""
        from telephony.models import Call
        from telephony.telling import tell
        tell(Call.objects.get(from_number="{user}"), "record_{what}", "{what}-{user}")
    """)


def files(system: System, user: str) -> list[Path]:
    places = (system.folder / "spool" / "sound").glob("*.json")
    mine = [path for path in places if user in json.loads(path.read_text())["room_name"]]
    return sorted(mine, key=lambda path: json.loads(path.read_text())["began_at"])


def parts(system: System, user: str) -> list[Written]:
    return [read(path) for path in files(system, user)]


def read(path: Path) -> Written:
    resampler = av.AudioResampler(format="s16p", layout="stereo", rate=8000)
    with av.open(str(path.with_suffix(".ogg"))) as file:
        frames = [each for frame in file.decode(audio=0) for each in resampler.resample(frame)]
    caller, ours = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    return Written(json.loads(path.read_text()), caller, ours)


def voiced(sound: Sound) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Of each STEP: is there a voice in it?"""
    cut = sound[: len(sound) // 160 * 160].reshape(-1, 160).astype(float)
    found: np.ndarray[Any, np.dtype[np.bool_]] = np.sqrt(np.mean(cut**2, axis=1)) > 300
    return found


def test_a_call_is_recorded_from_its_first_word_on_each_side_by_itself(system: System) -> None:
    user = "79160000301"
    caller = dial(system, user, 8)
    heard = caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    (part,) = parts(system, user)
    assert part.told["recorder"] == "assistant" and part.told["seconds"] > 8
    assert part.began < heard["answered_at"]
    # All that he said from the answer on, and nothing of it on our side.
    assert len(beeped(part.caller, CALLERS)) >= 13 and beeped(part.ours, CALLERS) == []
    # All that he heard is written, the first word too: in the same moments, but for the way to him.
    said, written = voiced(of_wav(caller.heard)), voiced(part.ours)
    assert said.sum() > 70 and abs(int(written.sum()) - int(said.sum())) <= 0.08 * said.sum()
    first = part.began + np.argmax(written) * STEP - heard["answered_at"]
    assert abs(first - np.argmax(said) * STEP) < 0.4


def test_a_pause_leaves_no_sound_and_the_recording_goes_on_after_it(system: System) -> None:
    user = "79160000302"
    caller = dial(system, user, 12)
    wait_until(lambda: "recording_started" in facts(system, user), "it did not begin")
    time.sleep(3)
    order(system, user, "pause")
    asked = time.time()
    wait_until(lambda: "recording_paused" in facts(system, user), "it was not paused", 5)
    told = time.time()
    time.sleep(1.5)
    order(system, user, "resume")
    wait_until(lambda: "recording_resumed" in facts(system, user), "it did not go on", 5)
    caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    before, after = parts(system, user)
    assert before.ended < told < asked + 3 and after.began > told + 1
    assert beeped(before.caller, CALLERS) and beeped(after.caller, CALLERS)
    assert before.told["ended_at"] and {before.told["recorder"], after.told["recorder"]} == {
        "assistant"
    }


def test_of_a_killed_assistant_two_seconds_are_lost_and_our_recorder_goes_on(
    system: System,
) -> None:
    user = "79160000303"
    caller = dial(system, user, 14)
    wait_until(lambda: "recording_started" in facts(system, user), "it did not begin")
    time.sleep(4)
    (path,) = files(system, user)
    (job,) = processes_with(path)
    os.kill(job, signal.SIGKILL)
    killed = time.time()
    caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    first, second = parts(system, user)
    assert killed - 2 < first.ended < killed and "ended_at" not in first.told
    assert second.told["recorder"] == "ours" and second.began < killed + 6
    assert len(beeped(second.caller, CALLERS)) >= 4


@pytest.fixture
def on_demand(system: System) -> Iterator[None]:
    """Only what staff ask for is recorded."""
    change = "from agentworker.models import Agent; Agent.objects.update(recording='{}')"
    system.ask(change.format("pressed"))
    yield
    system.ask(change.format("always"))


@pytest.mark.prove
@pytest.mark.usefixtures("on_demand")
def test_what_staff_ask_for_is_recorded_and_paused_by_our_recorder(system: System) -> None:
    user = "79160000305"
    caller = dial(system, user, 16)
    wait_until(lambda: answered(system, user), "nobody answered")
    assert files(system, user) == []
    for what, kind in (("start", "started"), ("pause", "paused"), ("resume", "started")):
        told = len(facts(system, user))
        order(system, user, what)
        wait_until(
            lambda kind=kind, told=told: f"recording_{kind}" in facts(system, user)[told:],  # type: ignore[misc]  # the defaults bind them now
            f"{what} was not carried out",
            5,
        )
        time.sleep(2)
    caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    first, second = parts(system, user)
    assert {part.told["recorder"] for part in (first, second)} == {"ours"}
    assert second.began - first.ended > 1.5
    assert all(beeped(part.caller, CALLERS) for part in (first, second))


@pytest.mark.prove
@pytest.mark.usefixtures("on_demand")
def test_our_recorder_is_relieved_by_livekits_program_and_is_back_when_that_ends(
    system: System,
) -> None:
    user = "79160000306"
    caller = dial(system, user, 20)
    wait_until(lambda: answered(system, user), "nobody answered")
    order(system, user, "start")
    wait_until(lambda: "recording_started" in facts(system, user), "it did not begin", 5)
    time.sleep(2)
    of_livekit(system, user, "started", "began")
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not leave", 5)
    left, told = time.time(), len(facts(system, user))
    time.sleep(2)
    assert len(files(system, user)) == 1
    of_livekit(system, user, "stopped", "ended")
    over = time.time()
    wait_until(lambda: len(facts(system, user)) == told + 2, "it did not come back", 5)
    caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    first, second = parts(system, user)
    assert {part.told["recorder"] for part in (first, second)} == {"ours"}
    assert first.ended < left and second.began < over + 2
    assert all(beeped(part.caller, CALLERS) for part in (first, second))


def of_livekit(system: System, user: str, kind: str, name: str) -> None:
    """What is told of its program when it hears the room, and when it does no more."""
    system.ask(f"""
        from django.utils import timezone
        from telephony import intake
        from telephony.models import Call, CallEvent
        call = Call.objects.get(from_number="{user}")
        room = {{"room_sid": call.room_sid, "room_name": call.room_name}}
        intake.store([CallEvent(
            event_id="egress:1:{name}", kind="recording_{kind}", source="observer",
            at=timezone.now(), **room)])
    """)


@pytest.mark.prove
@pytest.mark.usefixtures("on_demand")
def test_a_recorder_that_is_killed_goes_on_where_it_was_asked_to(system: System) -> None:
    user = "79160000304"
    caller = dial(system, user, 30)
    wait_until(lambda: answered(system, user), "nobody answered")
    order(system, user, "start")
    asked = time.time()
    wait_until(lambda: "recording_started" in facts(system, user), "it did not begin", 5)
    time.sleep(3)
    process = system.processes.pop("recorder")
    process.kill()
    process.wait()
    killed = time.time()
    system.start_program("recorder")
    caller.result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    first, second = parts(system, user)
    assert {part.told["recorder"] for part in (first, second)} == {"ours"}
    assert first.began < asked + 2 and killed - 2 < first.ended < killed
    # It takes the room when the lease of the dead one is over, or as soon as it has started.
    assert second.began < killed + 15 and len(beeped(second.caller, CALLERS)) >= 4
    assert voiced(first.ours).any()


def answered(system: System, user: str) -> bool:
    found: bool = system.ask(f"""
        from telephony.models import Call
        result = Call.objects.filter(from_number="{user}", answered_at__isnull=False).exists()
    """)
    return found
