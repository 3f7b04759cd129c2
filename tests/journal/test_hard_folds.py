"""Folds under difficulties: much to do, held rows, a database that fails, and lost locks."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from agentworker.models import SessionEvent
from telephony import calls, folding, intake, tasks
from telephony.folding import BATCH, claim, drain, fold_units
from telephony.models import Call, CallEvent, DispatchRule, FoldUnit, Refused
from tests.journal.conftest import save
from tests.journal.witnesses import recording, session_event

pytestmark = pytest.mark.django_db
GONE = OperationalError("the connection is lost")


def fail(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
    """`folding.name` fails so many times, and then works."""
    whole = getattr(folding, name)
    failed: list[None] = []

    def fails(*args: Any) -> Any:
        if len(failed) < times:
            failed.append(None)
            raise GONE
        return whole(*args)

    monkeypatch.setattr(folding, name, fails)


def store_two() -> None:
    both = [recording(name).events("webhook") for name in ("good_call", "gave_up")]
    intake.store([event for events in both for event in events])


def test_the_assistants_facts_are_taken_however_many_others_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = recording("good_call").raw("agent")
    SessionEvent.objects.bulk_create([session_event(line) for line in lines])
    whole = fold_units

    def fold_and_mark(units: Sequence[FoldUnit]) -> int:
        done = whole(units)
        intake.mark(["room:RM_busy"])
        return done

    monkeypatch.setattr(folding, "fold_units", fold_and_mark)
    intake.mark(["room:RM_busy"])
    drain(0.2)
    assert not SessionEvent.objects.filter(folded_at=None).exists()


def test_who_has_waited_longest_is_folded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BATCH", 1)
    now = timezone.now()
    FoldUnit.objects.create(key="room:1", dirty_at=now - timedelta(seconds=1))
    FoldUnit.objects.create(key="room:2", look_again_at=now - timedelta(seconds=3))
    FoldUnit.objects.create(key="room:3", dirty_at=now - timedelta(seconds=2))
    assert [unit.key for _ in range(4) for unit in claim()] == ["room:2", "room:3", "room:1"]


def test_no_more_is_claimed_than_one_transaction_folds() -> None:
    intake.mark([f"room:{number:03}" for number in range(BATCH + 3)])
    assert [len(claim()), len(claim()), len(claim())] == [BATCH, 3, 0]


@pytest.mark.parametrize("name", ["_fold", "_settle"])
def test_what_failed_once_is_folded_at_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    store_two()
    fail(monkeypatch, name, 1)
    drain()
    assert Call.objects.count() == 2
    assert not FoldUnit.objects.exclude(dirty_at=None, locked_until=None).exists()


def test_what_the_database_refused_twice_is_folded_in_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_two()
    fail(monkeypatch, "_fold", 2)
    drain()
    assert Call.objects.count() == 1
    late = FoldUnit.objects.exclude(dirty_at=None).get()
    assert late.locked_until and late.locked_until <= timezone.now() + folding.AGAIN


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_leaves_no_lock_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    store_two()
    claimed = claim()
    fail(monkeypatch, "_fold", 1)
    fail(monkeypatch, "_hold", 2)
    with pytest.raises(OperationalError):
        fold_units(claimed)
    until = timezone.now() + folding.AGAIN
    assert FoldUnit.objects.filter(locked_until__lte=until).count() == 2


def test_who_lost_his_lock_leaves_the_next_one_s_alone() -> None:
    intake.store(recording("good_call").events("webhook"))
    mine = claim()
    FoldUnit.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    (others,) = claim()
    fold_units(mine)
    unit = FoldUnit.objects.get()
    assert unit.locked_until == others.locked_until and unit.dirty_at == others.dirty_at


def test_who_lost_his_lock_before_his_turn_folds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    intake.store(recording("good_call").events("webhook"))
    mine = claim()
    FoldUnit.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    claim()
    fail(monkeypatch, "_fold", 1)
    assert fold_units(mine) == 0
    assert not Call.objects.exists()


def test_a_call_that_came_to_two_rooms_is_folded_with_both() -> None:
    facts = [
        CallEvent(
            event_id=sid, source="webhook", kind="x", at=timezone.now(), room_sid=sid,
            sip_call_id="SCL_1",
        )
        for sid in ("RM_1", "RM_2")
    ]  # fmt: skip
    intake.store(facts)
    drain()
    intake.mark(["call:SCL_1"])
    (unit,) = claim()
    fold_units([unit])
    marked = FoldUnit.objects.exclude(dirty_at=None).order_by("key")
    assert [unit.key for unit in marked] == ["room:RM_1", "room:RM_2"]


def test_what_a_refused_caller_does_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    intake.store(recording("unknown_number").events("tap"))
    whole, key = calls.Ledger.close, FoldUnit.objects.get().key
    late = CallEvent(
        event_id="late", source="tap", kind="call", at=timezone.now(),
        sip_call_id=key.partition(":")[2],
    )  # fmt: skip

    def close_late(ledger: calls.Ledger) -> None:
        intake.store([late])
        whole(ledger)

    monkeypatch.setattr(calls.Ledger, "close", close_late)
    assert fold_units(claim()) == 1
    assert Refused.objects.get().count == 1
    assert CallEvent.objects.get().event_id == "late"
    unit = FoldUnit.objects.get()
    assert unit.dirty_at and unit.locked_until is None


def test_refusals_are_counted_in_one_order_and_each_kind_once() -> None:
    """Two who count at a time would wait for each other otherwise."""
    for number, caller in enumerate(("9", "5", "9", "1")):
        events = recording("unknown_number").events("tap")
        for event in events:
            event.event_id += f"_{number}"
            event.sip_call_id = f"SCL_{number}"
            event.payload["from"] = caller
        intake.store(events)
    drain()
    counted = Refused.objects.order_by("pk").values_list("caller", "count")
    assert list(counted) == [("1", 1), ("5", 1), ("9", 2)]


def test_a_call_s_own_fold_does_not_write_over_its_room_s(rule: DispatchRule) -> None:
    state = recording("good_call").call()
    poorer = recording("good_call").call("tap")
    assert save("call:SCL_1", poorer).changed
    behind = calls.Ledger([poorer])
    assert save("room:RM_1", state).changed
    before = Call.objects.values().get()
    assert not behind.save("call:SCL_1", replace(poorer, from_number="100")).changed
    assert Call.objects.values().get() == before


# PostgreSQL alone has many writers, and a connection that can be lost


@contextmanager
def elsewhere(statement: str, *values: int) -> Iterator[None]:
    """Somebody else runs a statement, and keeps what it locked until the end."""
    ready, done = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
            ready.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_stops_its_own_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    monkeypatch.setattr(folding, "PATIENCE", "200ms")
    held, free = recording("good_call"), recording("gave_up")
    intake.store(held.events("webhook")[:3])
    drain()
    intake.store([*held.events("webhook"), *free.events("webhook")])
    with elsewhere("SELECT id FROM telephony_call FOR UPDATE"):
        drain()
        assert Call.objects.get(room_sid=free.call("webhook").room_sid).state == "ended"
    stuck = FoldUnit.objects.exclude(dirty_at=None).get()
    assert stuck.locked_until and stuck.locked_until <= timezone.now() + folding.AGAIN


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_replaced_when_somebody_asks_again() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection to lose")
    intake.store(recording("good_call").events("webhook"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    with elsewhere("SELECT pg_terminate_backend(%s)", mine):
        pass
    with pytest.raises(OperationalError):
        tasks.fold()
    tasks.fold()
    assert Call.objects.get().state == "ended"
