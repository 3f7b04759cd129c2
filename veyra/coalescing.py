"""Work that many ask for at a time, and that is done once for all of them."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Coalesced:
    """Runs `work` in one thread of this process at a time.

    Whoever asks meanwhile goes on at once: the thread that is at it runs the work once more, for
    everybody who has asked, and whether or not it failed. If the last run failed, its error is
    raised.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._running, self._asked = threading.Lock(), threading.Event()

    def __call__(self) -> None:
        self._asked.set()
        failure: Exception | None = None
        # Who asks before the lock is free again is seen here; who asks later, gets the lock.
        while self._asked.is_set() and self._running.acquire(blocking=False):
            try:
                self._asked.clear()
                failure = self._run()
            finally:
                self._running.release()
        if failure:
            raise failure

    def _run(self) -> Exception | None:
        try:
            self._work()
        except Exception as error:
            log.warning("work for many failed: %s", type(error).__name__)
            return error
        return None
