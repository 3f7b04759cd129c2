"""The files of a part: its sound, and what it is, side by side in the spool.

    sound/<id>.json  {id, room_name, room_sid, job_id, recorder, began_at}; its end adds
                     {ended_at, seconds}
    sound/<id>.ogg   the sound

The writer holds a lock on the .json for as long as it lives: a part that nobody holds is finished,
or its writer was killed and it says no `ended_at`. See agentworker.uploading for the other end.
"""

import fcntl
import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from agentworker.spool import now_text


@dataclass(frozen=True)
class Origin:
    """Where a part was written: in which room, and by whom. `recorder`: a value of Recorder."""

    room_name: str
    room_sid: str
    recorder: str
    job_id: str = ""


def folder() -> Path:
    """Where parts lie, for nobody else of this host to hear. It is made where it is missing.

    Where that fails, whoever writes there is told: calls are taken without it.
    """
    path = Path(settings.SPOOL_DIR) / "sound"
    with suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
        # One that is another's he has made as he wants it.
        path.chmod(0o700)
    return path


class PartFiles:
    """The writer's end. Its facts are in the file when `__init__` returns. Raises OSError."""

    def __init__(self, origin: Origin, began_at: float) -> None:
        self.id = str(uuid.uuid4())
        place = folder()
        self.sound, self.facts = place / f"{self.id}.ogg", place / f"{self.id}.json"
        self._told: dict[str, Any] = {
            "id": self.id,
            **asdict(origin),
            "began_at": now_text(began_at),
        }
        # Under its name only when it is locked and written: a reader sees no part half begun.
        half = self.facts.with_suffix(".new")
        self._file = os.open(half, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write()
            half.rename(self.facts)
        except BaseException:
            half.unlink(missing_ok=True)
            os.close(self._file)
            raise

    def finish(self, ended_at: float, seconds: float) -> None:
        """Say its end, and let go of it."""
        self._told |= {"ended_at": now_text(ended_at), "seconds": round(seconds, 3)}
        # Longer than before, and one call: who is killed here leaves the old facts or the new.
        try:
            self._write()
        finally:
            os.close(self._file)

    def discard(self) -> None:
        """Nothing was heard: leave no files."""
        self.sound.unlink(missing_ok=True)
        self.facts.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self) -> None:
        os.pwrite(self._file, json.dumps(self._told).encode() + b"\n", 0)
