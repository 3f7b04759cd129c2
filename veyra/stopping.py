"""A program ends when its row (veyra.running) asks it to, and its supervisor starts it again.

Nothing reaches into another container: the process itself reads the request, and sends itself the
SIGTERM at which it drains anyway.
"""

import logging
import os
import signal
import threading
import time

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from veyra import spare
from veyra.livekit.pairs import pairs
from veyra.outage import Outage
from veyra.running import Program

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
# That it is there is written more seldom than it looks.
TELL_SECONDS = 12.0
# What does not end by itself after so long is stuck, and ends without draining. Calls may last.
STUCK_SECONDS = 30.0
WORKER_STUCK_SECONDS = 600.0


def attend(name: str) -> None:
    """From now on this process can be asked to end, under this name."""
    threading.Thread(target=Attendant(name).run, name="stopping", daemon=True).start()


class Attendant:
    """Looks whether its own process is to end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._row: Program | None = None
        self._told = float("-inf")
        self._signs_by = ""
        self._outage = Outage(log, "requests to stop are not read")

    def run(self) -> None:
        while not self._is_asked():
            time.sleep(LOOK_SECONDS)
        log.warning("%s ends, as it was asked to", self.name)
        os.kill(os.getpid(), signal.SIGTERM)
        self._drain()

    def _is_asked(self) -> bool:
        try:
            asked = self._look()
        except DatabaseError as error:
            self._outage.felt(error)
            close_old_connections()
            return False
        self._outage.over()
        return asked

    def _look(self) -> bool:
        if self._row is None:
            self._row = Program.begin(self.name)
        mine = Program.objects.filter(pk=self._row.pk, pid=self._row.pid)
        signs_by = pairs().first.name
        if time.monotonic() - self._told >= TELL_SECONDS or signs_by != self._signs_by:
            # A row that is gone, or another's by now, is ours again after the next begin.
            told = {"spare": spare.measured(), "livekit_key": signs_by}
            if not mine.update(seen_at=timezone.now(), **told):
                self._row = None
                return False
            self._told, self._signs_by = time.monotonic(), signs_by
        return mine.filter(stop_asked_at__isnull=False).exists()

    def _drain(self) -> None:
        """It still tells that it lives, so nobody is advised to kill it. What hangs cannot drain,
        and is ended; an assistant's calls may last as long as they like.
        """
        end = time.monotonic() + self._patience()
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            self._is_asked()
        log.error("%s did not end by itself", self.name)
        os._exit(1)

    def _patience(self) -> float:
        if self.name == "agent":
            return float("inf")
        return WORKER_STUCK_SECONDS if self.name.startswith("worker") else STUCK_SECONDS
