"""A call that is over becomes a file, whatever came of it, and however late."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from agentworker.models import Agent, Session, Worker
from recordings import arriving, owning, saving
from recordings.deciding import NOBODY
from recordings.making import LACKS, NOT_SOUND, Making
from recordings.models import LACKS_BOTH, WITHHELD, Part, Recording, Storage
from recordings.saving import Around, must_wait
from recordings.stores import open_recording, store_of
from telephony.models import Call, CallEvent
from tests.recordings.sound import loudness, part
from veyra.models import Lease

pytestmark = pytest.mark.django_db

BEGAN = timezone.now().replace(microsecond=0) - timedelta(minutes=10)
CALLER, OURS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def at(second: float) -> datetime:
    return BEGAN + timedelta(seconds=second)


def later(**past: float) -> datetime:
    return timezone.now() + timedelta(**past)


def a_call(seconds: int = 6, room: str = "RM_1", begins: int = 0) -> Recording:
    """That had to be recorded, and is over."""
    call = Call.objects.create(
        state="ended",
        outcome="answered",
        room_sid=room,
        room_name="support-1",
        started_at=at(begins),
        answered_at=at(begins),
        ended_at=at(begins + seconds),
    )
    return Recording.objects.create(
        call=call, room_sid=room, state="saving", due_seconds=seconds, wanted_at=at(begins)
    )


def arrive(
    caller: Sequence[float], begins: float = 0, room: str = "RM_1", sound: bytes | None = None
) -> Part:
    """A part that is here, with all of it that its host had."""
    sound = part(tuple(caller), OURS[: len(caller)]) if sound is None else sound
    pk = uuid.uuid4()
    facts = {"room_name": "support-1", "room_sid": room, "job_id": "", "recorder": "ours"}
    announced = arriving.Announced.read(facts | {"began_at": at(begins).isoformat()})
    arriving.announce(pk, announced)
    for offset in range(0, len(sound), arriving.PIECE):
        arriving.take(pk, offset, sound[offset : offset + arriving.PIECE])
    ending = {"size": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}
    assert arriving.finish(pk, arriving.Ending.read(ending))
    return Part.objects.get(pk=pk)


def heard(recording: Recording) -> list[float]:
    """The caller's lane, second by second."""
    return [lane[0] for lane in loudness(b"".join(open_recording(recording).read()))]


def saved(recording: Recording) -> Recording:
    saving.work(timezone.now())
    return Recording.objects.select_related("storage", "call").get(pk=recording.pk)


def files() -> list[str]:
    """Without the mark of whose it is."""
    return sorted({*store_of(Storage.objects.current()).names("")} - {owning.NAME})


def test_a_call_becomes_a_file_and_its_pieces_go() -> None:
    recording = a_call()
    arrive(CALLER)
    ready = saved(recording)
    assert (ready.state, ready.reason, ready.recorder) == ("ready", {}, "ours")
    assert heard(ready) == list(CALLER) and files() == [ready.file]
    assert ready.file.startswith(f"recordings/{ready.created_at:%Y/%m}/{ready.pk}-")
    assert ready.seconds == pytest.approx(6, abs=0.05) and ready.lost_seconds < 0.1
    assert ready.second_of(at(2)) == pytest.approx(2, abs=0.05) and ready.started_at == at(0)
    content = b"".join(open_recording(ready).read())
    assert ready.sha256 == hashlib.sha256(content).hexdigest() and ready.size == len(content)
    assert max(ready.peaks["caller"]) == pytest.approx(60, abs=4)
    assert Part.objects.get().state == "joined"


def test_what_a_killed_recorder_did_not_write_is_told() -> None:
    recording = a_call()
    arrive(CALLER[:2])
    arrive(CALLER[4:], begins=4)
    ready = saved(recording)
    assert heard(ready) == [0.1, 0.2, 0.5, 0.6] and ready.lost_seconds == pytest.approx(2, abs=0.1)
    assert ready.sentence.msgid == LACKS and ready.sentence.values == {"seconds": 2}
    assert ready.second_of(at(3)) is None and ready.second_of(at(5)) == pytest.approx(3, abs=0.1)


def test_a_pause_is_not_missed() -> None:
    recording = a_call()
    for kind, second in (("record_pause", 2), ("record_resume", 4)):
        CallEvent.objects.create(
            event_id=kind, source="staff", kind=kind, at=at(second), room_sid="RM_1"
        )
    arrive(CALLER[:2])
    arrive(CALLER[4:], begins=4)
    assert saved(recording).reason == {}


