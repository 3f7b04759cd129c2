"""The parent's thread: ships spools and writes life signs, over one database connection."""

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections, connections

from agentworker.heartbeat import Heartbeat
from agentworker.shipping import Shipper

log = logging.getLogger(__name__)

TICK_SECONDS = 0.2
# After an error of the database; spools lie on disk meanwhile.
PAUSE_SECONDS = 2.0


class Housekeeping:
    """Runs until `stop`, which ships what is left."""

    def __init__(self, heartbeat: Heartbeat, shipper: Shipper) -> None:
        self.heartbeat, self.shipper = heartbeat, shipper
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            pause = TICK_SECONDS if self._tick() else PAUSE_SECONDS
            self._stop.wait(max(0.0, pause - (time.monotonic() - started)))
        self._tick()
        self._leave()

    def _tick(self) -> bool:
        try:
            self.heartbeat.beat()
            # A worker without a sign for seconds is taken for dead, and its calls are taken away.
            self.shipper.ship(self.heartbeat.beat)
        except (DatabaseError, OSError) as error:
            log.warning("spools and life signs wait: %s", type(error).__name__)
            close_old_connections()
            return False
        except Exception:  # without life signs a worker in good health would count as dead
            log.exception("spools and life signs wait")
            return False
        return True

    def _leave(self) -> None:
        try:
            self.heartbeat.stop()
        except DatabaseError as error:
            log.warning("the worker's row stays: %s", type(error).__name__)
        connections.close_all()
