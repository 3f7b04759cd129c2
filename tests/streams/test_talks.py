"""A talk that staff ask for is recorded by LiveKit, or by us the moment that it is not."""

import io
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone
from livekit.protocol.egress import EgressStatus

from agentworker.models import Agent
from agentworker.recording import RecordingPolicy as Policy
from recordings import (
    deleting,
    egress,
    expecting,
    fetching,
    looking,
    making,
    owning,
    saving,
    streaming,
)
from recordings import talks as module
from recordings.deciding import Verdict, Wanted, decide
from recordings.models import Part, Recorder, Recording, Storage
from recordings.stores import open_recording, store_of
from recordings.storing import FileError
from recordings.turning import turn
from telephony.models import Call, CallEvent
from tests.recordings.conftest import _s3, s3
from tests.recordings.s3 import S3
from tests.simulator.conftest import Simulated
from veyra.livekit import services
from veyra.livekit.media import Egress, Written
from veyra.livekit.simulator.recorders import Fault
from veyra.livekit.simulator.sound import AGENT_HZ, CALLER_HZ
from veyra.livekit.simulator.sound import talk as sound_of
from veyra.livekit.types import Participant, Track

__all__ = ["_s3", "s3"]

pytestmark = pytest.mark.django_db

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
COLLEAGUE = Participant(
    sid="PA_2",
    identity="colleague",
    kind="standard",
    has_sound=True,
    tracks=(Track(sid="TR_2", kind="audio", source="microphone"),),
    attributes={"veyra.role": "colleague"},
)


@pytest.fixture
def storage(s3: S3) -> Iterator[Storage]:
    login = {"egress_access_key": "egress", "egress_secret_key": "secret-of-egress"}
    row = s3.storage(is_current=True, prefix="veyra", **login)
    row.save()
    yield row


@pytest.fixture
def call(livekit: Simulated, room: str, storage: Storage) -> Call:
    """Answered by an assistant whose calls are recorded when somebody presses the button."""
    agent = Agent.objects.create(name="Support", recording=Policy.PRESSED)
    now = timezone.now()
    return Call.objects.create(
        state="answered",
        started_at=now,
        answered_at=now,
        room_name=room,
        room_sid=livekit.store.rooms[room].sid,
        agent=agent,
    )


def order(call: Call, kind: str) -> None:
    CallEvent.objects.create(
        event_id=f"{kind}-{uuid.uuid4()}",
        source="staff",
        kind=kind,
        at=timezone.now(),
        room_sid=call.room_sid,
    )
    expecting.look_at(call)


