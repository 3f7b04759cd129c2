"""Into which rooms the voice of last resort goes, and whose calls it ends."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker import last_words, standby
from agentworker.leaving import is_spoken_to, to_let_go
from agentworker.models import StandIn
from agentworker.people import Person
from agentworker.rows import read
from agentworker.standby import Standby
from agentworker.standin import TOO_LATE
from telephony.outverdict import OutEvidence, judge_outbound
from veyra.models import Lease

ANNA = Person("sip_anna", "PA_1", "sip")
BORIS = Person("sip_boris", "PA_2", "sip")
BROWSER = Person("web", "PA_3", "standard", {"veyra.role": "browser"})
OLGA = Person("sip_olga", "PA_4", "sip", {"veyra.role": "colleague"})
SUPERVISOR = Person("supervisor-1", "PA_5", "standard", {"veyra.role": "supervisor"})
LISTENER = Person("listener-1", "PA_6", "standard", {"veyra.role": "listener"})
AGENT = Person("agent-1", "PA_7", "agent")


def asked(sid: str, ago: timedelta = timedelta(), **values: Any) -> StandIn:
    at = timezone.now() - ago
    return StandIn.objects.create(room_sid=sid, room_name="call-1", asked_at=at, **values)


def test_the_calls_of_those_who_heard_it_end() -> None:
    assert to_let_go([LISTENER, ANNA, BROWSER], {"PA_1", "PA_3"}) == ["sip_anna", "web"]


def test_who_joined_meanwhile_stays() -> None:
    assert to_let_go([ANNA, BORIS], {ANNA.sid}) == ["sip_anna"]
    # He called once more: LiveKit threw his first call out of the room.
    assert to_let_go([Person("sip_anna", "PA_9", "sip")], {ANNA.sid}) == []


@pytest.mark.parametrize("helper", [OLGA, SUPERVISOR, AGENT])
def test_nobody_who_is_spoken_to_is_taken_out(helper: Person) -> None:
    assert is_spoken_to([ANNA, helper])
    assert to_let_go([ANNA, helper], {ANNA.sid}) == []


def test_a_listener_speaks_to_nobody() -> None:
    assert not is_spoken_to([ANNA, LISTENER])


@pytest.mark.django_db
def test_what_was_asked_long_ago_is_not_done_any_more() -> None:
    late = TOO_LATE + timedelta(seconds=1)
    old = asked("RM_2", late, summary="Anna calls.")
    new, over = asked("RM_1"), asked("RM_3", over_at=timezone.now())
    assert list(StandIn.objects.to_do(timezone.now())) == [new]
    assert Standby()._look() == [new]
    old.refresh_from_db()
    assert (old.error, over.error) == ("forgotten", "") and old.over_at and not old.summary


@pytest.mark.django_db(transaction=True)
async def test_while_it_speaks_on_nobody_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(standby, "RENEW_SECONDS", 0.1)
    await asyncio.to_thread(last_words.prepare)  # it would take half of the lease
    ours = Standby()
    assert await read(ours._is_ours)
    speech = ours._at_work[1] = asyncio.create_task(asyncio.sleep(3.5))
    speech.add_done_callback(lambda _done: ours._at_work.clear())
    ours.stop()
    running = asyncio.create_task(ours.run())
    end = time.monotonic() + 10
    while not speech.done() and time.monotonic() < end:
        assert await read(lambda: Lease.take(standby.LEASE, 60)) is None
        await asyncio.sleep(0.05)
    await running
    assert await read(lambda: Lease.take(standby.LEASE, 60))


def test_whom_we_called_and_took_out_was_cut_off() -> None:
    evidence = OutEvidence(
        witness="webhook",
        talked=timedelta(seconds=20),
        agent_came=True,
        agent_spoke=True,
        departure="PARTICIPANT_REMOVED",
        deeds=frozenset({"stood_in"}),
    )
    verdict = judge_outbound(evidence)
    assert (verdict.outcome, verdict.reason) == ("failed", "cut_off")
