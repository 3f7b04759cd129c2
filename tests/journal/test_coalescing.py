"""Work for many is done once, and for each of them."""

import threading
import time

import pytest

from veyra.coalescing import Coalesced


def test_everybody_who_asked_is_served_by_work_that_began_afterwards() -> None:
    asked, seen = 0, [0]
    counting = threading.Lock()

    def work() -> None:
        known = asked
        time.sleep(0.0002)
        seen.append(known)

    together = Coalesced(work)

    def ask() -> None:
        nonlocal asked
        for _ in range(200):
            with counting:
                asked += 1
            together()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[-1] == asked == 800
    assert seen == sorted(seen)


def test_many_who_ask_meanwhile_are_served_at_once() -> None:
    began, may_end = threading.Event(), threading.Event()
    runs: list[None] = []

    def work() -> None:
        runs.append(None)
        began.set()
        may_end.wait(10)

    together = Coalesced(work)
    first = threading.Thread(target=together)
    first.start()
    began.wait(10)
    for _ in range(100):
        together()
    may_end.set()
    first.join()
    assert len(runs) == 2


def test_work_that_failed_is_done_when_somebody_asks_again() -> None:
    runs: list[None] = []

    def work() -> None:
        runs.append(None)
        if len(runs) == 1:
            raise ValueError

    together = Coalesced(work)
    with pytest.raises(ValueError):
        together()
    together()
    assert len(runs) == 2


def test_who_asks_while_the_work_fails_is_served_all_the_same() -> None:
    runs: list[None] = []

    def work() -> None:
        runs.append(None)
        if len(runs) == 1:
            together()
            raise ValueError

    together = Coalesced(work)
    together()
    assert len(runs) == 2
