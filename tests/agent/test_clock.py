"""What a host knows of its clock."""

import time

import pytest

from agentworker.clock import Clock, Difference


def learn(clock: Clock, took: float, ahead: float) -> None:
    """An answer that came after `took` seconds, of a web that wrote its time at its end."""
    clock.learn(time.monotonic() - took, time.time() - ahead)


def test_the_quickest_answer_is_believed() -> None:
    clock = Clock()
    assert clock.best() is None and not clock.better_than(None)
    learn(clock, took=8, ahead=90)
    learn(clock, took=0.02, ahead=90)
    learn(clock, took=3, ahead=90)
    best = clock.best()
    assert best and best.ahead == pytest.approx(90, abs=0.02) and best.unsure < 0.02


def test_the_truth_lies_within_what_an_answer_leaves_open() -> None:
    clock = Clock()
    learn(clock, took=8, ahead=90)
    best = clock.best()
    assert best and abs(best.ahead - 90) <= best.unsure + 0.01


def test_only_what_is_better_and_was_not_good_is_told_anew() -> None:
    clock = Clock()
    learn(clock, took=0.4, ahead=0)
    assert clock.better_than(None) and clock.better_than(Difference(0, 1))
    assert not clock.better_than(clock.best()) and not clock.better_than(Difference(0, 0.05))


def test_what_was_known_of_a_clock_that_was_set_since_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, right = Clock(), time.time
    learn(clock, took=0, ahead=90)
    monkeypatch.setattr(time, "time", lambda: right() - 90)
    assert clock.best() is None
    learn(clock, took=0, ahead=0)
    best = clock.best()
    assert best and best.ahead == pytest.approx(0, abs=0.01)
