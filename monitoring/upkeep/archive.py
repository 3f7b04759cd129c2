"""What is in a backup: the database, the list of recordings, and a manifest that proves both.

A sealed tar of manifest.json, `database` and recordings.jsonl. No key of the installation is in it,
nor the sound of a recording, which lies in its own storage.
"""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_noop

from monitoring.upkeep.databases import UpkeepError
from monitoring.upkeep.engine import engine
from recordings.models import Recording
from recordings.scratch import NO_PLACE, scratch
from recordings.stores import Source
from recordings.storing import CHUNK, FileError, StoreError
from telephony.models import Gateway

FORMAT = 1
MANIFEST, DATABASE, RECORDINGS = "manifest.json", "database", "recordings.jsonl"

NO_ROOM = gettext_noop(
    "Nothing can be written in the folder %(folder)s of this server (%(error)s). A backup needs"
    " room there for twice the database: %(needs)s MB."
)
NOT_OURS = gettext_noop("This is no backup of Veyra, or one that a newer Veyra made.")
CHANGED = gettext_noop(
    "The backup is damaged: “%(file)s” in it is not what was written. Take another one."
)
NO_KEY = gettext_noop(
    "The backup cannot be opened: it was made with another FIELD_KEYS, or it is damaged. Name the"
    " key file of that installation: --keys FILE."
)


@dataclass(frozen=True)
class Manifest:
    """`files`: of each its size and SHA-256; `rows`: of each table how many."""

    made_at: str
    installation: str
    database: str
    rows: Mapping[str, int]
    files: Mapping[str, tuple[int, str]]
    format: int = FORMAT

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.made_at)


@contextmanager
def workplace() -> Iterator[Path]:
    """A private folder that is gone afterwards, whoever is killed. Raises UpkeepError."""
    try:
        with scratch() as folder:
            yield folder
    except StoreError as error:
        if error.sentence.msgid != NO_PLACE:
            raise
        needs = round(2 * engine().size() / 1e6) + 1
        raise UpkeepError(NO_ROOM, **{**error.sentence.values, "needs": needs}) from error


def pack(folder: Path, now: datetime) -> Path:
    """The backup, not sealed yet, as a file in this folder. Raises UpkeepError."""
    base = engine()
    rows = base.dump(folder / DATABASE)
    _list_recordings(folder / RECORDINGS)
    files = {name: _sum(folder / name) for name in (DATABASE, RECORDINGS)}
    installation = str(Gateway.get().installation)
    manifest = Manifest(now.isoformat(), installation, base.kind, rows, files)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest)))
    packed = folder / "packed"
    with tarfile.open(packed, "w:gz", compresslevel=3) as tar:
        for name in (MANIFEST, DATABASE, RECORDINGS):
            tar.add(folder / name, name)
    (folder / DATABASE).unlink()
    return packed


def unpack(source: Source, folder: Path) -> Manifest:
    """Into this folder, and compared with its manifest. Raises UpkeepError, StoreError."""
    packed = folder / "packed"
    with packed.open("wb") as file:
        file.writelines(_opened(source))
    try:
        with tarfile.open(packed, "r:gz") as tar:
            for name in (MANIFEST, DATABASE, RECORDINGS):
                _take_out(tar, name, folder / name)
        told = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(**told)
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, TypeError) as error:
        raise UpkeepError(NOT_OURS) from error
    packed.unlink()
    if manifest.format != FORMAT:
        raise UpkeepError(NOT_OURS)
    for name in (DATABASE, RECORDINGS):
        there = (folder / name).exists()
        if not there or list(_sum(folder / name)) != list(manifest.files.get(name, ())):
            raise UpkeepError(CHANGED, file=name)
    return manifest


def _take_out(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """One file by its name, so that nothing in an archive decides where it is written."""
    packed = tar.extractfile(name)
    if packed is None:
        raise UpkeepError(NOT_OURS)
    with packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _opened(source: Source) -> Iterator[bytes]:
    found = source.read()
    try:
        yield next(found)
    except FileError as error:
        raise UpkeepError(NO_KEY) from error
    except StopIteration:
        return
    yield from found


def _sum(path: Path) -> tuple[int, str]:
    sha256, size = hashlib.sha256(), 0
    for chunk in chunks(path):
        sha256.update(chunk)
        size += len(chunk)
    return size, sha256.hexdigest()


def _list_recordings(path: Path) -> None:
    columns = ("id", "storage_id", "file", "size", "sha256")
    with path.open("w") as file:
        for row in Recording.objects.exclude(file="").values(*columns).iterator():
            file.write(json.dumps({**row, "id": str(row["id"])}) + "\n")
