"""The loop of `manage.py tap`: what passes on LiveKit's bus is stored."""

import logging
import threading
import time

import redis
from django.db import DatabaseError, Error, close_old_connections

from telephony import intake
from veyra.livekit import tap
from veyra.models import Pulse

log = logging.getLogger(__name__)

# Between two attempts to reach a bus or a database that is away.
PAUSE = 1.0
# The sign of life: its name, and how often it is given.
PULSE, PULSE_SECONDS = "tap", 5.0


class Tapping:
    """Listens to the bus at `url` until `stop`. `unreadable` counts what could not be read."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.unreadable = 0
        self._beat_at = float("-inf")
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except redis.RedisError as error:
                # What is said before the bus is back is lost to us: webhooks and observer know it.
                log.warning("the bus is away: %s", type(error).__name__)
                self._stopping.wait(PAUSE)

    def _listen(self) -> None:
        for batch in tap.messages(self.url, self._goes_on, self._count_unreadable):
            self._beat()
            if batch:
                self._store(batch)

    def _beat(self) -> None:
        """Tell that the bus is heard, while it is."""
        if time.monotonic() - self._beat_at < PULSE_SECONDS:
            return
        self._beat_at = time.monotonic()
        try:
            Pulse.beat(PULSE)
        except DatabaseError as error:
            log.warning("the pulse was not written: %s", type(error).__name__)

    def _store(self, batch: list[tap.TapMessage]) -> None:
        """Keep the batch until the database takes it; Redis holds the messages after it."""
        while not self._stopping.is_set():
            try:
                intake.take_tap(batch)
                return
            except Error as error:
                log.warning("the database is away: %s", type(error).__name__)
                close_old_connections()
                self._stopping.wait(PAUSE)

    def _goes_on(self) -> bool:
        return not self._stopping.is_set()

    def _count_unreadable(self, error: tap.Unreadable) -> None:
        self.unreadable += 1
        log.warning("message %d of the bus could not be read: %s", self.unreadable, error)
