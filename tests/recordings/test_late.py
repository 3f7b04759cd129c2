"""Sound that comes late, by clocks that are wrong, and while somebody else is at the same."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from recordings import arriving, leftovers, making, saving
from recordings.folder_store import FolderStore
from recordings.making import Lost, Making
from recordings.models import Leftover, Part, Recording, Storage
from recordings.stores import LOST_KEY, folder_of, store_of
from telephony.models import Call
from tests.recordings.test_saving import CALLER, a_call, arrive, files, heard, later, saved

pytestmark = pytest.mark.django_db


def saved_late(recording: Recording) -> Recording:
    """The first look finds that there is more, the second joins it."""
    saved(recording)
    return saved(recording)


def making_of(recording: Recording) -> Making:
    return Making(recording, Call.objects.get(recordings=recording), lambda: None)


# What is heard, and when it was


def test_a_late_part_that_began_before_the_answer_is_not_lost() -> None:
    recording = a_call(5)
    assert saved(recording).state == "missing"
    arrive(CALLER, begins=-1)
    assert heard(saved_late(recording)) == list(CALLER)[1:]


def test_a_late_part_adds_what_the_other_had_not() -> None:
    recording = a_call()
    arrive(CALLER[:2])
    assert heard(saved(recording)) == [0.1, 0.2]
    arrive(CALLER[1:], begins=1)
    whole = saved_late(recording)
    assert heard(whole) == list(CALLER) and files() == [whole.file]


def test_a_late_part_that_adds_nothing_stays_for_a_week() -> None:
    recording = a_call()
    arrive(CALLER)
    first = saved(recording)
    double = arrive(CALLER[1:4], begins=1)
    again = saved_late(recording)
    assert heard(again) == list(CALLER)
    held = sorted([again.file, arriving.name_of(double, 0)])
    assert first.file not in files() and files() == held
    saving.work(later(days=6))
    assert files() == held and saved(recording).file == again.file
    saving.work(later(days=8))
    assert files() == [again.file]


@pytest.mark.parametrize("ahead", [90, 3, -3, -90])
def test_a_host_whose_clock_is_wrong_costs_no_sound(ahead: int) -> None:
    recording = a_call()
    arrive(CALLER, begins=ahead)
    ready = saved(recording)
    assert (heard(ready), ready.reason) == (list(CALLER), {})


def test_what_was_heard_before_the_answer_is_no_part_of_the_talk() -> None:
    recording = a_call(4)
    arrive(CALLER, begins=-2)
    assert heard(saved(recording))[:4] == list(CALLER)[2:]


def test_hosts_whose_clocks_differ_hand_over_without_a_gap() -> None:
    recording = a_call()
    arrive(CALLER[:3])
    behind = arrive(CALLER[3:], begins=1)
    Part.objects.filter(pk=behind.pk).update(clock_ahead=-2)
    assert heard(saved(recording)) == list(CALLER)


# What cannot be had


def spoil(part: Part) -> Callable[[], None]:
    """A piece of it cannot be read any more, and that is not the storage's fault; what mends it."""
    store = store_of(Storage.objects.current())
    assert isinstance(store, FolderStore)
    path = store.folder / arriving.name_of(part, 0)
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / "something").touch()

    def mend() -> None:
        (path / "something").unlink()
        path.rmdir()
        path.write_bytes(content)

    return mend


def test_one_object_that_cannot_be_read_holds_up_no_other_recording() -> None:
    old, new = a_call(room="RM_OLD"), a_call(room="RM_NEW")
    arrive(CALLER, room="RM_OLD")
    spoil(arrive(CALLER, room="RM_NEW"))
    saving.work(timezone.now())
    assert heard(saved(old)) == list(CALLER) and saved(new).state == "saving"


def test_a_storage_that_is_gone_for_good_keeps_no_late_part_from_its_recording(
    tmp_path: Path,
) -> None:
    gone = Storage.objects.current()
    late = a_call(room="RM_LATE")
    for place in range(saving.ENOUGH):
        a_call(room=f"RM_{place}")
        arrive(CALLER, room=f"RM_{place}")
    Storage.objects.filter(pk=gone.pk).update(is_current=False, folder=str(tmp_path / "gone"))
    (tmp_path / "gone").write_text("no folder")
    Storage.objects.create(is_current=True, folder=str(tmp_path / "new"))
    Recording.objects.filter(pk=late.pk).update(state="missing")
    arrive(CALLER, room="RM_LATE")
    for _look in range(saving.ENOUGH + 1):
        saving.work(timezone.now())
    assert heard(saved(late)) == list(CALLER)


def tried_again(recording: Recording, **past: float) -> Recording:
    """So much later, by when a part that was left out is tried again, and joined if it can be."""
    saving.work(later(**past))
    return saved_late(recording)


def has_troubled(part: Part, days: float) -> None:
    since = timezone.now() - timedelta(days=days)
    Part.objects.filter(pk=part.pk).update(unread_since=since)


