"""A folder as a storage: whole files only, by name."""

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from recordings.folder_store import FolderStore
from recordings.models import Recording, Storage
from recordings.stores import open_recording, store_of
from recordings.storing import CHUNK, Absent, StoreError

SOUND = bytes(range(256)) * 4096


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "sound")


def test_what_was_written_is_read_in_whole_and_in_part(store: FolderStore) -> None:
    assert store.write("recordings/2026/11/a.ogg", [SOUND[:10], SOUND[10:]]) == len(SOUND)
    chunks = list(store.read("recordings/2026/11/a.ogg"))
    assert b"".join(chunks) == SOUND and max(map(len, chunks)) == CHUNK
    assert b"".join(store.read("recordings/2026/11/a.ogg", 5, 300_000)) == SOUND[5:300_000]
    assert list(store.read("recordings/2026/11/a.ogg", len(SOUND))) == []


def test_nobody_else_may_read_a_file(store: FolderStore) -> None:
    store.write("a/b.ogg", [b"x"])
    assert stat.S_IMODE((store.folder / "a/b.ogg").stat().st_mode) == 0o600
    assert stat.S_IMODE((store.folder / "a").stat().st_mode) == 0o700


def test_a_write_that_breaks_leaves_the_old_file_and_nothing_else(store: FolderStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError

    store.write("a.ogg", [b"whole"])
    with pytest.raises(RuntimeError):
        store.write("a.ogg", broken())
    assert b"".join(store.read("a.ogg")) == b"whole"
    assert os.listdir(store.folder) == ["a.ogg"]


def test_what_is_deleted_leaves_no_empty_folders_and_may_be_deleted_again(
    store: FolderStore,
) -> None:
    store.write("incoming/1/a", [b"x"])
    store.write("incoming/2/a", [b"x"])
    store.delete("incoming/1/a")
    store.delete("incoming/1/a")
    assert not store.exists("incoming/1/a") and list(store.names("inc")) == ["incoming/2/a"]
    assert os.listdir(store.folder / "incoming") == ["2"]


def test_names_begin_as_asked(store: FolderStore) -> None:
    for name in ("incoming/1/000", "incoming/1/001", "incoming/12/000", "other"):
        store.write(name, [b""])
    assert sorted(store.names("incoming/1/")) == ["incoming/1/000", "incoming/1/001"]
    assert len(list(store.names("incoming/1"))) == 3 and list(store.names("nothing/")) == []


def test_a_name_cannot_lead_out_of_the_folder(store: FolderStore) -> None:
    for name in ("../x", "a/../../x", "/etc/x", ""):
        with pytest.raises(ValueError, match="no name"):
            store.write(name, [b"x"])


def test_a_folder_that_cannot_be_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        FolderStore(tmp_path / "file" / "sound").write("a", [b"x"])
    assert str(tmp_path) in caught.value.sentence.values["folder"]


def test_what_a_killed_writer_left_is_no_file_and_goes(store: FolderStore) -> None:
    store.write("a", [b"x"])
    (store.folder / ".writing-1").write_bytes(b"half")
    assert list(store.names("")) == ["a"]
    store.tidy(timezone.now() - timedelta(hours=1))
    assert (store.folder / ".writing-1").exists()
    store.tidy(timezone.now() + timedelta(seconds=1))
    assert os.listdir(store.folder) == ["a"]


@pytest.mark.django_db
def test_a_recording_is_opened_where_it_lies() -> None:
    storage = Storage.objects.all().current()
    store_of(storage).write("recordings/a.ogg", [SOUND])
    recording = Recording(storage=storage, file="recordings/a.ogg")
    source = open_recording(recording)
    assert source.size == len(SOUND) and b"".join(source.read(3, 9)) == SOUND[3:9]
    with pytest.raises(Absent):
        open_recording(Recording(storage=storage, file="recordings/b.ogg"))
    with pytest.raises(Absent):
        open_recording(Recording())


def test_a_folder_that_cannot_be_looked_into_is_not_taken_for_an_empty_one(
    store: FolderStore,
) -> None:
    assert list(store.names("")) == []
    store.folder.write_text("no folder")
    with pytest.raises(StoreError):
        list(store.names(""))
