"""A private folder for one piece of work, of which nothing stays, whoever is killed in it."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.utils.translation import gettext_noop

from recordings.storing import StoreError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

OURS, LOCK = "work-", "lock"
# A folder that is this young may be about to be locked.
YOUNG_SECONDS = 60.0
# On a disk that has no locks, nobody works in one for so long.
OLD_SECONDS = 86400.0

NO_PLACE = gettext_noop(
    "Recordings are joined in the folder %(folder)s of this server, and nothing can be written"
    " there (%(error)s). See that its disk is not full, and that it belongs to the user that Veyra"
    " runs as."
)


def top() -> Path:
    """Where the folders are: on our own disk, not where other programs may look."""
    path = Path(settings.MEDIA_ROOT) / "joining"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def scratch() -> Iterator[Path]:
    """Ours alone, as long as this process lives. Raises StoreError where the disk fails."""
    try:
        with TemporaryDirectory(prefix=OURS, dir=top()) as name, _locked(Path(name)):
            yield Path(name)
    except OSError as error:
        where = str(Path(settings.MEDIA_ROOT) / "joining")
        values = {"folder": where, "error": error.strerror or type(error).__name__}
        raise StoreError(Sentence(NO_PLACE, values)) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """By a file: a folder cannot be locked on every disk. Nor can a file: then its age tells."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def sweep() -> None:
    """Remove what whoever was killed left. What cannot go stops nobody, and stays."""
    try:
        found = list(top().glob(f"{OURS}*"))
    except OSError:  # whoever joins says so
        return
    for path in found:
        try:
            if _is_left(path):
                shutil.rmtree(path)
        except OSError as error:
            log.warning("%s is not removed: %s", path.name, type(error).__name__)


def _is_left(path: Path) -> bool:
    """Does nobody work in it any more?"""
    age = time.time() - path.stat().st_mtime
    if age < YOUNG_SECONDS:
        return False
    try:
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return age > OLD_SECONDS
    finally:
        os.close(handle)
    return True
