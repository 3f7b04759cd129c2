"""What a job saw, written down as it happens: one file a job, one JSON line a fact.

The writer holds a lock on its file for as long as it lives, so a reader knows whether more will
come; the kernel drops the lock of a process that was killed. See agentworker.shipping for the
other end.
"""

import fcntl
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

from veyra.outage import Outage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobFacts:
    """What every line of a job repeats, so that each can be read alone."""

    job_id: str
    room_name: str
    room_sid: str
    worker: str = ""


@dataclass(frozen=True)
class Leg:
    """The caller whom a fact is about."""

    sip_call_id: str = ""
    participant_sid: str = ""


def now_text(at: float | None = None) -> str:
    """A moment (seconds since 1970, now if None) as text with its zone."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.isoformat()


class Spool:
    """The job's end: each line is in the file when the call returns. What the disk does not take
    goes there before the next line, since a call is worth more than its story.
    """

    def __init__(self, folder: Path, job: JobFacts) -> None:
        """Raises OSError."""
        self.job = job
        self.path = folder / f"{job.job_id}.jsonl"
        self._count = 0
        self._file = _open_locked(self.path)
        self._waiting = b""
        # Told of each line, too, where somebody tries the assistant.
        self.mirror: Callable[[dict[str, Any]], None] | None = None
        self._outage = Outage(log, f"spool {job.job_id} is not written")

    def session(self, **fields: Any) -> None:
        """The conversation itself: once at its start, and again with what its end added."""
        self._write({"type": "session", **fields})

    def event(self, kind: str, leg: Leg, /, at: float | None = None, **payload: Any) -> None:
        line = {"type": "event", "kind": kind, "at": now_text(at), "payload": payload}
        self._write({**line, **leg.__dict__})

    def request(self, kind: str, leg: Leg, key: str, /, **params: Any) -> None:
        """Something that the line is to do (AgentRequest)."""
        line = {"type": "request", "kind": kind, "key": key, "at": now_text(), "params": params}
        self._write({**line, **leg.__dict__})

    def turn(self, speaker: str, at: float, **fields: Any) -> None:
        self._write({"type": "turn", "speaker": speaker, "at": now_text(at), **fields})

    def doing(self, what: str) -> None:
        """What the conversation does from now on: only the newest such line counts."""
        self._write({"type": "doing", "doing": what, "at": now_text()})

    def _write(self, line: dict[str, Any]) -> None:
        self._count += 1
        if self.mirror:
            self.mirror(line)
        whole = {"id": f"{self.job.job_id}:{self._count}", **self.job.__dict__, **line}
        # A provider may answer half a character.
        text = json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")
        self._waiting += text + b"\n"
        self._flush()

    def _flush(self) -> None:
        # Unbuffered, so that of a line which is cut off the rest is what waits.
        try:
            while self._waiting:
                self._waiting = self._waiting[self._file.write(self._waiting) :]
        except OSError as error:
            self._outage.felt(error)
        else:
            self._outage.over()

    def close(self) -> None:
        self._flush()
        self._file.close()


def _open_locked(path: Path) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Words of callers stand in it.
        file = FileIO(path, "a", opener=partial(os.open, mode=0o600))
        fcntl.flock(file, fcntl.LOCK_EX)
        # A reader may have deleted the empty file between opening and locking it.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()
