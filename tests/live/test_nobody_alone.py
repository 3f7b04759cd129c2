"""Assistants and workers are killed in the middle of real calls: the caller is answered again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agentworker.last_words import sound
from tests.live.callee import Provider
from tests.live.sound import beeped, beeping, beeps, of_wav, samples
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running

pytestmark = pytest.mark.live

SUPPORT, SALES, URGENT = "74991124148", "74991124149", "74991124150"
# Olga picks up, Boris does not.
OLGA, BORIS = "79160000201", "79160000202"
# What the caller and the colleague say, in Hz: above our music, and in no voice for long.
CALLERS, OLGAS = 1700, 2300
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import Colleague, DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    support = Agent.objects.create(name="Поддержка")
    save_words(support, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    rule = DispatchRule.objects.create(name="Поддержка", agent=support, room="support-room-")
    rule.numbers.add(PhoneNumber.objects.create(number="+74991124148", trunk=trunk))
    olga = Colleague.objects.create(name="Ольга", phone="+{olga}")
    boris = Colleague.objects.create(name="Борис", phone="+{boris}")
    for name, number, who in (("sales", "4149", boris), ("urgent", "4150", olga)):
        values = {{"room": f"{{name}}-room-", "fallback_colleague": who}}
        rule = DispatchRule.objects.create(name=name, agent=support, **values)
        rule.numbers.add(PhoneNumber.objects.create(number=f"+7499112{{number}}", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({OLGA: "answer in clear", BORIS: "ring"}, sound=beeps(OLGAS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(provider: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "watchdog", "standby", alone="agent") as system:
        system.ask(LINE.format(provider=provider.address, olga=OLGA, boris=BORIS))
        system.wait_for_line()
        yield system


def talks(system: System, user: str) -> bool:
    """The assistant has begun to speak to this caller."""
    found: bool = system.ask(f"""
        from agentworker.models import SessionEvent
        said = SessionEvent.objects.filter(room_name__contains="{user}", kind="speech_started")
        result = said.exists()
    """)
    return found


def has_greeted(system: System, user: str) -> bool:
    """The greeting of this caller is over."""
    found: bool = system.ask(f"""
        from agentworker.models import Turn
        said = Turn.objects.filter(session__room_name__contains="{user}", speaker="agent")
        result = said.exists()
    """)
    return found


def kill_job(system: System, user: str) -> None:
    """The process of the conversation with this caller dies: it holds his spool open."""
    job = system.ask(f"""
        from agentworker.models import SessionEvent
        events = SessionEvent.objects.filter(room_name__contains="{user}").order_by("-pk")
        result = events.first().job_id
    """)
    (pid,) = processes_with(system.folder / "spool" / f"{job}.jsonl")
    os.kill(pid, signal.SIGKILL)


def kill(system: System, program: str) -> None:
    process = system.processes.pop(program)
    process.kill()
    process.wait()


def kill_worker(system: System, program: str = "agent") -> None:
    """The whole worker: the process that we know, and all that it has started."""
    group = [system.processes[program].pid]
    for pid in group:
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            group += [int(child) for child in tasks.read_text().split()]
    for pid in group:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    system.processes.pop(program).wait()


def outcome(system: System, user: str) -> list[str]:
    found: list[str] = system.ask(f"""
        from telephony.models import Call
        result = Call.objects.filter(from_number="{user}").values_list("outcome", "reason").get()
    """)
    return found


def waiting(system: System, user: str) -> list[str]:
    """Why this caller is to be called back."""
    found: list[str] = system.ask(f"""
        from telephony.models import CallBack
        rows = CallBack.objects.waiting().filter(caller="+{user}")
        result = list(rows.values_list("reason", flat=True))
    """)
    return found


def processes_with(file: Path) -> set[int]:
    """Processes that hold `file` open."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == file:
                found.add(int(link.parts[2]))
    return found


def told(system: System, user: str) -> list[str]:
    """What the watchdog did for this caller."""
    found: list[str] = system.ask(f"""
        from telephony.models import CallEvent
        events = CallEvent.objects.filter(room_name__contains="{user}", source="observer")
        ours = events.filter(event_id__startswith="watchdog:").order_by("at")
        result = [event.kind for event in ours]
    """)
    return found


