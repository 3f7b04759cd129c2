"""Looks at what carries calls: is the call entrance there, and how many calls fit."""

import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from agentworker.models import Worker
from telephony.readiness import Places
from veyra.livekit.probe import gateway_answers

# A worker writes its row every second.
WORKER_IS_OLD = timedelta(seconds=6)
# Pages look again only when the last look is this old.
FRESH_SECONDS = 10.0
PATIENCE_SECONDS = 1.0
# All parts are started together, and a small machine takes its time. What shows no life yet is not
# missed before.
STARTING_SECONDS = 60.0
# Nor are assistants, for as long as this, where one of their programs is on its way to LiveKit.
COMING = timedelta(minutes=2)
BEGAN = time.monotonic()


def expect_no_start() -> None:
    """This process looks at a line that it has not started."""
    global BEGAN
    BEGAN = float("-inf")


def began_ago() -> float:
    """For how many seconds this process has run."""
    return time.monotonic() - BEGAN


def are_coming(now: datetime) -> bool:
    """Was all started a moment ago, so that assistants may not be there yet?"""
    if began_ago() < STARTING_SECONDS:
        return True
    # One that begins again and again is missed after all: we began but once.
    if began_ago() >= COMING.total_seconds():
        return False
    return Worker.objects.coming(now - WORKER_IS_OLD, now - COMING).exists()


def entrance_answers(timeout: float) -> bool | None:
    """Does the gateway answer OPTIONS? None: there is none here, or a simulator in its place."""
    if settings.LIVEKIT_SIMULATED or not settings.SIP_TEST_TO:
        return None
    host, _colon, port = settings.SIP_TEST_TO.rpartition(":")
    return gateway_answers(host, int(port), timeout)


def places(now: datetime | None = None) -> Places | None:
    """Of the workers that live; None where the simulator answers calls by itself."""
    if settings.LIVEKIT_SIMULATED:
        return None
    now = now or timezone.now()
    found = Worker.objects.taking_calls(now - WORKER_IS_OLD)
    rows = [(worker.capacity, len(worker.jobs)) for worker in found]
    return Places(
        all=sum(capacity for capacity, _jobs in rows),
        free=sum(max(0, capacity - jobs) for capacity, jobs in rows),
        starting=not rows and are_coming(now),
    )


class _Entrance:
    """The last look of this process, shared by all pages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._found: bool | None = None

    def answers(self) -> bool | None:
        with self._lock:
            if time.monotonic() - self._at > FRESH_SECONDS:
                self._found, self._at = entrance_answers(PATIENCE_SECONDS), time.monotonic()
            return self._found

    def forget(self) -> None:
        self._at = float("-inf")


entrance = _Entrance()
