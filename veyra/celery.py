"""The queue. `wake` is the only door to it: a message says "look now", the work is in tables."""

import logging
import os
import threading
import time
from functools import partial

from celery import Celery
from django.db import transaction

from veyra.logs.tasks import asked_in, follow, on_behalf_of
from veyra.outage import Outage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")

outage = Outage(logging.getLogger(__name__), "work is not announced")
app = Celery("veyra")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
follow(app)

# A screen shows a fact within 150 ms of it, and this is a part of that.
COALESCE_SECONDS = 0.05


def wake(task: str) -> None:
    """Ask a worker to run `task` (a registered name) soon after this transaction commits.

    Calls of one process within 50 ms become one message. A message may be lost: whatever it
    announces is a row with a date, and beat looks at those rows anyway.
    """
    transaction.on_commit(partial(_waker.ask, task, asked_in()))


class _Waker:
    """Publishes from a thread of its own, so no request waits for the broker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By name: in which request it was asked for first.
        self._asked: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def ask(self, task: str, request_id: str) -> None:
        with self._lock:
            self._asked.setdefault(task, request_id)
            # After a fork the thread object is there, but no longer alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waker")
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                tasks, self._asked = self._asked, {}
                if not tasks:
                    self._thread = None
                    return
            for task, request_id in tasks.items():
                with on_behalf_of(request_id):
                    _publish(task)
            time.sleep(COALESCE_SECONDS)


def _publish(task: str) -> None:
    try:
        app.send_task(task, retry=False)
    except Exception as error:  # the broker is away: beat's sweep will find the rows
        outage.felt(error)
    else:
        outage.over()


_waker = _Waker()