def until(is_so: Callable[[], object], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while True:
        looking.look()
        fetching.fetch()
        if is_so():
            return
        parts = list(Part.objects.values("state", "reason", "ended_at"))
        assert time.monotonic() < ends, parts
        time.sleep(0.01)


def verdict(call: Call) -> Verdict:
    story = expecting.story_of(call, expecting.row_of(call))
    assert story
    return decide(story)


def is_on(call: Call) -> bool:
    return verdict(call).doing == Wanted.ON


def states() -> list[str]:
    return [part.state for part in Part.objects.all()]


def hang_up(livekit: Simulated, call: Call, seconds_ago: float = 0) -> None:
    livekit.do(livekit.switchboard.delete_room(call.room_name))
    ended_at = timezone.now() - timedelta(seconds=seconds_ago)
    Call.objects.filter(pk=call.pk).update(state="ended", ended_at=ended_at)


def saved(call: Call) -> Recording:
    saving.work(timezone.now() + timedelta(minutes=1))
    row = expecting.row_of(call)
    assert row
    return row


def pitches(sound: bytes) -> list[int]:
    """Of the left and of the right."""
    with av.open(io.BytesIO(sound), "r") as file:
        lanes = [frame.to_ndarray().T.reshape(-1, 2) for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    whole = np.concatenate(lanes).astype(float)
    return [
        round(np.argmax(np.abs(np.fft.rfft(lane))) * rate / len(lane) / 20) * 20 for lane in whole.T
    ]


def test_a_talk_is_recorded_by_livekit_from_pause_to_pause_with_callers_on_the_left(
    livekit: Simulated, call: Call, storage: Storage
) -> None:
    until(lambda: not Part.objects.exists())
    order(call, "record_start")
    until(lambda: is_on(call))
    (job,) = livekit.switchboard.recorders.jobs.values()
    assert (job.bucket.access_key, job.has_picture) == ("egress", False)
    time.sleep(0.5)
    order(call, "record_pause")
    until(lambda: verdict(call).doing == Wanted.PAUSED)
    order(call, "record_resume")
    until(lambda: is_on(call))
    time.sleep(0.5)
    hang_up(livekit, call)
    until(lambda: states() == ["arrived", "arrived"])
    row = saved(call)
    assert (row.state, row.recorder, len(row.spans)) == ("ready", Recorder.EGRESS, 2)
    assert 1.0 <= (row.seconds or 0) < 3
    sound = b"".join(open_recording(row).read())
    assert pitches(sound) == [CALLER_HZ, AGENT_HZ]
    assert list(store_of(storage).names("")) == [row.file]


def test_nothing_that_was_said_after_the_order_to_pause_is_kept(
    livekit: Simulated, call: Call
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    time.sleep(0.2)
    order(call, "record_pause")
    time.sleep(0.5)
    until(lambda: states() == ["arrived"])
    part = Part.objects.get()
    assert part.ended_at == CallEvent.objects.get(kind="record_pause").at
    lasted = (part.ended_at - part.began_at).total_seconds()
    assert part.seconds == pytest.approx(lasted, abs=0.05)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.CPU, "no processor"),
        (Fault.NO_START, "Nothing was heard"),
        (Fault.KILLED, "broke down"),
    ],
)
def test_where_livekits_program_does_not_do_it_ours_is_to_at_once(
    fault: Fault, why: str, livekit: Simulated, call: Call
) -> None:
    livekit.switchboard.recorders.faults.append(fault)
    order(call, "record_start")
    until(lambda: states() == ["broken"])
    found = verdict(call)
    assert (found.wanted, found.lacks_recorder) == (Wanted.ON, True)
    assert why in Part.objects.get().reason["msgid"]
    assert bool(making.why_broken(call.room_sid)) is (fault is not Fault.CPU)
    looking.look()
    assert states() == ["broken"]


