"""Recordings go when their days are over, unless somebody needs them; what is gone is proven."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agentworker.models import Agent
from monitoring import ledger
from recordings import arriving, deleting, keeping, leftovers, saving, trial
from recordings.arriving import Announced
from recordings.keeping import CannotKeep, Wish
from recordings.keeping_models import Deletion, Hold, Term, TermChange
from recordings.models import Part, Recording, Storage
from recordings.stores import folder_of, store_of
from recordings.storing import StoreError
from recordings.terms import Scope
from telephony.models import Leg, PhoneNumber
from tests.keeping.conftest import DIGITS, HIS, file_of
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
State = Recording.State
DAY = timedelta(days=1)


def aged(recording: Recording, days: float) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(created_at=timezone.now() - days * DAY)
    return recording


def state(recording: Recording) -> str:
    recording.refresh_from_db()
    return recording.state


def test_nothing_goes_as_long_as_nobody_said_how_long_it_is_kept(make_recording: Any) -> None:
    old = aged(make_recording(data=b"sound"), 4000)
    keeping.work(timezone.now())
    assert state(old) == State.READY and file_of(old)


def test_what_is_older_than_its_days_goes_and_the_rest_stays(make_recording: Any) -> None:
    old, young = aged(make_recording(data=b"a"), 31), aged(make_recording(data=b"b"), 29)
    store, name = store_of(Storage.objects.get()), old.file
    Term.objects.create(days=30)
    keeping.work(timezone.now())
    assert state(old) == State.DELETED and state(young) == State.READY
    assert not store.exists(name) and file_of(young)
    assert (old.file, old.storage, old.peaks, old.spans) == ("", None, {}, [])


def test_a_deletion_is_proven_by_a_row_that_outlives_the_recording(make_recording: Any) -> None:
    old = aged(make_recording(data=b"a"), 31)
    name, sha256 = old.file, old.sha256
    Term.objects.create(days=30)
    keeping.work(timezone.now())
    Recording.objects.all().delete()
    proof = Deletion.objects.get()
    assert (proof.recording, proof.file, proof.sha256, proof.why) == (old.pk, name, sha256, "days")
    assert proof.gone_at and proof.place == str(Storage.objects.get())


def test_a_number_and_an_assistant_have_days_of_their_own(
    make_recording: Any, make_call: Any, number: PhoneNumber, agent: Agent
) -> None:
    other = Agent.objects.create(name="Other")
    of_number = aged(make_recording(make_call(), data=b"a"), 10)
    call = make_call()
    type(call).objects.filter(pk=call.pk).update(number=None, agent=other)
    of_other = aged(make_recording(call, data=b"c"), 10)
    Term.objects.create(days=5)
    Term.objects.create(number=number, days=None)
    Term.objects.create(agent=other, days=20)
    keeping.work(timezone.now())
    assert state(of_number) == state(of_other) == State.READY
    Term.objects.filter(agent=other).update(days=9)
    keeping.work(timezone.now())
    assert state(of_number) == State.READY and state(of_other) == State.DELETED


@pytest.mark.parametrize("spelled", [HIS, "8" + DIGITS, "7" + DIGITS, "007" + DIGITS])
def test_what_somebody_needs_outlives_its_days_however_the_number_is_spelled(
    make_recording: Any, make_call: Any, make_user: Any, spelled: str
) -> None:
    user = make_user()
    his = aged(make_recording(make_call(from_number=spelled), data=b"a"), 99)
    one = aged(make_recording(make_call(from_number="+79990000000"), data=b"b"), 99)
    Term.objects.create(days=30)
    of_number = keeping.hold_number(HIS, "court", user)
    of_one = keeping.hold_recording(one, "complaint", user)
    keeping.work(timezone.now())
    assert state(his) == state(one) == State.READY
    assert keeping.lift(of_number, user) and keeping.lift(of_one, user)
    keeping.work(timezone.now())
    assert state(his) == state(one) == State.DELETED


def test_many_that_are_held_do_not_keep_the_others_from_going(
    make_recording: Any, make_call: Any, make_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "BATCH", 2)
    held = [aged(make_recording(make_call(from_number=HIS), data=b"a"), 99) for _ in range(5)]
    free = [aged(make_recording(data=b"b"), 90) for _ in range(5)]
    keeping.hold_number(HIS, "court", make_user())
    Term.objects.create(days=30)
    keeping.work(timezone.now())
    assert {state(each) for each in held} == {State.READY}
    assert {state(each) for each in free} == {State.DELETED}


def test_a_number_that_is_held_while_others_go_is_left_alone(
    make_recording: Any, make_call: Any, make_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "BATCH", 1)
    user, real = make_user(), deleting.claim
    rows = [aged(make_recording(make_call(from_number=HIS), data=b"a"), 99) for _ in range(3)]
    Term.objects.create(days=30)

    def claim(*what: Any) -> int:
        taken = real(*what)
        if not Hold.objects.exists():
            keeping.hold_number(HIS, "court", user)
        return taken

    monkeypatch.setattr(deleting, "claim", claim)
    keeping.work(timezone.now())
    assert sorted(state(row) for row in rows) == [State.DELETED, State.READY, State.READY]


def test_a_picture_of_a_room_stays_where_somebody_was_who_is_held(
    make_recording: Any, make_call: Any, make_user: Any
) -> None:
    his, other = make_call(from_number=HIS), make_call(from_number="+79990000000")
    Leg.objects.update(room_sid="RM_1")
    picture = {"kind": "video", "room_sid": "RM_1"}
    rows = [aged(make_recording(call, data=b"a", **picture), 99) for call in (None, other, his)]
    elsewhere = aged(make_recording(data=b"a", kind="video", room_sid="RM_2"), 99)
    hold = keeping.hold_number(HIS, "court", make_user())
    Term.objects.create(days=30)
    assert deleting.due(Term.objects.all_terms(), timezone.now()) == 1
    keeping.work(timezone.now())
    assert {state(row) for row in rows} == {State.READY} and state(elsewhere) == State.DELETED
    keeping.lift(hold, make_user(name="boris"))
    keeping.work(timezone.now())
    assert {state(row) for row in rows} == {State.DELETED}


def test_a_deleted_recording_cannot_be_held_and_a_number_is_held_once(
    make_recording: Any, make_user: Any
) -> None:
    user, gone = make_user(), make_recording(data=b"a")
    deleting.claim([gone], Deletion.Why.DAYS, timezone.now())
    with pytest.raises(CannotKeep):
        keeping.hold_recording(gone, "late", user)
    keeping.hold_number(HIS, "court", user)
    with pytest.raises(CannotKeep):
        keeping.hold_number(HIS, "court", user)
    assert Hold.objects.count() == 1


class Away:
    """A storage that is away, or that says yes and does nothing."""

    def __init__(self, *, lies: bool) -> None:
        self.lies = lies

    def delete(self, name: str) -> None:
        if not self.lies:
            raise StoreError(Sentence("The disk is gone."))

    def exists(self, name: str) -> bool:
        return True

    def names(self, prefix: str) -> Iterator[str]:
        return iter(())


@pytest.mark.parametrize("lies", [False, True])
def test_what_the_storage_did_not_delete_is_tried_again_until_it_is_gone(
    make_recording: Any, monkeypatch: pytest.MonkeyPatch, lies: bool
) -> None:
    rows = [make_recording(data=b"a") for _ in range(3)]
    with monkeypatch.context() as broken:
        broken.setattr(deleting, "opened", lambda _storage: Away(lies=lies))
        deleting.claim(rows, Deletion.Why.DAYS, timezone.now())
        assert deleting.carry_out(timezone.now()) == 0
    # Nobody hears it meanwhile; and of a storage that is away only one finds that out.
    assert {state(row) for row in rows} == {State.DELETED}
    assert Deletion.objects.troubled().count() == (3 if lies else 1)
    assert str(Deletion.objects.troubled()[0].sentence)
    later = timezone.now() + 2 * deleting.FIRST_PAUSE
    assert deleting.carry_out(later) == 3
    assert not any(file_of(row) for row in rows)
    assert not Deletion.objects.open().exists() and not Deletion.objects.exclude(error={}).exists()


def test_a_folder_whose_disk_is_not_mounted_proves_no_deletion(make_recording: Any) -> None:
    gone, left = [make_recording(data=b"a") for _ in range(2)]
    folder = folder_of(gone.storage)
    folder.rename(folder.with_name("disk"))
    folder.mkdir()
    # Whatever was written there meanwhile, and whoever looks whether it can be.
    (folder / "new").write_bytes(b"sound")
    assert all(trial.try_out(gone.storage) for _time in range(2))
    deleting.claim([gone], Deletion.Why.DAYS, timezone.now())
    assert deleting.carry_out(timezone.now()) == 0
    assert "Mount its disk" in str(Deletion.objects.get().sentence)
    saving.tidy(timezone.now())
    (folder / "new").unlink()
    folder.rmdir()
    folder.with_name("disk").rename(folder)
    name = gone.file
    assert deleting.carry_out(timezone.now() + 2 * deleting.FIRST_PAUSE) == 1
    assert not (folder / name).exists() and file_of(left)


def test_nothing_is_written_where_a_disk_is_not_mounted(make_recording: Any) -> None:
    folder = folder_of(make_recording(data=b"a").storage)
    folder.rename(folder.with_name("disk"))
    with pytest.raises(StoreError):
        ledger.write(ledger.Line(str(uuid.uuid4()), "mark", "key", "2026-11-22T12:00Z", False))
    told = Announced("r", "RM_1", "", "ours", timezone.now(), is_writing=False)
    with pytest.raises(StoreError):
        arriving.announce(uuid.uuid4(), told)
    assert not folder.exists()


def test_what_is_gone_for_good_holds_up_no_deletion_once_the_storage_was_tried(
    make_recording: Any,
) -> None:
    gone, left = [make_recording(data=b"a") for _ in range(2)]
    for row in (gone, left):
        (folder_of(row.storage) / row.file).unlink()
    deleting.claim([gone], Deletion.Why.DAYS, timezone.now())
    assert deleting.carry_out(timezone.now()) == 0
    gone.storage.refresh_from_db()
    assert trial.try_out(gone.storage, by_hand=True)
    gone.storage.refresh_from_db()
    assert trial.try_out(gone.storage, by_hand=True) is None
    assert deleting.carry_out(timezone.now() + 2 * deleting.FIRST_PAUSE) == 1


def test_parts_that_nobody_joins_any_more_go_with_the_recording(make_recording: Any) -> None:
    why = Sentence("No sound.").to_json()
    row = make_recording(data=b"a", room_sid="RM_1", state=State.FAILED, reason=why)
    part = Part.objects.create(
        room_name="r",
        room_sid="RM_1",
        recorder="ours",
        began_at=timezone.now(),
        storage=row.storage,
    )
    name = f"incoming/{part.pk}/{0:012}"
    store = store_of(row.storage)
    store.write(name, [b"piece"])
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    deleting.carry_out(timezone.now())
    assert not store.exists(name) and not Part.objects.exists()
    # The report of its day still has to tell that there was no sound.
    assert state(row) == State.DELETED and row.sentence.msgid == "No sound."


def test_parts_of_another_call_of_the_room_stay(make_recording: Any, make_call: Any) -> None:
    five, rows, parts = timedelta(minutes=5), [], []
    for hours in (9, 8):
        start = timezone.now() - timedelta(hours=hours)
        call = make_call(seconds_ago=hours * 3600, ended_at=start + five)
        rows.append(make_recording(call, data=b"a", room_sid="RM_1"))
        heard = {"began_at": start, "ended_at": start + five, "recorder": "ours"}
        parts.append(Part.objects.create(room_name="r", room_sid="RM_1", **heard))
    for place, left in ((0, parts[1:]), (1, [])):
        deleting.claim([rows[place]], Deletion.Why.DAYS, timezone.now())
        deleting.carry_out(timezone.now())
        assert list(Part.objects.all()) == left


def test_an_older_file_in_a_storage_that_is_away_keeps_no_other(
    make_recording: Any, tmp_path: Path
) -> None:
    (tmp_path / "gone").write_text("no folder")
    away = Storage.objects.create(folder=str(tmp_path / "gone"))
    rows = [make_recording(data=b"a") for _ in range(3)]
    leftovers.announce(rows[0].pk, away, "recordings/2026/11/older.ogg")
    store, names = store_of(rows[0].storage), [row.file for row in rows]
    deleting.claim(rows, Deletion.Why.DAYS, timezone.now())
    assert deleting.carry_out(timezone.now()) == 2
    assert not any(store.exists(name) for name in names)


def test_a_file_that_was_written_anew_goes_with_the_older_one(
    make_recording: Any, tmp_path: Path
) -> None:
    """Whoever joined it once more was killed before the older file was gone."""
    row = make_recording(data=b"a")
    elsewhere = Storage.objects.create(folder=str(tmp_path / "elsewhere"))
    store_of(elsewhere).write("recordings/2026/11/older.ogg", [b"b"])
    leftovers.announce(row.pk, elsewhere, "recordings/2026/11/older.ogg")
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    deleting.carry_out(timezone.now())
    for storage in (row.storage, elsewhere):
        assert not list(store_of(storage).names("recordings/"))
    assert Deletion.objects.get().gone_at


def test_what_came_back_is_deleted_once_more_and_nothing_of_it_is_forgotten(
    make_recording: Any, tmp_path: Path
) -> None:
    row = make_recording(data=b"a")
    store, first = store_of(row.storage), row.file
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    # A backup shows it as it stood before, and what came late was joined to another file.
    store.write("recordings/2026/11/second.ogg", [b"b"])
    Recording.objects.update(state=State.READY, file="recordings/2026/11/second.ogg")
    assert deleting.claim([row], Deletion.Why.ERASED, timezone.now()) == 1
    deleting.carry_out(timezone.now())
    proof = Deletion.objects.get()
    assert proof.gone_at and (proof.why, proof.file) == ("erased", "recordings/2026/11/second.ogg")
    assert not store.exists(first) and not list(store.names("recordings/"))


def test_a_part_that_cannot_go_keeps_no_other(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("no folder")
    away = Storage.objects.create(folder=str(tmp_path / "gone"))
    here = Storage.objects.current()
    parts = [
        Part.objects.create(
            room_name="r",
            room_sid="RM_1",
            recorder="ours",
            began_at=timezone.now() + timedelta(seconds=place),
            storage=storage,
        )
        for place, storage in enumerate((away, here, away))
    ]
    store = store_of(here)
    store.write(f"incoming/{parts[1].pk}/{0:012}", [b"piece"])
    with pytest.raises(StoreError):
        deleting.forget_parts(Part.objects.all())
    assert not list(store.names("incoming/"))
    assert list(Part.objects.all()) == [parts[0], parts[2]]


# Changing how long


def asked(days: int | None, user: Any, now: datetime, scope: Scope = Scope()) -> keeping.Outlook:  # noqa: B008  # frozen
    return keeping.ask(Wish(scope, days), user, now)


def test_longer_is_in_force_at_once_and_shorter_in_a_week(
    make_recording: Any, make_user: Any
) -> None:
    user, now = make_user(), timezone.now()
    Term.objects.create(days=30)
    assert not asked(60, user, now).shortens
    assert Term.objects.get().days == 60
    old = aged(make_recording(data=b"a"), 40)
    aged(make_recording(data=b"b"), 55)
    aged(make_recording(data=b"c"), 10)
    seen = asked(30, user, now)
    # The one of 55 days goes within that week anyway.
    assert (seen.shortens, seen.deletes, seen.takes_effect_at) == (True, 1, now + 7 * DAY)
    keeping.work(now + 6 * DAY)
    assert Term.objects.get().days == 60 and state(old) == State.READY
    keeping.work(now + 8 * DAY)
    assert Term.objects.get().days == 30 and state(old) == State.DELETED


def test_what_somebody_needs_is_not_counted_among_what_goes(
    make_recording: Any, make_call: Any, make_user: Any
) -> None:
    user, now = make_user(), timezone.now()
    aged(make_recording(make_call(from_number="8" + DIGITS), data=b"a"), 99)
    aged(make_recording(data=b"b"), 99)
    keeping.hold_number(HIS, "court", user)
    assert asked(30, user, now).deletes == 1


def test_a_change_that_was_cancelled_never_takes_effect(
    make_recording: Any, make_user: Any
) -> None:
    user, now = make_user(), timezone.now()
    old = aged(make_recording(data=b"a"), 40)
    asked(30, user, now)
    change = TermChange.objects.get()
    assert keeping.cancel(change, user) and not keeping.cancel(change, user)
    keeping.work(now + 8 * DAY)
    assert not Term.objects.exists() and state(old) == State.READY


def test_a_newer_change_of_the_same_takes_the_place_of_the_one_that_waits(make_user: Any) -> None:
    user, now = make_user(), timezone.now()
    asked(30, user, now)
    asked(20, user, now + DAY)
    assert [each.days for each in TermChange.objects.waiting()] == [20]
    keeping.work(now + 9 * DAY)
    assert Term.objects.get().days == 20


def test_what_changes_nothing_is_refused(make_user: Any, number: PhoneNumber) -> None:
    user, now = make_user(), timezone.now()
    Term.objects.create(days=30)
    with pytest.raises(CannotKeep):
        asked(30, user, now)
    with pytest.raises(CannotKeep):
        keeping.ask(Wish(Scope(number=number.pk), None, drops=True), user, now)


def test_a_number_that_loses_its_long_term_is_warned_of_for_a_week(
    make_recording: Any, make_call: Any, make_user: Any, number: PhoneNumber
) -> None:
    user, now = make_user(), timezone.now()
    Term.objects.create(days=30)
    Term.objects.create(number=number, days=365)
    aged(make_recording(make_call(), data=b"a"), 100)
    seen = keeping.ask(Wish(Scope(number=number.pk), None, drops=True), user, now)
    assert (seen.shortens, seen.deletes) == (True, 1)
    keeping.work(now + 8 * DAY)
    assert [term.number for term in Term.objects.all()] == [None]
    assert Deletion.objects.count() == 1
