"""Where recordings lie: the one door to every storage, and to the sound of a recording."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from recordings.folder_store import FolderStore
from recordings.models import Recording, Storage
from recordings.storing import Absent, Store


@dataclass(frozen=True)
class Source:
    """The sound of a recording as it was recorded, wherever and however it lies."""

    store: Store
    name: str
    size: int

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes from `start` to before `end` (None: the end), 256 KiB or fewer at a time.

        Raises StoreError: at once where the file is not there, and while it is read.
        """
        return self.store.read(self.name, start, end)


def store_of(storage: Storage) -> Store:
    return FolderStore(folder_of(storage))


def folder_of(storage: Storage) -> Path:
    return Path(storage.folder) if storage.folder else settings.MEDIA_ROOT / "recordings"


def open_recording(recording: Recording) -> Source:
    """Raises StoreError: there is no file, or its storage does not answer."""
    if recording.storage is None or not recording.file:
        raise Absent
    store = store_of(recording.storage)
    size = store.size(recording.file) if recording.size is None else recording.size
    return Source(store, recording.file, size)