def test_a_part_that_came_late_is_joined_with_what_is_there() -> None:
    recording = a_call()
    Recording.objects.update(state="missing")
    arrive(CALLER[:2])
    saving.work(timezone.now())  # finds that it is to be joined
    first = saved(recording)
    assert heard(first) == [0.1, 0.2] and first.state == "ready"
    arrive(CALLER[2:], begins=2)
    saving.work(timezone.now())
    whole = saved(recording)
    assert heard(whole) == list(CALLER) and whole.reason == {} and whole.file != first.file
    assert files() == [whole.file]
    saving.work(timezone.now())
    assert saved(recording).file == whole.file


def test_each_call_of_a_shared_room_gets_its_own_time() -> None:
    first, second = a_call(3), a_call(3, begins=3)
    arrive(CALLER)
    saving.work(timezone.now())
    assert heard(saved(first))[:3] == [0.1, 0.2, 0.3]
    assert heard(saved(second)) == [0.4, 0.5, 0.6] and len(files()) == 2


def test_what_is_recorded_of_a_room_for_others_is_not_in_a_call_that_was_stopped() -> None:
    """Both talk in one room; one of them was recorded only as long as staff wanted."""
    always, pressed = a_call(), a_call()
    Recording.objects.filter(pk=pressed.pk).update(policy="pressed")
    for kind, second in (("record_start", 1), ("record_stop", 3), ("record_start", 5)):
        CallEvent.objects.create(
            event_id=f"{kind}{second}", source="staff", kind=kind, at=at(second), room_sid="RM_1"
        )
    arrive(CALLER)
    saving.work(timezone.now())
    assert heard(saved(always)) == list(CALLER)
    stopped = saved(pressed)
    assert heard(stopped) == [0.2, 0.3, 0.6] and stopped.reason == {}
    assert stopped.second_of(at(4)) is None


def test_whoever_is_never_recorded_is_not_in_the_recording_of_another() -> None:
    """Even where whoever recorded went on while he was there."""
    first, second = a_call(), a_call(1, begins=2)
    agent = Agent.objects.create(name="Quiet", recording="never")
    Call.objects.filter(recordings=second).update(agent=agent)
    second.delete()
    arrive(CALLER)
    ready = saved(first)
    # He left within the fourth second.
    assert heard(ready) == [0.1, 0.2, 0.5, 0.6] and ready.lost_seconds < 0.1
    assert (ready.sentence.msgid, ready.sentence.values) == (WITHHELD, {"seconds": 2})
    assert Recording.objects.count() == 1


def test_a_recording_says_what_was_withheld_and_what_is_missed() -> None:
    first, second = a_call(), a_call(1, begins=2)
    Recording.objects.filter(pk=second.pk).update(policy="never")
    arrive(CALLER[:4])
    told = saved(first).sentence
    assert told.msgid == LACKS_BOTH
    assert [told.values[name]["msgid"] for name in ("lacks", "withheld")] == [LACKS, WITHHELD]


def test_where_somebody_else_was_always_there_nothing_is_missed() -> None:
    first, second = a_call(), a_call()
    Recording.objects.filter(pk=second.pk).update(policy="never")
    arrive(CALLER)
    found = saved(first)
    assert (found.state, found.sentence.msgid) == ("missing", WITHHELD)
    assert first not in Recording.objects.but_withheld()


def test_a_call_of_which_nothing_came_is_missing_with_its_reason() -> None:
    recording = a_call()
    missing = saved(recording)
    assert missing.state == "missing" and missing.sentence.msgid == NOBODY


def test_what_is_given_up_again_keeps_its_first_moment() -> None:
    recording = a_call()
    first = saved(recording).decided_at
    assert first and timezone.now() - first < timedelta(minutes=1)
    Recording.objects.update(state="saving")
    assert saved(recording).decided_at == first


def test_what_is_no_sound_fails_and_holds_up_nothing() -> None:
    recording = a_call()
    broken = arrive((), sound=b"no sound at all" * 99)
    failed = saved(recording)
    assert failed.state == "failed" and failed.sentence.msgid == NOT_SOUND
    assert saved(recording).state == "failed"
    # Whoever looks why needs it.
    assert files() == [arriving.name_of(broken, 0)] and Part.objects.get().state == "broken"
    arrive(CALLER)
    saving.work(timezone.now())
    assert heard(saved(recording)) == list(CALLER)
    saving.work(later(days=8))
    assert files() == [saved(recording).file]


