"""Which rooms our recorder enters, and which it leaves to others."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker.recording import RecordingPolicy
from agentworker.taping.parts import Origin
from agentworker.taping.stay import Stay
from recordings.deciding import Verdict
from recordings.models import Recording
from recordings.recorder import (
    LEASE,
    LEASE_SECONDS,
    MOST,
    PATIENCE,
    Room,
    RoomRecorder,
    Taken,
    endings,
    orders,
    relieved,
    rooms,
)
from telephony.models import CallEvent
from veyra.models import Lease

NOW = timezone.now()
ON, PAUSED, OFF = Recording.Wanted.ON, Recording.Wanted.PAUSED, Recording.Wanted.OFF
EXPECTED, RECORDING = Recording.State.EXPECTED, Recording.State.RECORDING


def found(
    wanted: Recording.Wanted = ON, doing: Recording.Wanted = OFF, order: str = "", **row: Any
) -> tuple[Recording, Verdict]:
    policy = row.get("policy", RecordingPolicy.ALWAYS)
    values = {"room_sid": "RM_1", "room_name": "room-1", "state": EXPECTED} | row
    recording = Recording(wanted=wanted, doing=doing, **values)
    state = Recording.State(recording.state)
    lacks = (wanted, doing) == (ON, OFF)
    return recording, Verdict(policy, state, wanted, NOW, doing, order, lacks_recorder=lacks)


def told(kind: str, seconds: float, job: str = "AJ_1") -> CallEvent:
    at = NOW + timedelta(seconds=seconds)
    return CallEvent(event_id=f"agent:{job}:{seconds}", kind=kind, at=at, room_sid="RM_1")


@pytest.mark.parametrize(
    ("row", "lacks", "may_begin"),
    [
        (found(), True, True),
        (found(doing=ON), False, True),
        (found(state=RECORDING), True, False),
        (found(policy=RecordingPolicy.PRESSED), True, False),
        (found(policy=RecordingPolicy.AGREED), True, True),
    ],
)
def test_a_room_lacks_us_where_nobody_records_what_is_wanted(
    row: tuple[Recording, Verdict], lacks: bool, may_begin: bool
) -> None:
    assert rooms([row]) == {"RM_1": Room("RM_1", "room-1", lacks, may_begin)}


@pytest.mark.parametrize(
    "row", [found(PAUSED), found(OFF), found(egress_id="EG_1"), found(room_sid="")]
)
def test_what_is_not_wanted_or_recorded_elsewhere_is_left_alone(
    row: tuple[Recording, Verdict],
) -> None:
    assert rooms([row]) == {}


def test_a_room_of_several_calls_is_recorded_while_one_of_them_is() -> None:
    assert set(rooms([found(PAUSED), found(ON), found(OFF)])) == {"RM_1"}


def test_a_pause_is_told_as_one() -> None:
    assert endings([found(PAUSED), found(OFF, room_sid="RM_2")]) == {"RM_1": "recording_paused"}


def test_jobs_are_told_what_they_have_not_done() -> None:
    assert orders([found(PAUSED, ON, "pause"), found(room_name="b")]) == {"room-1": "pause"}


def test_who_began_after_us_relieves_us_while_he_goes_on() -> None:
    since = {"RM_1": NOW}
    began = told("recording_started", 1)
    assert relieved([began], since) == {"RM_1"}
    assert relieved([told("recording_started", -1)], since) == set()
    assert relieved([began, told("recording_stopped", 2)], since) == set()
    assert relieved([began, told("recording_stopped", 2, "AJ_0")], since) == {"RM_1"}


def test_an_assistant_has_a_moment_to_begin_itself() -> None:
    recorder = RoomRecorder()
    new = {"RM_1": Room("RM_1", "r", lacks=True, may_begin=True)}
    assert recorder._to_enter(new, set()) == []
    recorder._lacking["RM_1"] -= PATIENCE
    assert recorder._to_enter(new, set()) == [new["RM_1"]]
    lost = {"RM_2": Room("RM_2", "r", lacks=True, may_begin=False)}
    assert recorder._to_enter(lost, set()) == [lost["RM_2"]]


def test_a_room_that_is_over_is_not_entered_again_and_so_not_made_anew() -> None:
    recorder = RoomRecorder()
    room = Room("RM_1", "r", lacks=True, may_begin=False)
    recorder._gone.add("RM_1")
    assert recorder._to_enter({"RM_1": room}, set()) == []
    assert recorder._to_enter({}, set()) == [] and not recorder._gone


def test_more_rooms_than_one_process_can_record_are_left_to_others() -> None:
    wanted = {sid: Room(sid, "r", lacks=True, may_begin=False) for sid in map(str, range(MOST + 5))}
    assert len(RoomRecorder()._to_enter(wanted, set())) == MOST


def take(recorder: RoomRecorder, sid: str, until: datetime) -> uuid.UUID:
    holder = uuid.uuid4()
    Lease.objects.create(name=LEASE + sid, holder=holder, until=until)
    stay = Stay(Origin("r", sid, "ours"), f"recorder-{sid}", lambda *_, **__: None)
    recorder._taken[sid] = Taken(stay, holder, NOW)
    return holder


@pytest.mark.django_db
def test_a_room_is_ours_until_another_process_takes_it() -> None:
    recorder, long_ago = RoomRecorder(), timezone.now() - timedelta(minutes=1)
    take(recorder, "RM_1", long_ago)
    take(recorder, "RM_2", long_ago)
    Lease.objects.filter(name=LEASE + "RM_2").update(holder=uuid.uuid4())
    assert recorder._lost() == {"RM_2"}
    kept = Lease.objects.get(name=LEASE + "RM_1")
    assert kept.until > timezone.now() + timedelta(seconds=LEASE_SECONDS - 1)


@pytest.mark.django_db
def test_the_room_of_a_killed_recorder_is_free_when_its_lease_is_over() -> None:
    other, recorder, now = RoomRecorder(), RoomRecorder(), timezone.now()
    take(other, "RM_1", now - timedelta(seconds=1))
    take(other, "RM_2", now - timedelta(seconds=1))
    take(other, "RM_3", now + timedelta(seconds=3))
    wanted = {sid: Room(sid, "r", lacks=False, may_begin=False) for sid in ("RM_1", "RM_3")}
    orphans = recorder._orphans(now, wanted)
    assert recorder._to_enter(wanted, orphans) == [wanted["RM_1"]]
    # What nobody wants any more leaves nothing behind.
    left = set(Lease.objects.values_list("name", flat=True))
    assert left == {LEASE + "RM_1", LEASE + "RM_3"}


@pytest.mark.django_db
def test_facts_that_were_not_stored_are_stored_at_the_next_look() -> None:
    recorder = RoomRecorder()
    room = Room("RM_1", "room-1", lacks=True, may_begin=False)
    recorder._tell(room, "recording_started", part="p")
    recorder._look()
    event = CallEvent.objects.get()
    assert (event.kind, event.payload, event.source) == (
        "recording_started",
        {"part": "p"},
        CallEvent.Source.OBSERVER,
    )
    recorder._look()
    assert CallEvent.objects.count() == 1


def test_an_order_is_given_again_only_where_it_was_not_carried_out_in_time() -> None:
    recorder = RoomRecorder()
    assert recorder._is_time("room-1", "pause") and not recorder._is_time("room-1", "pause")
    assert recorder._is_time("room-1", "resume") and recorder._is_time("room-2", "pause")