def ended_long_ago() -> None:
    days = timedelta(days=2)
    names = ("started_at", "answered_at", "ended_at")
    Call.objects.update(**{name: F(name) - days for name in names})
    Part.objects.update(began_at=F("began_at") - days)


def test_what_cannot_be_read_for_a_day_is_left_out_until_it_can() -> None:
    recording = a_call()
    arrive(CALLER[:3])
    bad = arrive(CALLER[3:], begins=3)
    mend = spoil(bad)
    assert saved(recording).state == "saving"
    has_troubled(bad, days=2)
    assert heard(saved(recording)) == [0.1, 0.2, 0.3]
    bad.refresh_from_db()
    assert bad.state == "broken"
    # Whatever time passes, it is not lost.
    assert heard(tried_again(recording, days=20)) == [0.1, 0.2, 0.3]
    mend()
    assert heard(tried_again(recording, days=21)) == list(CALLER)


def test_one_hiccup_costs_no_part_that_came_days_after_its_call() -> None:
    recording = a_call()
    mend = spoil(arrive(CALLER))
    ended_long_ago()
    assert saved(recording).state == "saving"
    mend()
    assert heard(saved(recording)) == list(CALLER)


def test_a_late_part_that_cannot_be_read_keeps_nobody_from_hearing_the_rest() -> None:
    recording = a_call()
    arrive(CALLER[:3])
    saved(recording)
    mend = spoil(arrive(CALLER[3:], begins=3))
    rest = saved_late(recording)
    assert rest.has_sound and heard(rest) == [0.1, 0.2, 0.3]
    mend()
    assert heard(tried_again(recording, hours=2)) == list(CALLER)


def test_a_late_part_in_a_storage_that_is_away_keeps_nobody_from_hearing_the_rest(
    tmp_path: Path,
) -> None:
    recording = a_call()
    arrive(CALLER[:3])
    saved(recording)
    here = Storage.objects.current()
    Storage.objects.update(is_current=False)
    Storage.objects.create(is_current=True, folder=str(tmp_path / "disk"))
    arrive(CALLER[3:], begins=3)
    Storage.objects.update(is_current=False)
    Storage.objects.filter(pk=here.pk).update(is_current=True)
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    (tmp_path / "disk").write_text("no folder")
    rest = saved_late(recording)
    assert rest.has_sound and heard(rest) == [0.1, 0.2, 0.3]
    (tmp_path / "disk").unlink()
    (tmp_path / "elsewhere").rename(tmp_path / "disk")
    assert heard(tried_again(recording, hours=2)) == list(CALLER)


def test_a_part_whose_key_is_lost_waits_for_it_and_says_so(settings: LazySettings) -> None:
    Storage.objects.create(is_current=True, is_encrypted=True)
    recording = a_call()
    bad, keys = arrive(CALLER), settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert saved(recording).sentence.msgid == LOST_KEY
    has_troubled(bad, days=2)
    failed = saved(recording)
    assert (failed.state, failed.sentence.msgid) == ("failed", LOST_KEY)
    assert tried_again(recording, days=40).state == "failed"
    settings.FIELD_KEYS = keys
    assert heard(tried_again(recording, days=41)) == list(CALLER)


def test_a_folder_that_is_not_mounted_makes_nothing_shorter(tmp_path: Path) -> None:
    Storage.objects.create(is_current=True, folder=str(tmp_path / "disk"))
    recording = a_call()
    arrive(CALLER)
    long = arrive(CALLER, room="RM_2")
    Part.objects.filter(pk=long.pk).update(received=F("received") + 1)
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    (tmp_path / "disk").mkdir()
    waits = saved(recording)
    assert (waits.state, waits.sentence.msgid) == ("saving", arriving.MISSING)
    (tmp_path / "disk").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "disk")
    assert heard(saved(recording)) == list(CALLER)
    # Nor does one piece of many that is not there.
    long.refresh_from_db()
    with pytest.raises(arriving.Incomplete):
        list(arriving.read(long))


def test_bytes_that_are_missing_for_a_month_are_given_up() -> None:
    recording = a_call()
    arrive(CALLER[:3])
    bad = arrive(CALLER[3:], begins=3)
    store_of(Storage.objects.current()).delete(arriving.name_of(bad, 0))
    has_troubled(bad, days=2)
    assert heard(saved(recording)) == [0.1, 0.2, 0.3]
    saving.work(later(days=20))
    assert Part.objects.get(pk=bad.pk).state == "broken"
    saving.work(later(days=40))
    assert Part.objects.get(pk=bad.pk).state == "joined"


# Two at a time


def in_its_own(work: Callable[[], None]) -> Callable[[], None]:
    """With a connection of its own, which ends with it."""

    def alone() -> None:
        try:
            work()
        finally:
            connection.close()

    return alone


