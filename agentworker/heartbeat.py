"""Life signs: who takes calls, and which jobs live, as one row that others read."""

import os
import socket
import time
from dataclasses import asdict
from datetime import datetime

from django.utils import timezone

from agentworker.burden import Scales
from agentworker.models import StandIn, Worker
from agentworker.taping import stuck
from agentworker.worker import LineWorker, LiveJob
from veyra import processes
from veyra.version import version

EVERY_SECONDS = 1.0


class Heartbeat:
    """Writes the worker's row every second, and at once when something changed."""

    def __init__(self, name: str, line: LineWorker) -> None:
        self.name, self.line = name, line
        self.started_at: datetime = timezone.now()
        self._written = 0.0
        self._scales = Scales()
        self._last: tuple[list[LiveJob], bool, bool] | None = None

    def beat(self) -> bool:
        """Write the row if it is time. Raises DatabaseError."""
        state = (self.line.jobs(), self.line.registered, self.line.draining)
        now = time.monotonic()
        if state == self._last and now - self._written < EVERY_SECONDS:
            return False
        self._write(*state)
        stuck.tell()
        self._last, self._written = state, now
        return True

    def stop(self) -> None:
        """The row goes with its worker; one that was killed leaves it, and it grows old."""
        Worker.objects.filter(name=self.name, pid=os.getpid()).delete()

    def _write(self, jobs: list[LiveJob], registered: bool, draining: bool) -> None:
        row, _made = Worker.objects.update_or_create(
            name=self.name,
            defaults={
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "pid_space": processes.space(),
                "started_at": self.started_at,
                "seen_at": timezone.now(),
                "jobs": [asdict(job) for job in jobs],
                "capacity": self.line.capacity,
                "registered": registered,
                "version": version(),
                **asdict(self._scales.weigh()),
                "livekit_version": self.line.livekit_version[:40],
                "draining": draining,
            },
        )
        self.line.resting = row.is_resting
        self.line.promised = StandIn.objects.queued().count()
        if row.rooms_to_end is not None:
            self.line.end_hung(row.rooms_to_end)
            asked = Worker.objects.filter(pk=row.pk, rooms_to_end=row.rooms_to_end)
            asked.update(rooms_to_end=None)
