"""Totals that only grow, and lengths in classes."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.metrics.totals import Histogram, Totals

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LENGTHS = st.lists(st.floats(min_value=-5, max_value=500))
BOUNDS = st.lists(st.floats(min_value=0.1, max_value=100), unique=True, max_size=8).map(sorted)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_each_class_counts_all_that_are_shorter() -> None:
    found = Histogram((1, 5))
    for seconds in (0.5, 1, 4, 60):
        found.add(seconds)
    assert found.rising() == [("1", 2), ("5", 3), ("+Inf", 4)] and found.sum == 65.5


@given(LENGTHS, BOUNDS)
def test_the_last_class_counts_all_and_none_counts_fewer_than_the_one_before(
    lengths: list[float], bounds: list[float]
) -> None:
    found = Histogram(bounds)
    for seconds in lengths:
        found.add(seconds)
    rising = [count for _, count in found.rising()]
    assert rising == sorted(rising) and rising[-1] == len(lengths)
    assert found.sum >= 0


@given(LENGTHS, BOUNDS, BOUNDS)
def test_no_length_is_lost_where_the_classes_are_others_by_now(
    lengths: list[float], before: list[float], now: list[float]
) -> None:
    old = Histogram(before)
    for seconds in lengths:
        old.add(seconds)
    found = Histogram.from_json(now, json.loads(json.dumps(old.to_json())))
    assert sum(found.counts) == len(lengths) and found.sum == old.sum


def test_totals_are_as_they_were_stored() -> None:
    totals = Totals()
    totals.add_call("inbound", "answered", NOW, at(2), at(62))
    totals.add_call("outbound", "", NOW, None, at(9))
    totals.delay.add(0.7)
    assert Totals.from_json(json.loads(json.dumps(totals.to_json()))).to_json() == totals.to_json()


def test_only_a_caller_who_was_answered_waited_and_talked() -> None:
    totals = Totals()
    totals.add_call("inbound", "answered", NOW, at(2), at(62))
    totals.add_call("inbound", "abandoned", NOW, None, at(30))
    totals.add_call("outbound", "answered", NOW, at(20), at(30))
    assert (sum(totals.answer.counts), totals.answer.sum, totals.talked) == (1, 2, 70)
    assert totals.calls == {
        ("inbound", "answered"): 1,
        ("inbound", "abandoned"): 1,
        ("outbound", "answered"): 1,
    }
