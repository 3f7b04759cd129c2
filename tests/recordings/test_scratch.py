"""Where parts are joined: nothing stays there, and nothing that lies there stops anybody."""

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from recordings import saving, scratch
from tests.recordings.test_saving import CALLER, a_call, arrive, heard, saved

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _disk(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def left_by_a_killed(age: float = 1e9) -> Path:
    folder = scratch.top() / f"{scratch.OURS}killed"
    folder.mkdir()
    (folder / "whole.ogg").write_bytes(b"a voice")
    (folder / scratch.LOCK).touch()
    then = timezone.now().timestamp() - age
    os.utime(folder, (then, then))
    return folder


def test_nothing_of_who_was_killed_while_he_joined_stays_in_the_clear() -> None:
    left = left_by_a_killed()
    with scratch.scratch() as mine:
        os.utime(mine, (0, 0))
        assert mine.stat().st_mode & 0o077 == 0
        saving.work(timezone.now())
        assert mine.exists() and not left.exists()
    assert not mine.exists() and scratch.top().stat().st_mode & 0o077 == 0


def test_what_is_not_ours_is_left_alone_and_stops_nobody() -> None:
    recording = a_call()
    arrive(CALLER)
    (scratch.top() / "lost+found").write_text("somebody else's")
    (scratch.top() / f"{scratch.OURS}file").write_text("no folder")
    assert heard(saved(recording)) == list(CALLER)
    assert len(list(scratch.top().iterdir())) == 2


def test_a_disk_without_locks_is_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = a_call()
    arrive(CALLER)

    def no_locks(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    left = left_by_a_killed(age=3600)
    assert heard(saved(recording)) == list(CALLER) and left.exists()
    shutil.rmtree(left)
    left = left_by_a_killed(age=2 * 86400)
    scratch.sweep()
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    recording = a_call()
    arrive(CALLER)
    (tmp_path / "joining").write_text("no folder")
    waits = saved(recording)
    assert waits.state == "saving" and waits.sentence.msgid == scratch.NO_PLACE
    (tmp_path / "joining").unlink()
    assert heard(saved(recording)) == list(CALLER)