def voice_after(heard: dict[str, Any], moment: float) -> float:
    """Seconds from `moment` (of the clock) until a voice was heard again."""
    began = heard["answered_at"] - heard["answered"]
    later: list[float] = [began + at - moment for at in heard["voices"] if began + at > moment]
    assert later, f"no voice after the moment {moment - began:.1f} s of the call: {heard}"
    return min(later)


def introduce(system: System, user: str) -> None:
    """The call is given to Olga, with a word about it."""
    system.ask(f"""
        import uuid
        from telephony import acting
        from telephony.models import Call, Colleague
        params = {{"colleague": Colleague.objects.get(name="Ольга").pk, "note": "важно"}}
        call = Call.objects.get(from_number="{user}")
        acting.ask(call, "introduce", params, None, uuid.uuid4())
    """)


def hold_is_over(system: System, user: str) -> bool:
    over: bool = system.ask(f"""
        from agentworker.models import StandIn
        rows = StandIn.objects.filter(room_name__contains="{user}").exclude(over_at=None)
        result = rows.exists()
    """)
    return over


def story(system: System, user: str) -> list[str]:
    """What staff, and the watchdog for them, did in this call."""
    found: list[str] = system.ask(f"""
        from telephony.models import CallEvent
        events = CallEvent.objects.filter(room_name__contains="{user}").order_by("at")
        result = [each.kind for each in events.filter(source__in=["staff", "observer"])]
    """)
    return found


def test_a_colleague_hears_who_calls_before_they_hear_each_other(
    system: System, provider: Provider
) -> None:
    user = "79160000100"
    caller = system.dial(
        SUPPORT, f"say:{beeping(system.folder / 'beeps.wav', CALLERS, 40)}", user=user
    )
    wait_until(lambda: talks(system, user), "nobody spoke")
    introduce(system, user)
    wait_until(lambda: bool(provider.of(OLGA)), "her telephone did not ring", 15)
    (olga,) = provider.of(OLGA)
    wait_until(lambda: hold_is_over(system, user), "they were not connected", 40)
    connected = time.monotonic() - (olga.answered or 0), time.time()
    time.sleep(2)
    provider.hang_up(olga)
    heard = caller.result()
    assert heard["ended_by"] == "them"  # he is not left alone when she goes
    # She heard the summary, and then the caller; only until her telephone was shut off, his line.
    hers = samples(b"".join(payload for _at, payload in olga.heard))
    told = beeped(hers, CALLERS)
    assert len(hers) / 8000 > 8 and connected[0] > 4
    assert [at for at in told if 0.5 < at < connected[0] - 1] == []
    assert [at for at in told if at > connected[0]]
    # He heard music meanwhile, and then her.
    his = beeped(of_wav(caller.heard), OLGAS)
    assert his and min(his) > connected[1] - heard["answered_at"] - 1
    told_of = {"staff_introduce", "on_hold", "people_ring", "people_taken", "hold_over"}
    assert told_of | {"people_left"} <= set(story(system, user))
    wait_until(lambda: outcome(system, user)[0] == "answered", "no outcome", 10)


def test_a_caller_whose_assistant_is_killed_is_answered_by_another(system: System) -> None:
    user = "79160000101"
    caller = system.dial(SUPPORT, "listen:20", "wait:22", user=user)
    wait_until(lambda: has_greeted(system, user), "nobody spoke")
    time.sleep(2)  # a voice counts as a new one after a pause
    kill_job(system, user)
    killed = time.time()
    heard = caller.result()
    assert heard["ended_by"] == "us"
    assert told(system, user) == ["assistant_sent_again"]
    assert voice_after(heard, killed) < 8


def test_a_caller_who_loses_the_whole_worker_hears_that_and_is_called_back(system: System) -> None:
    user = "79160000102"
    caller = system.dial(SUPPORT, "listen:20", "wait:30", user=user)
    wait_until(lambda: has_greeted(system, user), "nobody spoke")
    time.sleep(2)  # a voice counts as a new one after a pause
    kill_worker(system)
    killed = time.time()
    heard = caller.result()
    assert heard["ended_by"] == "them"
    assert told(system, user) == ["stood_in"]
    assert voice_after(heard, killed) < 5
    wait_until(lambda: outcome(system, user) == ["failed", "cut_off"], "no outcome", 10)
    assert waiting(system, user) == ["cut_off"]


