"""Doors of the queue: each calls one service."""

import logging
from functools import cache

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from telephony import (
    acting,
    answering,
    arrivals,
    attending,
    calling_back,
    changes,
    dialling,
    folding,
    observing,
    registering,
    ringing,
    settling,
    speaking,
    sync,
    telephoning,
    testcalls,
)
from telephony.models import FormerPassword
from veyra.celery import app
from veyra.coalescing import Coalesced
from veyra.livekit.types import LiveKitError

log = logging.getLogger(__name__)


# Seconds of folding before it is looked for whom to pass on to his reserve connection.
TURN = 2


@cache
def _begin_to_fold() -> None:
    """Once in this process."""
    folding.release_left()


# A fold of many units takes hardly longer than that of one, and threads only share a processor.
@Coalesced
def _fold() -> None:
    try:
        _begin_to_fold()
        folding.drain(TURN)
        settling.settle()
    except DatabaseError:
        # Who asked meanwhile is served in this thread, which must not keep a dead connection.
        close_old_connections()
        raise


@app.task(name="telephony.fold")  # type: ignore[untyped-decorator]  # likewise
def fold() -> None:
    _fold()


@app.task(name=dialling.TASK)  # type: ignore[untyped-decorator]  # likewise
def dial() -> None:
    while dialling.run_next():
        pass


@app.task(name=acting.AT_ONCE)  # type: ignore[untyped-decorator]  # likewise
def act() -> None:
    while acting.run_next(acting.AT_ONCE):
        pass


@app.task(name=acting.RINGS)  # type: ignore[untyped-decorator]  # likewise
def transfer() -> None:
    while acting.run_next(acting.RINGS):
        pass


@app.task(name=answering.TASK)  # type: ignore[untyped-decorator]  # likewise
def asked() -> None:
    answering.look()


@app.task(name=ringing.TASK)  # type: ignore[untyped-decorator]  # likewise
def ring() -> None:
    while telephoning.run_next():
        pass


@app.task(name=settling.TASK)  # type: ignore[untyped-decorator]  # likewise
def overdue() -> None:
    settling.end_overdue()
    telephoning.end_forgotten()


@app.task(name=speaking.TASK)  # type: ignore[untyped-decorator]  # likewise
def speak() -> None:
    speaking.look()


@app.task(name=attending.TASK)  # type: ignore[untyped-decorator]  # likewise
def attend() -> None:
    attending.sweep()


@app.task(name="telephony.observe")  # type: ignore[untyped-decorator]  # likewise
def observe() -> None:
    observing.observe()


@app.task(name=testcalls.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def testcall() -> None:
    while testcalls.run_next():
        pass


@app.task(name="telephony.planned")  # type: ignore[untyped-decorator]  # celery ships no types
def planned() -> None:
    changes.carry_out_due(timezone.now())


@app.task(name="telephony.call_backs")  # type: ignore[untyped-decorator]  # likewise
def call_backs() -> None:
    calling_back.gather(timezone.now())


@app.task(name="telephony.tidy")  # type: ignore[untyped-decorator]  # celery ships no types
def tidy() -> None:
    arrivals.forget(timezone.now())
    registering.forget(timezone.now())
    FormerPassword.objects.forget(timezone.now())


@app.task(name=sync.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def apply() -> None:
    try:
        sync.apply()
    except LiveKitError as error:  # beat asks again in half a minute
        log.warning("LiveKit could not be read: %s", error.code)
