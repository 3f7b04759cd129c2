"""Whatever the order, the repetition and the lateness of the facts, the call is the same."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.journal import Fact, UnitState, fold
from tests.journal.witnesses import NAMES, Recording, recording

RECORDINGS = {name: recording(name) for name in NAMES}
FACTS = {name: record.facts() for name, record in RECORDINGS.items()}
SINGLE = [name for name in NAMES if name not in ("shared_room", "same_caller_twice")]


def told(name: str, facts: list[Fact]) -> UnitState:
    return fold(facts, RECORDINGS[name].end())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_and_repetition_do_not_matter(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    again = data.draw(st.lists(st.sampled_from(FACTS[name]), max_size=10))
    mixed = data.draw(st.permutations(FACTS[name] + again))
    assert told(name, mixed) == told(name, FACTS[name])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_call_only_moves_forward_as_time_passes(data: st.DataObject) -> None:
    """Ringing, then answered, then ended: facts in the order of their times never take it back."""
    name = data.draw(st.sampled_from(SINGLE))
    order = ["ringing", "answered", "ended"]
    facts = sorted(FACTS[name], key=lambda fact: fact.at)
    states = []
    for cut in range(1, len(facts) + 1):
        calls = fold(facts[:cut], facts[cut - 1].at).calls
        states += [order.index(call.state) for call in calls]
    assert states == sorted(states)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_part_of_the_facts_makes_a_sound_call(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    some = data.draw(st.lists(st.sampled_from(FACTS[name]), unique_by=lambda fact: fact.id))
    for call in told(name, some).calls:
        assert (call.state == "ended") == bool(call.ended_at) == bool(call.outcome)
        assert call.state != "answered" or call.answered_at
        times = [t for t in (call.started_at, call.answered_at, call.ended_at) if t]
        assert call.ended_at is None or max(times) == call.ended_at
        assert bool(call.sip_call_id) != bool(call.claimed_id)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_gateways_time_of_the_answer_stands_whoever_else_speaks(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from([RECORDINGS[n] for n in ("good_call", "login")]))
    active = [f for f in FACTS[record.name] if "started_ns" in f.payload]
    some = data.draw(st.lists(st.sampled_from(FACTS[record.name]), unique_by=lambda fact: fact.id))
    (call,) = told(record.name, [*some, active[0]]).calls
    assert call.answered_at == record.call().answered_at and not call.answered_is_approximate


@pytest.mark.parametrize("name", ["unknown_number", "conflict", "no_password", "wrong_password"])
def test_time_alone_closes_a_refused_call_and_says_when_to_look(name: str) -> None:
    record: Recording = RECORDINGS[name]
    first = [fact for fact in FACTS[name] if fact.at - FACTS[name][0].at < timedelta(seconds=1)]
    last = max(fact.at for fact in first)
    look = fold(first, last).look_again_at
    assert look is not None
    assert fold(first, look - timedelta(milliseconds=1)).calls[0].state == "ringing"
    (closed,) = fold(first, look).calls
    assert (closed.state, closed.reason) == ("ended", record.call().reason)
