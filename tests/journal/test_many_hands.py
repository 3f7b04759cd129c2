"""Several takers and several folders at once, on the database that is made for it."""

import random
import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connection

from telephony import intake
from telephony.folding import drain
from telephony.models import CallEvent, FoldUnit, Leg, PhoneNumber, Trunk
from telephony.numbers import e164
from tests.journal.witnesses import NAMES, recording

PLACED = [name for name in NAMES if recording(name).calls("webhook")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_takers_and_folders_side_by_side_make_each_call_once() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    # Of a number that nobody has, a call that is known by the tap alone is only counted.
    trunk = Trunk.objects.create(name="One")
    called = {e164(c.to_number) for name in PLACED for c in recording(name).calls() if c.to_number}
    PhoneNumber.objects.bulk_create(PhoneNumber(number=each, trunk=trunk) for each in called)
    dice = random.Random(7)
    events = [event for name in PLACED for event in recording(name).events()]
    dice.shuffle(events)
    done = threading.Event()
    failures: list[BaseException] = []

    def in_thread(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def take(mine: Sequence[CallEvent]) -> None:
        for start in range(0, len(mine), 3):
            intake.store(mine[start : start + 3])

    def fold_on() -> None:
        while not done.is_set():
            drain(1)

    takers = [in_thread(lambda n=n: take(events[n::3])) for n in range(3)]  # type: ignore[misc]  # n is a default
    folders = [in_thread(fold_on) for _ in range(3)]
    for taker in takers:
        taker.join()
    done.set()
    for folder in folders:
        folder.join()
    drain()
    assert failures == []
    wanted = sorted(
        (c.sip_call_id, c.answered_at, c.ended_at, c.reason)
        for name in PLACED
        for c in recording(name).calls()
    )
    legs = Leg.objects.select_related("call")
    found = sorted(
        (x.sip_call_id, x.call.answered_at, x.call.ended_at, x.call.reason) for x in legs
    )
    assert found == wanted
    assert not FoldUnit.objects.exclude(dirty_at=None).exists()
