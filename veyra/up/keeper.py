"""Keeping the supervisor and all that it started together: nothing outlives `make run`."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil

from veyra.up.programs import LEASH, STOP_SECONDS

PR_SET_CHILD_SUBREAPER = 36
LOOK_SECONDS = 0.5


def keep(
    conf: Path,
    ready: Callable[[], bool],
    tell: Callable[[], None],
    begun: Callable[[int], None] = lambda _supervisor: None,
) -> int:
    """Run supervisord until it ends, and end with it whatever is left. Its exit code.

    `begun` gets its process number. Once `ready` says yes, `tell` is called.
    """
    _adopt_orphans()
    leash = [sys.executable, "-I", "-S", str(LEASH)]
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)]
    supervisor = subprocess.Popen([*leash, *command])
    _pass_signals_to(supervisor)
    begun(supervisor.pid)
    told = False
    while supervisor.poll() is None:
        end(orphans(supervisor.pid), patience=1)
        if not told and ready():
            tell()
            told = True
        try:
            supervisor.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    end(psutil.Process().children(recursive=True), patience=STOP_SECONDS)
    return max(supervisor.returncode, 0)


def orphans(supervisor: int) -> list[psutil.Process]:
    """Processes whose own parent died: they were handed to us, and nobody else will end them.

    A worker that is killed leaves its job processes behind like this.
    """
    return [child for child in psutil.Process().children() if child.pid != supervisor]


def end(processes: list[psutil.Process], patience: float) -> None:
    """Ask politely, wait for `patience` seconds, then insist."""
    for process in processes:
        _send(process, signal.SIGTERM)
    _gone, left = psutil.wait_procs(processes, timeout=patience)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=patience)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _pass_signals_to(supervisor: "subprocess.Popen[bytes]") -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        # Not Popen's own method: it would wait for a lock that the main loop may hold.
        os.kill(supervisor.pid, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
