"""From stored facts to rows: units, locks, hand-over, and the line's own rows."""

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from agentworker.models import Agent, SessionEvent
from telephony import intake
from telephony.folding import LOCK, claim, drain, fold_units, release_left
from telephony.journal import Fact
from telephony.longrooms import fact_of
from telephony.models import Call, CallEvent, DispatchRule, FoldUnit, Leg
from tests.journal.conftest import publish
from tests.journal.witnesses import NAMES, recording, session_event
from veyra.models import Program
from veyra.running import SILENT

pytestmark = pytest.mark.django_db
# Those that came to a room; the others are a matter of test_refusals.
PLACED = [name for name in NAMES if recording(name).calls("webhook")]


def test_a_recorded_call_becomes_a_row_with_its_line(rule: DispatchRule) -> None:
    record = recording("good_call")
    intake.store(record.events("tap", "webhook"))
    SessionEvent.objects.bulk_create([session_event(line) for line in record.raw("agent")])
    drain()
    call = Call.objects.get()
    assert (call.state, call.outcome, call.reason) == ("ended", "answered", "hung_up_by_caller")
    assert call.rule == rule and call.agent == rule.agent
    assert call.number == rule.numbers.get()
    assert call.unit == f"room:{call.room_sid}"
    leg = Leg.objects.get()
    assert leg.call == call and leg.identity == "sip_79161230001" and leg.left_at == call.ended_at


def test_the_trunk_is_known_by_its_id_in_livekit(rule: DispatchRule) -> None:
    record = recording("good_call")
    trunk = rule.numbers.get().trunk
    publish(trunk, "trunk", record.call().trunk_id)
    intake.store(record.events())
    drain()
    assert Call.objects.get().trunk == trunk


def test_a_rule_without_our_attribute_is_known_by_its_id_in_livekit(rule: DispatchRule) -> None:
    record = recording("good_call")
    publish(rule, "rule", record.call().rule_id)
    events = record.events("tap")
    for event in events:
        event.payload.get("attributes", {}).pop("veyra.rule", None)
    intake.store(events)
    drain()
    call = Call.objects.get()
    assert call.rule == rule and call.agent == rule.agent


def test_an_attribute_that_is_no_key_is_passed_over(rule: DispatchRule) -> None:
    events = recording("good_call").events("tap")
    for event in events:
        if "attributes" in event.payload:
            event.payload["attributes"]["veyra.rule"] = "not a key"
    intake.store(events)
    drain()
    assert Call.objects.get().rule is None


def test_the_assistant_that_came_stands_over_the_one_that_was_sent(rule: DispatchRule) -> None:
    other = Agent.objects.create(name="Продажи")
    record = recording("good_call")
    events = record.events()
    for event in events:
        if event.kind == "started":
            event.payload = {"agent": str(other.key), "version": 1}
    intake.store(events)
    drain()
    assert Call.objects.get().agent == other


def test_our_own_test_caller_is_marked() -> None:
    events = recording("good_call").events("tap")
    for event in events:
        event.payload["from"] = "veyra-test-0f1e2d3c"
    intake.store(events)
    drain()
    assert Call.objects.get().is_test


def test_nothing_new_leaves_the_version_alone() -> None:
    record = recording("good_call")
    intake.store(record.events())
    drain()
    before = Call.objects.get().version
    intake.store(record.events())
    drain()
    assert Call.objects.get().version == before


