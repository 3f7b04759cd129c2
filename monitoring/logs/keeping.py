"""Errors go from the log into the database, in groups.

Each process stores its own, so it does not matter on which host it runs. Whoever logs an error
never waits for the database, which may be what is broken: a thread stores what has come together.
"""

import atexit
import contextlib
import json
import logging
import threading
from collections.abc import Iterable

from monitoring.logs.groups import Group, group_of

# As many kinds of errors wait at most; and so many are kept.
MOST_WAITING, MOST_KEPT = 200, 2000
STORE_SECONDS = 3.0


class Waiting:
    """Errors that are not stored yet, in groups."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, Group] = {}

    def put(self, group: Group) -> None:
        """Of more kinds than can wait, the newest are dropped: the log file has them."""
        with self._lock:
            earlier = self._groups.get(group.key)
            if earlier:
                self._groups[group.key] = earlier.with_next(group)
            elif len(self._groups) < MOST_WAITING:
                self._groups[group.key] = group

    def take(self) -> list[Group]:
        with self._lock:
            groups, self._groups = self._groups, {}
        return list(groups.values())

    def put_back(self, groups: Iterable[Group]) -> None:
        """They could not be stored; meanwhile more may have come."""
        later = self.take()
        for group in (*groups, *later):
            self.put(group)


class ErrorKeeper(logging.Handler):
    """Its formatter writes JSON (veyra.logs.config), and has taken numbers and secrets out."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._storer: int | None = None
        atexit.register(self._finish)

    def emit(self, record: logging.LogRecord) -> None:
        # What storing itself has to say would go round for ever.
        if threading.get_ident() == self._storer:
            return
        try:
            line = json.loads(self.format(record))
            self.waiting.put(group_of(template_of(record), line, record.created))
            self._start()
        except Exception:
            self.handleError(record)

    def _start(self) -> None:
        # After a fork the thread object is there, but no longer alive.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="errors", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        self._storer = threading.get_ident()
        while not self._stop.wait(STORE_SECONDS):
            self.store()

    def store(self) -> None:
        groups = self.waiting.take()
        if not groups:
            return
        try:
            _store(groups)
        except Exception:  # the database is away, or not made yet: again in a few seconds
            self.waiting.put_back(groups)

    def _finish(self) -> None:
        """The process ends: most of all then, its last error tells why."""
        self._stop.set()
        with contextlib.suppress(RuntimeError):
            if self._thread:
                self._thread.join(timeout=STORE_SECONDS)
        self._storer = threading.get_ident()
        self.store()


def template_of(record: logging.LogRecord) -> str:
    """The message before its values are put in; "" where they stand in it already, which may be
    anything: only the written line has lost what must not be told.
    """
    return str(record.msg) if record.args else ""


def _store(groups: Iterable[Group]) -> None:
    from django.db import connection

    from monitoring.logs.models import LogError

    try:
        for group in groups:
            LogError.objects.add(group)
        LogError.objects.drop_oldest(MOST_KEPT)
    finally:
        connection.close()
