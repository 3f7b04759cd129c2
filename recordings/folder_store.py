"""A storage that is a folder of this machine, or one that several machines share."""

import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from django.utils.translation import gettext_noop

from recordings.storing import CHUNK, Absent, FileError, StoreError
from veyra.sentences import Sentence

# A file that is being written; it gets its name when it is whole.
WRITING = ".writing-"
# A folder that just became empty may be removed under a writer, who then makes it again.
TRIES = 5

FULL = gettext_noop(
    "The disk of the folder %(folder)s is full. Free some space, or choose another storage."
)
NOT_OURS = gettext_noop(
    "Veyra may not write in the folder %(folder)s. Make the user that Veyra runs as its owner, "
    "or name another folder."
)
READ_ONLY = gettext_noop(
    "The disk of the folder %(folder)s can only be read. Have it mounted for writing, or name "
    "another folder."
)
NO_FOLDER = gettext_noop(
    "%(folder)s is no folder, or lies under something that is none. Name another one."
)
BROKEN_DISK = gettext_noop(
    "The disk of the folder %(folder)s reports an error (%(error)s). Have the disk looked at."
)
SENTENCES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EACCES: NOT_OURS,
    errno.EPERM: NOT_OURS,
    errno.EROFS: READ_ONLY,
    errno.ENOENT: NO_FOLDER,
    errno.ENOTDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
    errno.EISDIR: NO_FOLDER,
}
# Of these the disk is well.
OF_FILE = (errno.EACCES, errno.EPERM, errno.EISDIR)


class FolderStore:
    """See recordings.storing.Store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, chunks: Iterable[bytes]) -> int:
        path = self._path(name)
        with self._telling():
            _make(self.folder)
        part = self.folder / f"{WRITING}{uuid.uuid4()}"
        try:
            with self._telling():
                size = _write(part, chunks)
                _name(part, path)
        finally:
            # Whatever kept it from being written may keep it from going; that was told by now.
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return size

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        with self._telling(), _finding():
            file = self._path(name).open("rb")
        return self._chunks(file, start, end)

    def _chunks(self, file: IO[bytes], start: int, end: int | None) -> Iterator[bytes]:
        with file, self._telling():
            file.seek(start)
            while end is None or start < end:
                chunk = file.read(CHUNK if end is None else min(CHUNK, end - start))
                if not chunk:
                    return
                start += len(chunk)
                yield chunk

    def size(self, name: str) -> int:
        with self._telling(), _finding():
            return self._path(name).stat().st_size

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except Absent:
            return False
        return True

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Where this file may not go, others are worth a try.
            failure = FileError if error.errno in OF_FILE else StoreError
            raise failure(self._sentence(error)) from error
        for folder in path.parents:
            if folder == self.folder or not _removed(folder):
                return

    def names(self, prefix: str, before: datetime | None = None) -> Iterator[str]:
        # Only the folder that all of them lie in is walked through.
        top = self.folder / prefix.rpartition("/")[0]
        with self._telling():
            yield from self._names(top, prefix, before)

    def _names(self, top: Path, prefix: str, before: datetime | None) -> Iterator[str]:
        for folder, _folders, files in os.walk(top, onerror=_raise_unless_absent):
            where = Path(folder).relative_to(self.folder)
            for file in files:
                name = (where / file).as_posix()
                if not name.startswith(prefix) or file.startswith(WRITING):
                    continue
                if before is None or _is_older(Path(folder) / file, before):
                    yield name

    def free(self) -> int | None:
        with self._telling():
            _make(self.folder)
            return shutil.disk_usage(self.folder).free

    def tidy(self, before: datetime) -> None:
        for path in self.folder.glob(f"{WRITING}*"):
            # Somebody else may be at it, too.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or parts[0] == "/" or parts[0].startswith(WRITING):
            raise ValueError("no name of a file")
        return self.folder.joinpath(*parts)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(self._sentence(error)) from error

    def _sentence(self, error: OSError) -> Sentence:
        msgid = SENTENCES.get(error.errno or 0, BROKEN_DISK)
        values = {"folder": str(self.folder), "error": error.strerror or type(error).__name__}
        return Sentence(msgid, values)


@contextmanager
def _finding() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Absent from error


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    """How many bytes, which are on the disk when it returns. Nobody else may read them."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        size = sum(file.write(chunk) for chunk in chunks)
        file.flush()
        os.fsync(file.fileno())
    return size


def _name(part: Path, path: Path) -> None:
    for left in reversed(range(TRIES)):
        try:
            _make(path.parent)
            part.replace(path)
            break
        except FileNotFoundError:
            if not left:
                raise
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_unless_absent(error: OSError) -> None:
    """A folder that is not there, or has just gone, has no names; of others nobody knows them."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


def _removed(folder: Path) -> bool:
    """Is it gone, since it was empty?"""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
