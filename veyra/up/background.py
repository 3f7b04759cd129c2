"""`manage.py up` in the background, begun and ended from another terminal."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from veyra.livekit.probe import server_answers
from veyra.up.preflight import EVERYWHERE
from veyra.up.trouble import Trouble

# The lock of the state folder: who holds it runs, and its number stands in it.
LOCK = "up.lock"
# Whoever keeps it gives its programs ten seconds, twice.
ENDS = 60.0
# The first start of a version may build LiveKit.
STARTS = 900.0
# Once its programs are begun, the pages are there after so long, or never.
ANSWERS = 90.0
LOOK_SECONDS = 0.5


def running(state: Path) -> int | None:
    """The process that runs this installation, or None."""
    try:
        with (state / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except FileNotFoundError:
        pass
    return None


def stop(state: Path) -> bool:
    """Wait until all of it has ended. False: nothing ran. Raises Trouble."""
    pid = running(state)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ENDS
    while running(state) is not None:
        if time.monotonic() > until:
            raise Trouble(_("Veyra (process %(pid)d) does not end.") % {"pid": pid})
        time.sleep(LOOK_SECONDS)
    return True


def start(state: Path) -> Path:
    """Begin it, and wait until it answers; the file with what it says. Raises Trouble."""
    (state / "logs").mkdir(parents=True, exist_ok=True)
    told = state / "logs" / "up.log"
    begun = state / "run" / "supervisord.pid"
    begun.unlink(missing_ok=True)
    with told.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if not _answers(lambda: process.poll() is None and _age(begun) < ANSWERS):
        # One that hangs is not left behind.
        stop(state)
        last = told.read_text().strip().splitlines()[-1:]
        raise Trouble(_("Veyra did not start: %(why)s") % {"why": " ".join(last)})
    return told


def wait(state: Path) -> None:
    """Until the one that somebody else began answers. Raises Trouble."""
    since = time.monotonic()
    if not _answers(lambda: running(state) is not None or time.monotonic() < since + ENDS):
        raise Trouble(_("Veyra does not answer at %(url)s.") % {"url": url()})


def _answers(lives: Callable[[], bool]) -> bool:
    until = time.monotonic() + STARTS
    while not server_answers(url(), path="/health/ready"):
        if not lives() or time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime if file.exists() else 0.0


def url() -> str:
    host = settings.WEB_LISTEN
    return f"http://{'127.0.0.1' if host == EVERYWHERE else host}:{settings.PORT}"