def test_another_is_begun_after_a_while_but_not_for_ever(
    livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", timedelta())
    livekit.switchboard.recorders.faults += [Fault.CPU] * 9
    order(call, "record_start")
    until(lambda: len(states()) == module.TRIES)
    looking.look()
    assert states() == ["broken"] * module.TRIES


@pytest.mark.parametrize(
    ("fault", "state", "why"),
    [
        (Fault.UPLOAD, "failed", "could not bring the file"),
        pytest.param(Fault.EMPTY, "failed", "heard or seen", marks=pytest.mark.prove),
        pytest.param(Fault.BACKUP, "failed", "backup/veyra/egress/", marks=pytest.mark.prove),
        (Fault.STUCK, "failed", "it was killed"),
        pytest.param(Fault.TWICE, "ready", "", marks=pytest.mark.prove),
    ],
)
def test_each_end_of_livekits_program_leaves_sound_or_a_sentence(
    fault: Fault,
    state: str,
    why: str,
    livekit: Simulated,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    livekit.switchboard.recorders.faults.append(fault)
    order(call, "record_start")
    until(lambda: is_on(call) or (fault is Fault.STUCK and Part.objects.get().egress_id))
    time.sleep(0.2)
    Call.objects.filter(pk=call.pk).update(answered_at=call.started_at - timedelta(seconds=5))
    if fault is Fault.STUCK:
        monkeypatch.setattr(streaming, "SILENT_AFTER", timedelta())
    hang_up(livekit, call)
    until(lambda: states() in (["broken"], ["arrived"]))
    row = saved(call)
    said = row.sentence.msgid % row.sentence.values
    assert row.state == state and why in said


def test_a_program_that_is_killed_while_it_records_is_missed_in_the_room(
    livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    (job,) = livekit.switchboard.recorders.jobs.values()
    job.fault = Fault.STUCK
    livekit.store.remove_participant(call.room_name, job.info.egress_id)
    looking.look()
    assert is_on(call)
    monkeypatch.setattr(module, "SILENT_AFTER", timedelta())
    looking.look()
    assert verdict(call).lacks_recorder and states() == ["writing"]


def test_one_that_does_not_begin_is_given_up_and_runs_no_more(
    livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    livekit.switchboard.recorders.start_seconds = 0.5
    order(call, "record_start")
    looking.look()
    looking.look()
    assert states() == ["writing"]
    monkeypatch.setattr(module, "BEGINS_BY", timedelta())
    until(lambda: states() == ["broken"])
    (job,) = livekit.switchboard.recorders.jobs.values()
    assert job.info.status == EgressStatus.EGRESS_ABORTED and verdict(call).lacks_recorder


def test_a_long_recording_may_take_its_time_to_reach_the_storage(
    livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SILENT_AFTER", timedelta())
    order(call, "record_start")
    until(lambda: is_on(call))
    (job,) = livekit.switchboard.recorders.jobs.values()
    job.fault, job.info.status = Fault.STUCK, EgressStatus.EGRESS_ENDING
    hang_up(livekit, call)
    looking.look()
    assert states() == ["writing"]
    monkeypatch.setattr(module, "BRINGS_BY", timedelta())
    looking.look()
    assert states() == ["broken"]


def test_when_one_of_us_is_heard_our_recorder_takes_over(livekit: Simulated, call: Call) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    livekit.store.join(call.room_name, COLLEAGUE)
    until(lambda: states() == ["arrived"])
    assert verdict(call).lacks_recorder
    looking.look()
    assert len(states()) == 1


def test_what_livekit_began_without_its_answer_reaching_us_is_found_and_ended(
    livekit: Simulated, call: Call
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    Part.objects.update(egress_id="")
    order(call, "record_stop")
    until(lambda: states() == ["arrived"])
    assert len(livekit.switchboard.recorders.jobs) == 1


def test_one_of_which_livekit_knows_nothing_is_given_up(
    livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(call, "record_start")
    looking.look()
    livekit.switchboard.recorders.jobs.clear()
    Part.objects.update(egress_id="")
    monkeypatch.setattr(egress, "UNANSWERED", timedelta())
    looking.look()
    assert states() == ["broken"] and verdict(call).lacks_recorder


def test_the_file_of_one_that_livekit_has_forgotten_is_waited_for(
    livekit: Simulated, call: Call, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    livekit.switchboard.recorders.jobs.clear()
    monkeypatch.setattr(egress, "UNANSWERED", timedelta())
    looking.look()
    assert verdict(call).lacks_recorder
    part = Part.objects.get()
    assert part.egress_id not in livekit.store.people[call.room_name]
    fetching.fetch()
    assert states() == ["arriving"]
    store_of(storage).write(part.egress_file, [sound_of(1.0)])
    fetching.fetch()
    assert states() == ["arrived"]
    Part.objects.update(state="arriving", seen_at=timezone.now() - module.BRINGS_BY * 2)
    fetching.fetch()
    assert states() == ["broken"]


@pytest.mark.parametrize(("ahead", "into"), [(-3600, 0), (1, 1), (3600, 3)])
def test_the_clock_of_livekits_host_need_not_be_right(
    ahead: int, into: int, call: Call, storage: Storage
) -> None:
    asked = timezone.now() - timedelta(seconds=60)
    room: dict[str, Any] = {"room_sid": call.room_sid, "room_name": call.room_name}
    part = Part.objects.create(recorder="egress", began_at=asked, storage=storage, **room)
    seen = asked + timedelta(seconds=3)
    told = {"source": "observer", "kind": "recording_started", "at": seen, **room}
    CallEvent.objects.create(event_id=f"egress:{part.pk}:began", **told)
    said = asked + timedelta(seconds=ahead)
    file = Written(name="", location="", size=1, seconds=9.0, started_at=said)
    module._end(part, Egress(id="EG_1", status="complete", files=(file,), **room), None)
    assert (part.began_at - asked).total_seconds() == into
    assert part.ended_at == part.began_at + timedelta(seconds=9)


@pytest.mark.parametrize("lacks", ["program", "login"])
def test_without_the_program_or_its_login_none_is_begun(
    lacks: str, livekit: Simulated, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacks == "program":
        monkeypatch.setattr(services, "runs", lambda _service: None)
    else:
        Storage.objects.update(egress_access_key="")
    order(call, "record_start")
    looking.look()
    assert not states() and verdict(call).lacks_recorder


def test_a_folder_that_livekits_program_sees_is_enough(
    livekit: Simulated, call: Call, storage: Storage, tmp_path: Path, settings: LazySettings
) -> None:
    Storage.objects.update(kind="folder", folder=str(tmp_path))
    order(call, "record_start")
    looking.look()
    assert not states()
    settings.EGRESS_SEES_FOLDERS = True
    # The simulated one has its own disk laid out like ours.
    livekit.switchboard.recorders.folder = Path("/")
    until(lambda: is_on(call))
    time.sleep(0.2)
    hang_up(livekit, call)
    until(lambda: states() == ["arrived"])
    row = saved(call)
    storage.refresh_from_db()
    assert list(store_of(storage).names("")) == [row.file]


@pytest.mark.prove
def test_a_storage_that_is_away_when_it_is_fetched_is_tried_again(
    livekit: Simulated, call: Call, s3: S3
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    time.sleep(0.2)
    hang_up(livekit, call)
    until(lambda: states() != ["writing"])
    Part.objects.filter(state="arrived").update(state="arriving")
    Storage.objects.update(endpoint="http://127.0.0.1:9")
    fetching.fetch()
    assert states() == ["arriving"]
    Part.objects.update(seen_at=timezone.now() - egress.LONGEST_WAIT * 2)
    fetching.fetch()
    assert states() == ["broken"]


def test_files_of_parts_that_nobody_fetches_go_after_a_day(
    livekit: Simulated, call: Call, storage: Storage
) -> None:
    facts = {"room_sid": call.room_sid, "began_at": T, "recorder": "egress", "storage": storage}
    parts = [Part.objects.create(state=state, **facts) for state in ("broken", "arriving")]
    for part in parts:
        store_of(storage).write(part.egress_file, [b"sound"])
    fetching.tidy()
    assert len(list(store_of(storage).names("egress/"))) == 2
    Part.objects.update(seen_at=timezone.now() - egress.LONGEST_WAIT * 2)
    fetching.tidy()
    assert list(store_of(storage).names("egress/")) == [parts[1].egress_file]


def test_an_old_file_of_which_nothing_is_known_goes_unless_the_storage_is_anothers(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.EGRESS_SEES_FOLDERS = True
    storage = Storage.objects.create(kind="folder", folder=str(tmp_path), is_current=True)
    part = Part.objects.create(began_at=T, recorder="egress", storage=storage, state="arriving")
    new, old, other = (f"egress/{uuid.uuid4()}.{form}" for form in ("ogg", "mp4", "ogg"))
    for name in (part.egress_file, new, old, "egress/notes.ogg"):
        store_of(storage).write(name, [b"sound"])
        long_ago = time.time() - 8 * 86400
        os.utime(tmp_path / name, (long_ago, long_ago) if name != new else None)
    fetching.tidy()
    left = [part.egress_file, new, "egress/notes.ogg"]
    assert sorted(store_of(storage).names("egress/")) == sorted(left)
    store_of(storage).write(owning.NAME, [b'{"installation": "another"}'])
    store_of(storage).write(other, [b"sound"])
    os.utime(tmp_path / other, (long_ago, long_ago))
    fetching.tidy()
    assert store_of(storage).exists(other)


def test_livekit_is_looked_at_for_talks_only_while_one_is_asked_for(
    livekit: Simulated, call: Call
) -> None:
    assert not Recording.objects.wanted_by_hand().exists()
    order(call, "record_start")
    assert Recording.objects.wanted_by_hand().count() == 1


def test_who_is_erased_while_he_is_recorded_leaves_nothing_with_livekit_either(
    livekit: Simulated, call: Call, storage: Storage
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    row = expecting.row_of(call)
    assert row
    Recording.objects.update(state=Recording.State.DELETED)
    with pytest.raises(FileError):
        deleting.forget_parts(Part.objects.all())
    looking.look()
    looking.look()
    assert states() == ["arriving"] and list(store_of(storage).names("egress/"))
    deleting.forget_parts(Part.objects.all())
    assert not states() and not list(store_of(storage).names(""))


def test_what_is_fetched_while_its_caller_is_erased_goes(
    livekit: Simulated, call: Call, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(call, "record_start")
    until(lambda: is_on(call))
    hang_up(livekit, call)
    looking.look()

    def erased(*told: object) -> float:
        Part.objects.all().delete()
        return turn(*told)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr(fetching, "turn", erased)
    fetching.fetch()
    assert not states() and not list(store_of(storage).names(""))