def test_a_caller_who_comes_while_no_worker_runs_is_answered_within_five_seconds(
    system: System,
) -> None:
    user = "79160000103"
    heard = system.call(SUPPORT, "wait:20", user=user)
    assert heard["answered"] < 5 and heard["first_voice"] < heard["answered"] + 2
    said = sound("ru", mid_call=False, will_call_back=True).seconds
    # Pauses between the words are not voiced.
    assert 0.55 * said < heard["voiced_seconds"] < 1.1 * said
    assert heard["ended_by"] == "them"
    wait_until(lambda: outcome(system, user) == ["no_agent", "nobody_came"], "no outcome", 10)
    assert waiting(system, user) == ["nobody_came"]


@pytest.mark.prove
def test_who_does_not_want_to_wait_for_a_colleague_is_called_back(
    system: System, provider: Provider
) -> None:
    user = "79160000106"
    if "agent" in system.processes:
        kill_worker(system)
    heard = system.call(SALES, "wait:7", "press:1", "wait:15", user=user)
    assert heard["answered"] < 5 and heard["ended_by"] == "them"
    assert provider.of(BORIS) and provider.of(BORIS)[0].answered is None
    assert [kind for kind in story(system, user) if kind in ("people_ring", "on_hold")]
    wait_until(lambda: outcome(system, user) == ["no_agent", "asked_back"], "no outcome", 10)
    wait_until(lambda: waiting(system, user) == ["asked_back"], "nobody was noted", 10)


@pytest.mark.prove
def test_a_colleague_takes_the_call_where_no_assistant_can(
    system: System, provider: Provider
) -> None:
    user = "79160000107"
    if "agent" in system.processes:
        kill_worker(system)
    before = len(provider.of(OLGA))
    said = beeping(system.folder / "urgent.wav", CALLERS, 40)
    caller = system.dial(URGENT, f"say:{said}", user=user)
    wait_until(lambda: len(provider.of(OLGA)) > before, "her telephone did not ring", 20)
    olga = provider.of(OLGA)[before]
    wait_until(lambda: hold_is_over(system, user), "they were not connected", 20)
    time.sleep(4)
    provider.hang_up(olga)
    heard = caller.result()
    assert heard["ended_by"] == "them" and heard["answered"] < 5
    hers = samples(b"".join(payload for _at, payload in olga.heard))
    assert len(beeped(hers, CALLERS)) >= 4 and len(beeped(of_wav(caller.heard), OLGAS)) >= 4
    wait_until(lambda: outcome(system, user)[0] == "answered", "no outcome", 10)
    told_of = [kind for kind in story(system, user) if kind.startswith("people_")]
    assert told_of == ["people_ring", "people_taken", "people_left"]
    assert waiting(system, user) == []


@pytest.mark.prove
def test_a_last_resort_that_is_killed_speaks_when_it_is_back(system: System) -> None:
    user = "79160000104"
    if "agent" in system.processes:
        kill_worker(system)
        time.sleep(6)  # until then nobody knows that it is dead
    caller = system.dial(SUPPORT, "wait:25", user=user)
    wait_until(lambda: told(system, user) == ["stood_in"], "nobody was asked")
    kill(system, "standby")
    system.start_program("standby")
    heard = caller.result()
    assert heard["voiced_seconds"] > 2 and heard["ended_by"] == "them"


@pytest.mark.prove
def test_assistants_answer_again_when_a_worker_is_back(system: System) -> None:
    user = "79160000105"
    if "agent" in system.processes:
        kill_worker(system)
    before = system.log("agent").count("registered worker")
    system.start_program("agent")
    wait_until(
        lambda: system.log("agent").count("registered worker") > before, "no worker came", 60
    )
    system.call(SUPPORT, "wait:4", user=user)
    assert talks(system, user) and told(system, user) == []
