"""What is to become of a recording, whatever the order in which facts come."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.recording import RecordingPolicy as Policy
from recordings import deciding
from recordings.deciding import (
    Fact,
    Other,
    State,
    Story,
    Verdict,
    Wanted,
    bars,
    decide,
    has_agreed,
    why_missing,
    why_withheld,
)
from recordings.models import WITHHELD

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
JOB, OTHER = "AJ_1", "AJ_2"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fact(kind: str, seconds: float, by: str = "", **more: str) -> Fact:
    return Fact(at(seconds), kind, by, **more)


def story(policy: Policy, *facts: Fact, ended: float | None = None, **more: object) -> Story:
    known = {"policy": policy, "answered_at": START, "facts": facts} | more
    return Story(ended_at=None if ended is None else at(ended), **known)  # type: ignore[arg-type]  # fields by name


def verdict(policy: Policy, *facts: Fact, ended: float | None = None, **more: object) -> Verdict:
    return decide(story(policy, *facts, ended=ended, **more))


def test_what_is_always_recorded_must_be_from_the_first_moment() -> None:
    found = verdict(Policy.ALWAYS)
    assert (found.is_due, found.state, found.wanted) == (True, State.EXPECTED, Wanted.ON)
    assert found.lacks_recorder


def test_what_is_never_recorded_is_not_whoever_orders_it() -> None:
    found = verdict(Policy.NEVER, fact("record_start", 5))
    assert (found.is_due, found.wanted, found.lacks_recorder) == (False, Wanted.OFF, False)


def test_what_a_supervisor_may_press_is_recorded_from_the_press_on() -> None:
    assert not verdict(Policy.PRESSED).is_due
    found = verdict(Policy.PRESSED, fact("record_start", 5), fact("record_stop", 25), ended=60)
    assert (found.is_due, found.due, found.state) == (True, timedelta(seconds=20), State.SAVING)


def test_nobody_is_recorded_before_the_caller_agrees() -> None:
    asked = fact("recording_asked", 1)
    assert not verdict(Policy.AGREED, asked).is_due
    assert not verdict(Policy.AGREED, asked, fact("record_start", 3)).is_due
    found = verdict(Policy.AGREED, asked, fact("recording_agreed", 4, JOB), ended=10)
    assert found.due == timedelta(seconds=6)


def test_consent_ends_when_somebody_comes_who_was_not_asked() -> None:
    agreed, refused = fact("recording_agreed", 4), fact("recording_refused", 8)
    found = verdict(Policy.AGREED, agreed, refused, fact("record_resume", 9), ended=20)
    assert (found.wanted, found.due) == (Wanted.OFF, timedelta(seconds=4))
    assert not has_agreed(story(Policy.AGREED, agreed, refused))
    assert has_agreed(story(Policy.AGREED, agreed))


def test_a_pause_takes_no_time_of_the_recording() -> None:
    facts = fact("record_pause", 10), fact("record_resume", 40)
    assert verdict(Policy.ALWAYS, *facts, ended=60).due == timedelta(seconds=30)


def test_what_is_always_recorded_can_be_paused_but_not_stopped() -> None:
    assert verdict(Policy.ALWAYS, fact("record_stop", 5)).wanted == Wanted.ON
    assert verdict(Policy.ALWAYS, fact("record_pause", 5)).wanted == Wanted.PAUSED


def test_an_order_is_told_to_the_job_until_it_says_that_it_did_so() -> None:
    began, pause = fact("recording_started", 0, JOB), fact("record_pause", 5)
    found = verdict(Policy.ALWAYS, began, pause)
    assert (found.wanted, found.doing, found.order) == (Wanted.PAUSED, Wanted.ON, "pause")
    done = fact("recording_paused", 5.2, JOB)
    found = verdict(Policy.ALWAYS, began, pause, done)
    assert (found.doing, found.order, found.lacks_recorder) == (Wanted.PAUSED, "", False)
    found = verdict(Policy.ALWAYS, began, pause, done, fact("record_resume", 9))
    assert (found.order, found.lacks_recorder) == ("resume", False)


def test_what_our_own_recorder_does_is_no_order_to_a_job() -> None:
    began = fact("recording_started", 6)
    found = verdict(Policy.PRESSED, fact("record_start", 5), began, fact("record_stop", 8))
    assert (found.order, found.doing) == ("", Wanted.ON)


def test_our_own_recorder_comes_anew_after_a_pause() -> None:
    facts = [fact("record_start", 1), fact("recording_started", 2), fact("record_pause", 5)]
    facts.append(fact("recording_paused", 6))
    found = verdict(Policy.PRESSED, *facts)
    assert (found.doing, found.lacks_recorder) == (Wanted.PAUSED, False)
    resumed = verdict(Policy.PRESSED, *facts, fact("record_resume", 9))
    assert (resumed.doing, resumed.order, resumed.lacks_recorder) == (Wanted.PAUSED, "", True)
    stopped = verdict(Policy.PRESSED, *facts, fact("record_stop", 9))
    assert (stopped.wanted, stopped.doing, stopped.lacks_recorder) == (
        Wanted.OFF,
        Wanted.OFF,
        False,
    )


def test_a_job_that_was_lost_in_a_pause_is_replaced_when_it_goes_on() -> None:
    facts = [fact("recording_started", 0, JOB), fact("record_pause", 2)]
    facts += [fact("recording_paused", 3, JOB), fact("record_resume", 9)]
    assert not verdict(Policy.ALWAYS, *facts).lacks_recorder
    assert verdict(Policy.ALWAYS, *facts, lost=frozenset({JOB})).lacks_recorder


def test_where_the_assistant_was_lost_nobody_records_until_somebody_else_does() -> None:
    began, lost = fact("recording_started", 0, JOB), frozenset({JOB})
    found = verdict(Policy.ALWAYS, began, lost=lost)
    assert (found.state, found.doing, found.lacks_recorder) == (State.RECORDING, Wanted.OFF, True)
    found = verdict(Policy.ALWAYS, began, fact("recording_started", 4), lost=lost)
    assert (found.doing, found.lacks_recorder) == (Wanted.ON, False)


def test_the_word_that_the_first_assistant_was_given_holds() -> None:
    told = fact("started", 0, JOB, policy="always")
    later = fact("started", 9, OTHER, policy="never")
    assert verdict(Policy.NEVER, later, told).policy == Policy.ALWAYS


def test_a_call_that_ended_is_being_saved_and_nothing_is_recorded_any_more() -> None:
    found = verdict(Policy.ALWAYS, fact("recording_started", 0, JOB), ended=30)
    assert (found.state, found.doing, found.order) == (State.SAVING, Wanted.OFF, "")
    assert found.due == timedelta(seconds=30)


def test_an_order_by_a_clock_that_runs_ahead_ends_no_row_as_open() -> None:
    found = verdict(Policy.PRESSED, fact("record_start", 61), ended=60)
    assert (found.is_due, found.state, found.due) == (False, State.SAVING, timedelta())


@pytest.mark.parametrize(
    ("facts", "lost", "due", "why"),
    [
        ((), (), 1.2, deciding.SHORT),
        ((fact("started", 0, JOB),), (), 60, deciding.NOBODY),
        ((fact("started", 0, JOB),), (JOB,), 60, deciding.LOST),
        ((fact("recording_started", 0, JOB),), (), 60, deciding.NOT_ARRIVED),
        ((fact("recording_stopped", 0, JOB, error="OSError"),), (), 60, deciding.BROKE_OFF),
    ],
)
def test_what_is_missing_says_why(
    facts: tuple[Fact, ...], lost: tuple[str, ...], due: float, why: str
) -> None:
    told = story(Policy.ALWAYS, *facts, ended=due, lost=frozenset(lost))
    assert why_missing(told, timedelta(seconds=due)).msgid == why


KINDS = [*deciding.ORDERS, *deciding.DEEDS, deciding.ASKED, deciding.AGREED, deciding.REFUSED]
FACTS = st.lists(
    st.builds(
        fact,
        st.sampled_from(KINDS),
        st.integers(-5, 65).map(float),
        st.sampled_from(["", JOB, OTHER]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    policy=st.sampled_from(list(Policy)),
    facts=FACTS,
    ended=st.none() | st.integers(0, 60).map(float),
    order=st.randoms(use_true_random=False),
)
def test_order_and_repetition_of_facts_do_not_matter(
    policy: Policy, facts: list[Fact], ended: float | None, order: random.Random
) -> None:
    shuffled = [*facts, *facts]
    order.shuffle(shuffled)
    assert verdict(policy, *facts, ended=ended) == verdict(policy, *shuffled, ended=ended)


@settings(max_examples=60, deadline=None)
@given(policy=st.sampled_from(list(Policy)), facts=FACTS, ended=st.integers(0, 60).map(float))
def test_no_more_is_due_than_was_talked_and_nothing_without_a_reason(
    policy: Policy, facts: list[Fact], ended: float
) -> None:
    found = verdict(policy, *facts, ended=ended)
    assert found.due is not None and timedelta() <= found.due <= timedelta(seconds=ended)
    assert found.is_due == (found.due > timedelta())
    kinds = {each.kind for each in facts}
    assert policy != Policy.NEVER or not found.is_due
    assert policy != Policy.AGREED or "recording_agreed" in kinds or not found.is_due
    assert policy != Policy.PRESSED or "record_start" in kinds or not found.is_due


@settings(max_examples=40, deadline=None)
@given(policy=st.sampled_from(list(Policy)), facts=FACTS)
def test_what_is_paused_or_off_lacks_no_recorder(policy: Policy, facts: list[Fact]) -> None:
    found = verdict(policy, *facts)
    assert not found.lacks_recorder or (found.wanted == Wanted.ON and found.doing != Wanted.ON)
    assert found.state in (State.EXPECTED, State.RECORDING)


# Several callers in one room


def other(policy: Policy, came: float, left: float | None = None) -> Other:
    return Other(at(came), None if left is None else at(left), policy)


def spans(found: Verdict) -> list[tuple[float, float | None]]:
    def second(moment: datetime) -> float:
        return (moment - START).total_seconds()

    return [(second(since), second(until) if until else None) for since, until in found.spans]


def test_while_somebody_is_there_who_is_never_recorded_nobody_is() -> None:
    guest = (other(Policy.NEVER, 10, 19),)
    found = verdict(Policy.ALWAYS, others=guest, ended=60)
    # He may be heard for the rest of the second at which he left.
    assert spans(found) == [(0, 10), (20, 60)] and found.due == timedelta(seconds=50)
    why = why_withheld(story(Policy.ALWAYS, others=guest, ended=60))
    assert why and (why.msgid, why.values) == (WITHHELD, {"seconds": 10})


def test_whoever_records_is_told_to_pause_when_such_a_caller_comes() -> None:
    began, here = fact("recording_started", 0, JOB), (other(Policy.NEVER, 10),)
    found = verdict(Policy.ALWAYS, began, others=here)
    assert (found.wanted, found.wanted_at, found.order) == (Wanted.PAUSED, at(10), "pause")
    assert (
        found.is_barred and not verdict(Policy.ALWAYS, began, fact("record_resume", 12)).is_barred
    )
    pressed = verdict(Policy.ALWAYS, began, fact("record_resume", 12), others=here)
    assert (pressed.wanted, pressed.order) == (Wanted.PAUSED, "pause")
    left = (other(Policy.NEVER, 10, 14),)
    paused = fact("recording_paused", 10.5, JOB)
    found = verdict(Policy.ALWAYS, began, paused, others=left)
    assert (found.wanted, found.order, found.is_barred) == (Wanted.ON, "resume", False)


def test_who_was_not_asked_is_recorded_in_no_other_call_until_he_agrees() -> None:
    guest = (other(Policy.AGREED, 10, 50),)
    before, yes, no = (
        fact("recording_agreed", 4),
        fact("recording_agreed", 20),
        fact("recording_refused", 30),
    )
    assert spans(verdict(Policy.ALWAYS, before, others=guest, ended=60)) == [(0, 10), (51, 60)]
    found = verdict(Policy.ALWAYS, before, yes, no, others=guest, ended=60)
    assert spans(found) == [(0, 10), (20, 30), (51, 60)]


def test_the_yes_of_who_came_first_is_not_that_of_the_next() -> None:
    known: dict[str, Any] = {"answered_at": at(10), "came_first": False, "ended": 60}
    yes = fact("recording_agreed", 4)
    assert not verdict(Policy.AGREED, yes, **known).is_due
    assert not has_agreed(story(Policy.AGREED, yes, **known))
    assert spans(verdict(Policy.AGREED, yes, fact("recording_agreed", 20), **known)) == [(20, 60)]


def test_what_the_assistant_was_told_of_the_first_is_not_said_of_the_next() -> None:
    told = fact("started", 0, JOB, policy="always")
    assert verdict(Policy.NEVER, told, came_first=False).policy == Policy.NEVER


def test_a_call_that_was_never_alone_says_why_it_has_no_sound() -> None:
    known: dict[str, Any] = {"others": (other(Policy.NEVER, -5),), "ended": 60}
    found = verdict(Policy.ALWAYS, **known)
    assert found.is_due and not found.spans and not found.lacks_recorder
    assert why_missing(story(Policy.ALWAYS, **known), timedelta()).msgid == WITHHELD


SECONDS = st.integers(-5, 65).map(float)
OTHERS = st.lists(
    st.builds(other, st.sampled_from(list(Policy)), SECONDS, st.none() | SECONDS), max_size=3
)


@settings(max_examples=150, deadline=None)
@given(
    policy=st.sampled_from(list(Policy)),
    facts=FACTS,
    ended=st.none() | st.integers(0, 60).map(float),
    others=OTHERS,
    moment=st.floats(0, 60),
)
def test_nothing_is_recorded_while_somebody_is_there_who_is_not_to_be_and_all_else_as_without_him(
    policy: Policy, facts: list[Fact], ended: float | None, others: list[Other], moment: float
) -> None:
    def is_in(spans: list[tuple[datetime, datetime | None]]) -> bool:
        return any(s <= at(moment) and (not u or at(moment) < u) for s, u in spans)

    known = story(policy, *facts, ended=ended, others=tuple(others))
    found, alone = decide(known), verdict(policy, *facts, ended=ended)
    barred = is_in(bars(known))
    assert is_in(list(found.spans)) == (is_in(list(alone.spans)) and not barred)
    never = [each for each in others if each.policy == Policy.NEVER]
    there = [each for each in never if not each.left_at or at(moment) <= each.left_at]
    assert barred or not any(each.came_at <= at(moment) for each in there)
    assert alone.is_due == found.is_due and found.policy == alone.policy
