"""Making a backup, keeping the right ones, and a second copy far from this server."""

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from monitoring.upkeep import archive, keys
from monitoring.upkeep.databases import BEFORE, UpkeepError
from monitoring.upkeep.models import Backup
from monitoring.upkeep.rotation import to_keep
from recordings import sealing
from recordings.folder_store import FolderStore
from recordings.models import Storage
from recordings.owning import stranger
from recordings.stores import Source, open_file, store_of
from recordings.storing import Store, StoreError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

NAME = re.compile(r"veyra-(\d{8}T\d{6})Z\.backup")
STAMP = "%Y%m%dT%H%M%S"
# For so long a database is kept that a restore took the place of.
BEFORE_KEPT = timedelta(days=30)
# Where copies lie in a storage of recordings.
COPIES = "backups/"

DONE = gettext_noop("The backup is made: %(megabytes)s MB, and what was written was read back.")
COPIED = gettext_noop(
    "The backup is made: %(megabytes)s MB, and what was written was read back. A copy lies in the"
    " storage “%(storage)s”."
)
ONLY_HERE = gettext_noop(
    "The backup is made, %(megabytes)s MB, but no copy of it could be stored in “%(storage)s”:"
    " %(why)s"
)
NOT_SAME = gettext_noop(
    "What lies in %(folder)s is not what was written there. Have the disk looked at."
)
UNTOLD = gettext_noop("The backup could not be made (%(error)s). The log of the worker says more.")


def home() -> FolderStore:
    """Where backups lie on this server."""
    return FolderStore(Path(settings.BACKUP_DIR))


def name_of(at: datetime) -> str:
    return f"veyra-{at.astimezone(UTC).strftime(STAMP)}Z.backup"


def time_of(name: str) -> datetime | None:
    """None: it is no backup of ours."""
    found = NAME.fullmatch(name)
    return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC) if found else None


def make(now: datetime) -> Backup:
    """One more, and none that is over; its row says what came of it. Raises nothing that a disk, a
    storage or the database does.
    """
    row = Backup(at=now, where=str(settings.BACKUP_DIR), ok=False)
    try:
        _write(row, now)
    except (UpkeepError, StoreError) as error:
        row.sentence = error.sentence.to_json()
    except Exception as error:
        log.exception("no backup was made")
        row.sentence = Sentence(UNTOLD, {"error": type(error).__name__}).to_json()
    else:
        row.ok = True
        _copy(row)
    row.finished_at = timezone.now()
    row.save()
    if row.ok:
        keep_the_right_ones(now)
    return row


def _write(row: Backup, now: datetime) -> None:
    store, name = home(), name_of(now)
    with archive.workplace() as folder:
        packed = archive.pack(folder, now)
        seal = keys.seals(settings.FIELD_KEYS)[0]
        counted = _Counted(sealing.seal(archive.chunks(packed), seal))
        row.size = store.write(name, counted)
    row.name, row.sha256 = name, counted.sha256
    if checksum(store, name) != row.sha256:
        raise UpkeepError(NOT_SAME, folder=row.where)


def checksum(store: Store, name: str) -> str:
    """Raises StoreError."""
    return sum_of(store.read(name))


def sum_of(chunks: Iterable[bytes]) -> str:
    sha256 = hashlib.sha256()
    for chunk in chunks:
        sha256.update(chunk)
    return sha256.hexdigest()


class _Counted:
    """Chunks on their way, and their SHA-256 afterwards."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._sha256 = chunks, hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._sha256.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


# Copies


def far() -> Storage | None:
    """The storage that takes copies: one that is not a disk of ours, of these the current one."""
    return Storage.objects.filter(kind=Storage.Kind.S3).first()


def far_store(storage: Storage) -> Store:
    """Raises StoreError, also where it belongs to another installation."""
    store = store_of(storage)
    if wrong := stranger(store):
        raise StoreError(wrong)
    return store


def _copy(row: Backup) -> None:
    megabytes = round((row.size or 0) / 1e6, 1)
    storage = far()
    if storage is None:
        row.sentence = Sentence(DONE, {"megabytes": megabytes}).to_json()
        return
    values = {"megabytes": megabytes, "storage": str(storage)}
    try:
        store = far_store(storage)
        store.write(COPIES + row.name, home().read(row.name))
        if store.size(COPIES + row.name) != row.size:
            raise StoreError(Sentence(NOT_SAME, {"folder": str(storage)}))
    except StoreError as error:
        row.sentence = Sentence(ONLY_HERE, {**values, "why": str(error.sentence)}).to_json()
    else:
        row.copy = str(storage)
        row.sentence = Sentence(COPIED, values).to_json()


# Which stay


def keep_the_right_ones(now: datetime) -> None:
    """Deletes those whose time is over, here and far away. What cannot go is tried next time."""
    _rotate(home(), "")
    storage = far()
    if storage is not None:
        try:
            _rotate(far_store(storage), COPIES)
        except StoreError:
            log.warning("old copies of backups stay in storage %s", storage.pk)
    _forget_what_was_before(now)
    there = _names(home(), "")
    for row in Backup.objects.good().exclude(name__in=there):
        Backup.objects.filter(pk=row.pk).update(removed_at=now)


def _forget_what_was_before(now: datetime) -> None:
    """Databases that a restore took the place of."""
    store = home()
    for name in list(store.names(BEFORE, now - BEFORE_KEPT)):
        if name.endswith(".sqlite3"):
            store.delete(name)


def _rotate(store: Store, folder: str) -> None:
    times = {name: at for name in _names(store, folder) if (at := time_of(name))}
    keep = to_keep(times.values(), *settings.BACKUP_KEEP, timezone.get_default_timezone())
    for name, at in times.items():
        if at not in keep:
            store.delete(folder + name)


def _names(store: Store, folder: str) -> list[str]:
    found = [name.removeprefix(folder) for name in store.names(folder)]
    return [name for name in found if time_of(name)]


def adopt() -> None:
    """A row for each file that has none: those that were made after the one that was restored."""
    store = home()
    known = set(Backup.objects.values_list("name", flat=True))
    for name in _names(store, ""):
        at = time_of(name)
        if at and name not in known:
            size, sum_ = store.size(name), checksum(store, name)
            about = {"where": str(settings.BACKUP_DIR), "size": size, "sha256": sum_}
            Backup.objects.create(at=at, finished_at=at, ok=True, name=name, **about)


def source_of(store: Store, name: str, field_keys: list[str]) -> Source:
    """Opened by whichever key fits; where none does, whoever reads is told. Raises StoreError."""
    opened = [open_file(store, name, key=seal) for seal in keys.seals(field_keys)]
    return next((each for each in opened if _fits(each)), opened[0])


def _fits(source: Source) -> bool:
    try:
        next(source.read(0, 1), None)
    except StoreError:
        return False
    return True
