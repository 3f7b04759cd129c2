"""Rows of recordings are there as soon as there must be a recording, and say how it stands."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.utils import timezone

from agentworker.models import Agent, Session, Worker
from agentworker.recording import RecordingPolicy as Policy
from recordings import expecting
from recordings.models import Part, Recording
from telephony.models import Call, CallEvent, DispatchRule, Leg
from tests.monitoring.conftest import make_user

__all__ = ["make_user"]

pytestmark = pytest.mark.django_db
ROOM, JOB = "RM_1", "AJ_1"
State, Wanted = Recording.State, Recording.Wanted
MakeTalk = Callable[..., Call]


@pytest.fixture
def agent() -> Agent:
    return Agent.objects.create(name="Support", recording=Policy.ALWAYS)


@pytest.fixture
def talk(agent: Agent) -> MakeTalk:
    """A call that was answered ten seconds ago; with `lasted` it ended then."""

    def make(lasted: float | None = None, **fields: Any) -> Call:
        now = timezone.now()
        answered = now - timedelta(seconds=lasted or 10)
        ended = {"state": Call.State.ENDED, "ended_at": now} if lasted else {}
        values = {"agent": agent, "state": Call.State.ANSWERED, "room_sid": ROOM} | ended | fields
        values["unit"] = f"room:{values['room_sid']}"
        call = Call.objects.create(
            **{"started_at": answered, "answered_at": answered, "room_name": "call-1"} | values
        )
        Leg.objects.create(call=call, role=Leg.Role.CALLER, sip_call_id=f"SCL_{call.pk.hex[:9]}")
        return call

    return make


def fact(kind: str, number: int = 1, job: str = JOB, ago: float = 5, **told: str) -> None:
    CallEvent.objects.create(
        event_id=f"agent:{job}:{number}",
        source=CallEvent.Source.AGENT,
        kind=kind,
        at=timezone.now() - timedelta(seconds=ago),
        room_sid=ROOM,
        payload=told,
    )


def lives(*jobs: str) -> None:
    # However slow the machine is that runs this.
    now, named = (
        timezone.now() + timedelta(hours=1),
        [{"job": job, "room": "call-1"} for job in jobs],
    )
    Worker.objects.update_or_create(
        name="w",
        defaults={"host": "h", "pid": 1, "capacity": 4, "jobs": named, "seen_at": now},
        create_defaults={
            **{"host": "h", "pid": 1, "capacity": 4, "jobs": named},
            **{"started_at": now, "seen_at": now},
        },
    )


def look(**back: float) -> list[Any]:
    return expecting.look(timezone.now(), timedelta(**back) if back else expecting.QUICK)


def row() -> Recording:
    return Recording.objects.get()


def test_a_call_that_is_recorded_always_has_its_row_once(talk: MakeTalk) -> None:
    call = talk()
    look()
    look()
    found = row()
    assert (found.call, found.policy, found.state) == (call, Policy.ALWAYS, State.EXPECTED)
    assert (found.wanted, found.room_sid) == (Wanted.ON, ROOM)


def test_who_rings_only_is_not_recorded(talk: MakeTalk) -> None:
    talk(state=Call.State.RINGING, answered_at=None)
    look()
    assert not Recording.objects.exists()


@pytest.mark.parametrize("policy", [Policy.NEVER, Policy.PRESSED, Policy.AGREED])
def test_other_calls_have_no_row_of_themselves(talk: MakeTalk, policy: Policy) -> None:
    Agent.objects.update(recording=policy)
    talk()
    look()
    assert not Recording.objects.exists()


@pytest.mark.parametrize(("of_rule", "count"), [("never", 0), ("", 1), ("always", 1)])
def test_the_rules_word_goes_before_the_assistants(
    talk: MakeTalk, agent: Agent, of_rule: str, count: int
) -> None:
    rule = DispatchRule.objects.create(name="All", agent=agent, recording=of_rule)
    talk(rule=rule)
    look()
    assert Recording.objects.count() == count


def test_what_the_assistant_was_told_goes_before_what_is_saved_now(talk: MakeTalk) -> None:
    Agent.objects.update(recording=Policy.NEVER)
    talk()
    fact("started", recording="always")
    fact("recording_started", 2)
    look()
    assert row().policy == Policy.ALWAYS


def test_consent_makes_the_row_even_if_we_hear_of_it_when_all_is_over(talk: MakeTalk) -> None:
    Agent.objects.update(recording=Policy.AGREED)
    talk(lasted=10)
    ended = timezone.now() - timedelta(hours=3)
    Call.objects.update(ended_at=ended, answered_at=ended - timedelta(seconds=10))
    look()
    # However slow the machine is.
    fact("recording_agreed", ago=(timezone.now() - ended).total_seconds() + 6)
    look()
    found = row()
    assert found.state == State.SAVING
    assert found.due_seconds == pytest.approx(6, abs=0.5)


def test_a_call_that_nobody_looked_at_is_found_within_a_day(talk: MakeTalk) -> None:
    talk(lasted=10)
    ended = timezone.now() - timedelta(hours=2)
    Call.objects.update(ended_at=ended, answered_at=ended - timedelta(seconds=10))
    look()
    assert not Recording.objects.exists()
    look(days=1)
    assert row().state == State.SAVING


@pytest.mark.parametrize(
    ("whose", "hours_ago", "count"),
    [("rule", 1, 0), ("agent", 1, 0), ("rule", 3, 1), ("", 1, 1)],
    ids=["rule", "assistant", "before", "nothing"],
)
def test_what_is_said_after_a_call_is_not_asked_of_it(
    talk: MakeTalk, agent: Agent, make_user: Any, whose: str, hours_ago: int, count: int
) -> None:
    rule = DispatchRule.objects.create(name="All", agent=agent, recording="always")
    talk(lasted=10, rule=rule)
    now = timezone.now()
    ended = now - timedelta(hours=2)
    Call.objects.update(ended_at=ended, answered_at=ended - timedelta(seconds=10))
    rows: dict[str, list[Any]] = {"rule": [rule], "agent": [agent], "": []}
    LogEntry.objects.log_actions(make_user().pk, rows[whose], CHANGE)
    LogEntry.objects.update(action_time=now - timedelta(hours=hours_ago))
    look(days=1)
    assert Recording.objects.count() == count
    # An assistant that was there was told.
    fact("started", recording="always")
    look(days=1)
    assert Recording.objects.count() == 1


@pytest.mark.parametrize(("policy", "count"), [(Policy.ALWAYS, 1), (Policy.NEVER, 0)])
def test_a_call_whose_sound_is_here_is_found_however_long_ago_it_was(
    talk: MakeTalk, policy: Policy, count: int
) -> None:
    Agent.objects.update(recording=policy)
    talk(lasted=10)
    ended = timezone.now() - timedelta(days=3)
    Call.objects.update(ended_at=ended, answered_at=ended - timedelta(seconds=10))
    Part.objects.create(room_sid=ROOM, recorder="assistant", began_at=ended, state="arrived")
    look(days=1)
    assert Recording.objects.count() == count


def test_a_row_follows_what_recorders_say_and_what_becomes_of_the_call(talk: MakeTalk) -> None:
    talk()
    lives(JOB)
    look()
    fact("recording_started")
    look()
    assert (row().state, row().doing) == (State.RECORDING, Wanted.ON)
    fact("recording_paused", 2, ago=3)
    look()
    assert row().doing == Wanted.PAUSED
    now = timezone.now()
    Call.objects.update(state=Call.State.ENDED, ended_at=now)
    look()
    assert (row().state, row().doing) == (State.SAVING, Wanted.OFF)
    assert row().due_seconds == pytest.approx(10, abs=0.5)


def test_who_was_killed_records_no_more(talk: MakeTalk) -> None:
    talk()
    lives(JOB)
    fact("recording_started")
    look()
    [(found, verdict)] = look()
    assert (found.doing, verdict.lacks_recorder) == (Wanted.ON, False)
    lives()
    [(found, verdict)] = look()
    assert (found.doing, verdict.lacks_recorder) == (Wanted.OFF, True)


def test_who_said_goodbye_records_no_more(talk: MakeTalk) -> None:
    talk()
    lives(JOB)
    fact("recording_started")
    now = timezone.now()
    Session.objects.create(job_id=JOB, started_at=now, ended_at=now)
    look()
    assert row().doing == Wanted.OFF


def test_what_waits_long_is_looked_at_now_and_then_only(talk: MakeTalk) -> None:
    talk(lasted=10)
    look()
    ended = timezone.now() - timedelta(hours=3)
    Call.objects.update(ended_at=ended, answered_at=ended - timedelta(seconds=20))
    look()
    assert row().due_seconds == pytest.approx(10, abs=0.5)
    look(days=1)
    assert row().due_seconds == pytest.approx(20, abs=0.5)


def test_what_is_saved_already_is_left_to_who_saves(talk: MakeTalk) -> None:
    talk(lasted=10)
    look()
    Recording.objects.update(state=State.READY, seconds=10)
    fact("recording_started")
    look()
    assert row().state == State.READY


def test_a_part_is_a_sign_of_a_recording(talk: MakeTalk) -> None:
    talk()
    look()
    Part.objects.create(room_name="call-1", room_sid=ROOM, recorder="ours", began_at=timezone.now())
    look()
    assert row().state == State.RECORDING


@pytest.mark.parametrize("fields", [{"is_demo": True}, {"erased_at": timezone.now()}])
def test_what_is_no_call_of_a_person_any_more_is_left_alone(
    talk: MakeTalk, fields: dict[str, Any]
) -> None:
    talk(**fields)
    look()
    assert not Recording.objects.exists()


def test_a_look_asks_the_same_whatever_goes_on_and_writes_what_is_new_only(
    talk: MakeTalk, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        talk(room_sid=f"RM_{number}", lasted=None if number else 10)
    look()
    with django_assert_max_num_queries(10) as asked:
        look()
    assert not any("UPDATE" in query["sql"] for query in asked.captured_queries)


def test_an_assistant_is_told_to_pause_while_a_caller_is_there_who_is_never_recorded(
    talk: MakeTalk, agent: Agent
) -> None:
    talk()
    lives(JOB)
    fact("started", recording="always", ago=9)
    fact("recording_started", 2, ago=9)
    rule = DispatchRule.objects.create(name="Quiet", agent=agent, recording="never")
    quiet = talk(rule=rule, answered_at=timezone.now() - timedelta(seconds=4))
    Call.objects.filter(pk=quiet.pk).update(started_at=timezone.now() - timedelta(seconds=4))
    look()
    [(found, verdict)] = look()
    assert (found.wanted, verdict.order, found.call_id != quiet.pk) == ("paused", "pause", True)
    Call.objects.filter(pk=quiet.pk).update(state="ended", ended_at=timezone.now())
    fact("recording_paused", 3, ago=1)
    [(found, verdict)] = look()
    assert (found.wanted, verdict.order) == ("on", "resume")