def test_open_pages_hear_of_a_change_once(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr("veyra.live._send", lambda kind, pk: heard.append((kind, pk)))
    intake.store(recording("good_call").events())
    with django_capture_on_commit_callbacks(execute=True):
        drain()
        drain()
    assert heard == [("call", str(Call.objects.get().pk))]


def test_a_call_that_comes_to_its_room_stays_the_same_row() -> None:
    record = recording("gave_up")  # the tap never names the room of a call that only rings
    ringing = [event for event in record.events("tap") if "ended_ns" not in event.payload]
    for event in ringing:
        event.at = timezone.now()
    intake.store(ringing)
    drain()
    knocking = Call.objects.get()
    assert knocking.state == "ringing" and knocking.unit.startswith("call:SCL_")
    intake.store(record.events("webhook"))
    drain()
    call = Call.objects.get()
    assert call.pk == knocking.pk and call.unit.startswith("room:RM_")
    assert (call.state, call.outcome) == ("ended", "abandoned")


def test_what_the_tap_says_after_the_hand_over_reaches_the_room() -> None:
    record = recording("gave_up")
    ends = [event for event in record.events("tap") if "ended_ns" in event.payload]
    intake.store(record.events("webhook"))
    drain()
    rough = Call.objects.get()
    intake.store(ends)
    drain()
    exact = Call.objects.get()
    assert exact.pk == rough.pk and exact.codec == "PCMU/8000"
    assert exact.ended_at == record.call().ended_at
    assert exact.unit == rough.unit


def test_a_knock_makes_no_call_before_it_came_to_a_room() -> None:
    record = recording("good_call")
    intake.store(record.events("tap")[:3])
    drain()
    assert not Call.objects.exists()


def test_two_callers_of_a_room_are_two_rows_of_one_unit() -> None:
    intake.store(recording("shared_room").events())
    drain()
    first, second = Call.objects.order_by("started_at")
    assert first.unit == second.unit and first.from_number != second.from_number


def test_a_unit_that_somebody_folds_is_left_alone() -> None:
    intake.store(recording("good_call").events())
    unit = FoldUnit.objects.filter(key__startswith="room:").get()
    FoldUnit.objects.filter(pk=unit.pk).update(locked_until=timezone.now() + LOCK)
    drain()
    assert not Call.objects.exists()


def test_locks_of_a_killed_worker_are_free_as_the_next_begins_unless_another_one_folds() -> None:
    intake.store(recording("good_call").events())
    now = timezone.now()
    FoldUnit.objects.update(locked_until=now + LOCK)
    about = {"name": "worker", "pid": 1, "started_at": now, "seen_at": now}
    Program.objects.create(host=socket.gethostname(), **about)
    other = Program.objects.create(host="elsewhere", **about)
    assert release_left() == 0
    Program.objects.filter(pk=other.pk).update(seen_at=now - SILENT)
    assert release_left() == FoldUnit.objects.count() > 0
    drain()
    assert Call.objects.exists()


def test_a_lock_that_was_left_behind_runs_out() -> None:
    intake.store(recording("good_call").events())
    FoldUnit.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    drain()
    assert Call.objects.exists()
    assert not FoldUnit.objects.exclude(locked_until=None).exists()


def test_a_unit_is_claimed_once() -> None:
    intake.store(recording("good_call").events("webhook"))
    assert [len(claim()), len(claim())] == [1, 0]


def test_facts_that_come_while_it_folds_keep_the_unit_dirty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = recording("good_call")
    intake.store(record.events("webhook"))
    unit = FoldUnit.objects.get()

    def fold_late(facts: Any, now: Any, about: Any) -> Any:
        from telephony.journal import fold

        state = fold(facts, now, about)
        intake.store(record.events("tap"))
        return state

    monkeypatch.setattr("telephony.folding.fold", fold_late)
    assert fold_units(claim()) == 1
    unit.refresh_from_db()
    assert unit.dirty_at and not unit.locked_until


def test_a_unit_that_cannot_be_folded_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from telephony import folding

    bad, good = recording("good_call"), recording("gave_up")
    intake.store([*bad.events("webhook"), *good.events("webhook")])
    whole = fact_of

    def break_one(event: CallEvent) -> Fact:
        if event.room_sid == bad.call("webhook").room_sid:
            raise ValueError("cannot be read")
        return whole(event)

    monkeypatch.setattr(folding, "fact_of", break_one)
    drain()
    assert [call.outcome for call in Call.objects.all()] == ["abandoned"]
    stuck = FoldUnit.objects.get(key=f"room:{bad.call('webhook').room_sid}")
    assert stuck.dirty_at and stuck.locked_until and stuck.locked_until > timezone.now()


def test_a_unit_whose_row_somebody_else_made_just_then_is_folded_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intake.store(recording("good_call").events("webhook"))
    write = Call.save
    failed: list[Call] = []

    def write_too_late(call: Call, *args: Any, **kwargs: Any) -> None:
        if not failed:
            failed.append(call)
            raise IntegrityError("a leg of this call id is there")
        write(call, *args, **kwargs)

    monkeypatch.setattr(Call, "save", write_too_late)
    drain()
    assert failed and Call.objects.get().state == "ended"
    assert not FoldUnit.objects.exclude(dirty_at=None, locked_until=None).exists()


def test_many_units_are_folded_by_as_many_questions_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        events = recording("good_call").events("webhook")
        for event in events:
            event.event_id += f"_{number}"
            event.room_sid += f"_{number}"
            event.sip_call_id += f"_{number}" if event.sip_call_id else ""
        intake.store(events)
    drain()
    assert Call.objects.count() == 20
    FoldUnit.objects.update(dirty_at=timezone.now())
    # Claim, SAVEPOINT, facts, legs, rows of the line, RELEASE; SAVEPOINT, settle, RELEASE. Each
    # transaction tells PostgreSQL how long it will wait for a row.
    with django_assert_num_queries(11 if connection.vendor == "postgresql" else 9):
        assert fold_units(claim()) == 20


def test_agent_facts_are_taken_over_once() -> None:
    record = recording("good_call")
    SessionEvent.objects.bulk_create([session_event(line) for line in record.raw("agent")])
    assert intake.take_agent_facts() == 4
    assert intake.take_agent_facts() == 0
    assert CallEvent.objects.filter(source="agent").count() == 4
    assert not SessionEvent.objects.filter(folded_at=None).exists()


def test_an_assistant_that_could_not_start_is_named() -> None:
    record = recording("nobody_came")
    call = record.call()
    SessionEvent.objects.create(
        event_id="1",
        job_id="AJ_1",
        kind="failed",
        at=call.started_at + timedelta(seconds=1),
        payload={"error": "no voice named Pavel"},
        room_sid=call.room_sid,
        sip_call_id=call.sip_call_id,
    )
    intake.store(record.events())
    drain()
    row = Call.objects.get()
    assert (row.outcome, row.reason) == ("failed", "agent_failed")


def test_a_browser_call_keeps_the_id_that_its_token_claimed() -> None:
    claimed = "5f8f1c9e-2f55-4d0c-9a3e-7f6f1f4f0f11"
    person = {
        "sid": "PA_1",
        "identity": "browser-1",
        "attributes": {"veyra.call": claimed, "veyra.role": "browser"},
    }
    joined = {"kind": "participant_joined", "at": timezone.now() - timedelta(seconds=9)}
    left = {"kind": "participant_left", "at": timezone.now()}
    for event in (joined, left):
        CallEvent.objects.create(
            event_id=str(event["kind"]),
            source="webhook",
            payload={"participant": person},
            participant_sid="PA_1",
            room_sid="RM_1",
            room_name="call-browser",
            **event,
        )
    intake.mark(["room:RM_1"])
    drain()
    call = Call.objects.get()
    assert (str(call.pk), call.direction, call.state) == (claimed, "browser", "ended")
    assert Leg.objects.get().role == "browser"


@pytest.mark.parametrize("role", ["listener", "supervisor", "standby", "recorder"])
def test_who_only_listens_makes_no_call(role: str) -> None:
    person = {"sid": "PA_1", "attributes": {"veyra.role": role, "veyra.call": "x"}}
    CallEvent.objects.create(
        event_id="EV_1",
        source="webhook",
        kind="participant_joined",
        at=timezone.now(),
        payload={"participant": person},
        participant_sid="PA_1",
        room_sid="RM_1",
    )
    intake.mark(["room:RM_1"])
    drain()
    assert not Call.objects.exists()


class InAnyOrder(TestCase):
    @settings(
        max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.data())
    def test_facts_in_any_order_and_pieces_make_the_same_row(self, data: st.DataObject) -> None:
        record = recording(data.draw(st.sampled_from(PLACED)))
        events = data.draw(st.permutations(record.events("tap", "webhook", "agent")))
        size = data.draw(st.integers(3, 12))
        for start in range(0, len(events), size):
            intake.store(events[start : start + size])
            drain()
        wanted = {(c.sip_call_id, c.answered_at, c.ended_at, c.reason) for c in record.calls()}
        rows = Leg.objects.select_related("call")
        found = {(r.sip_call_id, r.call.answered_at, r.call.ended_at, r.call.reason) for r in rows}
        assert found == wanted