def test_who_was_overtaken_takes_nothing_away() -> None:
    recording = a_call()
    arrive(CALLER)
    slow = making_of(Recording.objects.get())
    fast = making_of(recording)
    # The slow one has written its file, and stands before it tells where it lies.
    tell_where = slow._tell_where

    def overtaken(draft: Leftover, values: dict[str, object]) -> Leftover | None:
        fast.run()
        return tell_where(draft, values)

    slow._tell_where = overtaken  # type: ignore[method-assign]  # a process that was stopped here
    with pytest.raises(Lost):
        slow.run()
    ready = saved(recording)
    assert heard(ready) == list(CALLER) and files() == [ready.file]
    assert not Leftover.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_while_somebody_waits_for_its_row_is_not_brought_back() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    rows = [a_call(room="RM_1"), a_call(room="RM_2")]
    Recording.objects.update(state="missing")
    found = list(Recording.objects.all())
    waiting = Thread(target=in_its_own(lambda: saving._reopen(found)))
    with transaction.atomic():
        Recording.objects.filter(pk=rows[0].pk).update(state="deleted")
        waiting.start()
        time.sleep(0.5)
        Recording.objects.filter(pk=rows[1].pk).update(state="deleted")
    waiting.join()
    assert {row.state for row in Recording.objects.all()} == {"deleted"}


def test_who_lost_his_database_when_all_was_told_takes_nothing_away() -> None:
    recording = a_call()
    arrive(CALLER)
    joining = making_of(Recording.objects.get())
    tell_where = joining._tell_where

    def cut_off(draft: Leftover, values: dict[str, object]) -> Leftover | None:
        tell_where(draft, values)
        raise OperationalError

    joining._tell_where = cut_off  # type: ignore[method-assign]  # the answer to COMMIT is lost
    with pytest.raises(OperationalError):
        joining.run()
    assert heard(saved(recording)) == list(CALLER)


def test_who_puts_away_pieces_takes_no_file_that_was_joined_since() -> None:
    recording = a_call()
    first = arrive(CALLER[:2])
    making_of(recording).run()
    saving._remove(first)
    arrive(CALLER[2:], begins=2)
    whole = saved_late(recording)
    assert heard(whole) == list(CALLER) and files() == [whole.file]


def test_a_file_in_another_storage_goes_when_that_is_back(tmp_path: Path) -> None:
    Storage.objects.create(is_current=True, folder=str(tmp_path / "old"))
    recording = a_call()
    arrive(CALLER[:2])
    first = saved(recording)
    Storage.objects.update(is_current=False)
    Storage.objects.create(is_current=True, folder=str(tmp_path / "new"))
    arrive(CALLER[2:], begins=2)
    saving.work(timezone.now())
    joining = making_of(Recording.objects.select_related("storage").get())
    tell_where = joining._tell_where

    def then_away(draft: Leftover, values: dict[str, object]) -> Leftover | None:
        old = tell_where(draft, values)
        (tmp_path / "old").rename(tmp_path / "away")
        (tmp_path / "old").write_text("no folder")
        return old

    joining._tell_where = then_away  # type: ignore[method-assign]  # a disk that goes just then
    joining.run()
    assert heard(saved(recording)) == list(CALLER)
    (tmp_path / "old").unlink()
    (tmp_path / "away").rename(tmp_path / "old")
    assert (tmp_path / "old" / first.file).exists()
    saving.tidy(timezone.now())
    assert not (tmp_path / "old" / first.file).exists() and not Leftover.objects.exists()


def test_what_a_killed_attempt_wrote_goes_after_a_day() -> None:
    recording = a_call()
    storage = Storage.objects.current()
    name = making.name_of(recording)
    leftovers.announce(recording.pk, storage, name)
    store_of(storage).write(name, [b"x"])
    saving.tidy(timezone.now())
    assert files() == [name]
    saving.tidy(later(days=2))
    assert files() == [] and not Leftover.objects.exists()


def test_a_storage_that_is_away_is_asked_once_for_what_is_left_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gone").write_text("no folder")
    away = Storage.objects.create(folder=str(tmp_path / "gone"))
    recording, here = a_call(), Storage.objects.current()
    for storage in (away, away, here):
        name = making.name_of(recording)
        leftovers.announce(recording.pk, storage, name)
    store_of(here).write(name, [b"x"])
    saving.tidy(later(days=2))
    assert files() == [] and Leftover.objects.count() == 2
    assert [row.name for row in caplog.records].count(leftovers.log.name) == 1


def test_one_file_that_may_not_be_deleted_keeps_no_other() -> None:
    recording, storage = a_call(), Storage.objects.current()
    first, second = making.name_of(recording), making.name_of(recording)
    for name in (first, second):
        leftovers.announce(recording.pk, storage, name)
    # As where somebody has protected it.
    (folder_of(storage) / first).mkdir(parents=True)
    store_of(storage).write(second, [b"x"])
    saving.tidy(later(days=2))
    assert files() == [] and Leftover.objects.get().file == first