def test_a_storage_that_is_away_is_waited_for() -> None:
    recording = a_call()
    arrive(CALLER)
    good = Storage.objects.current()
    Storage.objects.update(is_current=False)
    Storage.objects.create(is_current=True, folder="/proc/none")
    waits = saved(recording)
    assert waits.state == "saving" and "/proc/none" in str(waits.sentence)
    Storage.objects.filter(folder="/proc/none").update(is_current=False)
    Storage.objects.filter(pk=good.pk).update(is_current=True)
    assert heard(saved(recording)) == list(CALLER)


def test_a_sealed_storage_holds_a_sealed_file() -> None:
    Storage.objects.create(is_current=True, is_encrypted=True)
    recording = a_call()
    arrive(CALLER)
    ready = saved(recording)
    assert heard(ready) == list(CALLER) and ready.file_key
    assert b"OggS" not in b"".join(store_of(Storage.objects.current()).read(ready.file))


def test_whoever_was_erased_meanwhile_is_not_brought_back() -> None:
    recording = a_call()
    arrive(CALLER)
    Recording.objects.update(state="deleted")
    Call.objects.update(erased_at=timezone.now())
    assert saved(recording).state == "deleted" and files() == []


def test_two_workers_do_not_save_the_same() -> None:
    recording = a_call()
    arrive(CALLER)
    held = Lease.take(f"saving:{recording.pk}", 30)
    assert held and saved(recording).state == "saving"
    Lease.release(f"saving:{recording.pk}", held)
    assert saved(recording).state == "ready"


class Killed(Exception):
    """The process that saves ends here."""


@pytest.mark.parametrize("step", range(1, 9))
def test_whoever_is_killed_while_he_saves_leaves_it_to_the_next(step: int) -> None:
    recording = a_call()
    arrive(CALLER[:3])
    arrive(CALLER[3:], begins=3)
    steps = iter(range(1, 99))

    def alive() -> None:
        if next(steps) == step:
            raise Killed

    with pytest.raises(Killed):
        Making(recording, Call.objects.get(), alive).run()
    assert Recording.objects.get().state == "saving"
    ready = saved(recording)
    assert heard(ready) == list(CALLER) and files() == [ready.file]


def test_it_waits_for_a_job_that_lives_and_a_part_that_is_written() -> None:
    recording = a_call()
    arrive(CALLER[:3])
    job = Session.objects.create(job_id="AJ_1", room_sid="RM_1", started_at=at(0))
    now = timezone.now()
    worker = Worker.objects.create(
        name="w", host="h", pid=1, started_at=now, seen_at=now, capacity=1, jobs=[{"job": "AJ_1"}]
    )
    assert saved(recording).state == "saving"
    Worker.objects.filter(pk=worker.pk).update(jobs=[])
    written = Part.objects.create(
        id=uuid.uuid4(), room_sid="RM_1", recorder="ours", began_at=at(3), job_id=job.job_id
    )
    assert saved(recording).state == "saving"
    Part.objects.filter(pk=written.pk).update(seen_at=now - timedelta(hours=1))
    assert saved(recording).sentence.msgid == saving.ON_ITS_WAY
    Part.objects.filter(pk=written.pk).update(seen_at=now - timedelta(days=2))
    assert heard(saved(recording)) == [0.1, 0.2, 0.3]


def test_it_waits_only_as_long_as_something_may_come() -> None:
    end = BEGAN
    soon, much_later = end + timedelta(seconds=10), end + timedelta(hours=30)
    assert must_wait(Around(end), soon) and not must_wait(Around(end, has_parts=True), soon)
    assert must_wait(Around(end, has_parts=True, job_lives=True), much_later)
    assert must_wait(Around(end, coming=(end,)), soon)
    assert not must_wait(Around(end, coming=(end,)), much_later)


def test_what_nobody_needs_is_tidied_away(tmp_path: Path) -> None:
    recording = a_call()
    arrive(CALLER)
    ready = saved(recording)
    store = store_of(Storage.objects.current())
    orphan, strange = f"incoming/{uuid.uuid4()}/000000000000", "incoming/orders/of-our-shop.csv"
    for name in (orphan, strange):
        store.write(name, [b"x"])
    waiting = arrive(CALLER, room="RM_2")
    held = [ready.file, arriving.name_of(waiting, 0), strange]
    saving.tidy(timezone.now())
    # Perhaps another Veyra has this storage, too, and is at it just now.
    assert files() == sorted([*held, orphan])
    saving.tidy(later(days=2))
    assert files() == sorted(held)
    saving.tidy(later(days=8))
    assert list(Part.objects.all()) == [waiting]
    saving.work(later(days=8))
    assert files() == sorted([ready.file, strange])
