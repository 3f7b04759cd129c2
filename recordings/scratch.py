"""A private folder for one piece of work, of which nothing stays, whoever is killed in it."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

# A folder that is this young may be about to be locked.
YOUNG_SECONDS = 60.0


def top() -> Path:
    """Where the folders are: on our own disk, not where other programs may look."""
    path = Path(settings.MEDIA_ROOT) / "joining"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def scratch() -> Iterator[Path]:
    """Ours alone; its lock is held as long as this process lives."""
    with TemporaryDirectory(dir=top()) as name:
        handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(handle)


def sweep() -> None:
    """Remove what whoever was killed left."""
    for path in top().iterdir():
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > YOUNG_SECONDS:
                _remove(path)


def _remove(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
    finally:
        os.close(handle)
