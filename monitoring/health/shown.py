"""The findings as doors and pages show them: cheap to ask, and true where nobody else looks."""

import threading
import time
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from monitoring.health import reading, running
from monitoring.health.reading import Finding


class Shown:
    """The findings for this process, read at most every few seconds, whoever asks.

    Where nobody has looked for a while (the schedule, its worker or the database is dead) it looks
    itself, at what is cheap.
    """

    FRESH_SECONDS = 4.0
    # The schedule looks every five seconds, and another program where it does not.
    NOBODY_LOOKS = timedelta(seconds=25)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._findings: list[Finding] = []

    def get(self) -> list[Finding]:
        with self._lock:
            if time.monotonic() - self._at > self.FRESH_SECONDS:
                self._findings, self._at = self._read(timezone.now()), time.monotonic()
            return self._findings

    def _read(self, now: datetime) -> list[Finding]:
        try:
            findings = reading.latest(now)
        except DatabaseError:
            return running.look(now, only_cheap=True)
        looked = max((each.checked_at for each in findings if each.checked_at), default=None)
        if looked and now - looked < self.NOBODY_LOOKS:
            return findings
        return running.look(now, only_cheap=True)

    def forget(self) -> None:
        self._at = float("-inf")


shown = Shown()
