"""Where recordings lie: the one door to every storage, and to the sound of a recording."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop

from recordings import sealing
from recordings.folder_store import FolderStore
from recordings.models import Part, Recording, Storage
from recordings.storing import Absent, FileError, Store, StoreError
from veyra.secrets import SecretError
from veyra.sentences import Sentence

NO_LOGIN = gettext_noop("The storage needs an access key and a secret key. Enter both.")
LOST_SECRET = gettext_noop(
    "The secret key of the storage cannot be read, since FIELD_KEYS is another than before. Enter "
    "it once more, or put the old FIELD_KEYS back."
)
LOST_KEY = gettext_noop(
    "This file is encrypted, and its key cannot be read, since FIELD_KEYS is another than before. "
    "Put the old FIELD_KEYS back."
)


@dataclass(frozen=True)
class Source:
    """A file as it was before it was stored, wherever and however it lies."""

    store: Store
    name: str
    size: int
    # Opens it; "": it is not encrypted.
    key: str = field(default="", repr=False)

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes from `start` to before `end` (None: the end), 256 KiB or fewer at a time.

        Raises StoreError: at once where the file is not there, and while it is read.
        """
        if not self.key:
            return self.store.read(self.name, start, end)
        return sealing.SealedFile(self.store, self.name, self.size, self.key).read(start, end)


@dataclass(frozen=True)
class Written:
    """What stands in a storage now: the size and checksum of what can be read from there."""

    size: int
    sha256: str


def store_of(storage: Storage) -> Store:
    """Raises StoreError: its login is missing or cannot be read."""
    if storage.kind == Storage.Kind.FOLDER:
        return FolderStore(folder_of(storage))
    # Its library takes a third of a second to load, which a folder does not need.
    from recordings.s3_store import Bucket, S3Store

    try:
        secret = storage.secret_key
    except SecretError as error:
        raise StoreError(Sentence(LOST_SECRET)) from error
    if not (storage.access_key and secret):
        raise StoreError(Sentence(NO_LOGIN))
    where = (storage.endpoint, storage.region, storage.bucket, storage.prefix)
    return S3Store(Bucket(*where, storage.access_key, secret))


def folder_of(storage: Storage) -> Path:
    return Path(storage.folder) if storage.folder else settings.MEDIA_ROOT / "recordings"


def open_recording(recording: Recording) -> Source:
    """Raises StoreError: there is no file, or its storage does not answer."""
    if recording.storage is None or not recording.file:
        raise Absent
    key = key_of(recording)
    return open_file(store_of(recording.storage), recording.file, recording.size, key)


def key_of(row: Recording | Part) -> str:
    """What opens its file; "": it is not encrypted. Raises FileError."""
    try:
        return str(row.file_key)
    except SecretError as error:
        raise FileError(Sentence(LOST_KEY)) from error


def open_file(store: Store, name: str, size: int | None = None, key: str = "") -> Source:
    """`size`: of the plain file, where it is known. Raises StoreError."""
    if size is None:
        stored = store.size(name)
        size = sealing.plain_size(stored) if key else stored
    return Source(store, name, size, key)


def write_file(store: Store, name: str, chunks: Iterable[bytes], key: str = "") -> Written:
    """Raises StoreError, and whatever the chunks raise; then nothing was written."""
    sha256, size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            sha256.update(chunk)
            size += len(chunk)
            yield chunk

    store.write(name, sealing.seal(counted(), key) if key else counted())
    return Written(size, sha256.hexdigest())
