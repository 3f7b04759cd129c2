"""What the board says of a call, and from when on it needs a hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentworker.models import Session
from agentworker.talks import Talk
from monitoring.phases import (
    BARS,
    HAND_WORDS,
    PHASE_WORDS,
    WAITS,
    Hand,
    Phase,
    Trouble,
    bars,
    level,
    phase,
    trouble,
)
from telephony.models import Call

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_call(state: str = Call.State.ANSWERED, **fields: object) -> Call:
    return Call(state=state, started_at=NOON, **fields)


WAYS = ("joined", "rung", "transferring", "on_hold", "queued", "stood_in")


def what(call: Call, talk: Talk | None = None, **fields: bool) -> Phase:
    return phase(
        call,
        talk,
        **(dict.fromkeys(WAYS, False) | fields),
    )


@pytest.mark.parametrize(
    ("doing", "expected"),
    [
        ("", Phase.TALKING),
        (Session.Doing.LISTENING, Phase.TALKING),
        (Session.Doing.HEARING, Phase.TALKING),
        (Session.Doing.THINKING, Phase.THINKING),
        (Session.Doing.SPEAKING, Phase.SPEAKING),
    ],
)
def test_a_call_does_what_its_assistant_does(doing: str, expected: Phase) -> None:
    assert what(a_call(), Talk(1, doing)) == expected


def test_what_staff_do_counts_before_the_assistant() -> None:
    talk = Talk(1, Session.Doing.SPEAKING)
    assert what(a_call(), talk, joined=True) == Phase.COLLEAGUE
    assert what(a_call(), talk, joined=True, transferring=True) == Phase.TRANSFERRING
    assert what(a_call(), talk, joined=True, on_hold=True) == Phase.ON_HOLD
    assert what(a_call(), talk, on_hold=True, queued=True) == Phase.QUEUED
    assert what(a_call(Call.State.ENDED), talk, transferring=True) == Phase.ENDED


def test_an_assistant_that_has_left_does_nothing_more() -> None:
    assert what(a_call(), Talk(1, Session.Doing.SPEAKING, ended_at=NOON)) == Phase.TALKING


def test_a_caller_whom_nobody_answers_needs_a_hand_after_five_seconds() -> None:
    rings = trouble(a_call(Call.State.RINGING), None, attended=False, stood_in=False)
    assert rings == Trouble(Hand.RINGS, after(5))


def test_whom_we_call_may_take_his_time() -> None:
    call = a_call(Call.State.RINGING, direction=Call.Direction.OUTBOUND)
    assert trouble(call, None, attended=False, stood_in=False) is None


def test_a_caller_without_an_assistant_needs_a_hand() -> None:
    none = trouble(a_call(answered_at=after(2)), None, attended=False, stood_in=False)
    assert none == Trouble(Hand.NO_AGENT, after(7))
    left = Talk(1, Session.Doing.SPEAKING, ended_at=after(20))
    assert trouble(a_call(), left, attended=False, stood_in=False) == Trouble(
        Hand.NO_AGENT, after(23)
    )
    broke = Talk(1, ended_at=after(20), error="APIError: no voice")
    assert trouble(a_call(), broke, attended=False, stood_in=False) == Trouble(
        Hand.FAILED, after(23)
    )


def test_while_our_people_are_rung_it_rings_until_somebody_talks() -> None:
    call, ended = a_call(answered_at=after(1)), Talk(1, Session.Doing.SPEAKING, ended_at=NOON)
    assert what(call, rung=True) == what(call, ended, rung=True) == Phase.RINGING
    assert what(call, Talk(1, Session.Doing.SPEAKING), rung=True) == Phase.SPEAKING
    assert what(call, rung=True, on_hold=True) == Phase.ON_HOLD


def test_after_our_people_were_rung_in_vain_an_assistant_may_take_its_moment() -> None:
    fields = {"attended": False, "stood_in": False, "rung_until": after(30)}
    for talk, hand in [
        (None, Hand.NO_AGENT),
        (Talk(1, ended_at=after(9)), Hand.NO_AGENT),
        (Talk(1, ended_at=after(9), error="APIError"), Hand.FAILED),
    ]:
        found = trouble(a_call(answered_at=after(1)), talk, **fields)  # type: ignore[arg-type]  # as they are
        assert found == Trouble(hand, after(35))
    rings = trouble(a_call(Call.State.RINGING), None, **fields)  # type: ignore[arg-type]  # likewise
    assert rings == Trouble(Hand.RINGS, after(35))
    later = trouble(a_call(), Talk(1, ended_at=after(99)), **fields)  # type: ignore[arg-type]  # likewise
    assert later == Trouble(Hand.NO_AGENT, after(102))


def test_who_hears_an_apology_needs_a_hand_at_once() -> None:
    call = a_call(answered_at=after(6))
    assert what(call, stood_in=True) == Phase.APOLOGY
    assert trouble(call, None, attended=False, stood_in=True) == Trouble(Hand.APOLOGY, NOON)


def test_silence_and_long_thought_need_a_hand_and_speech_does_not() -> None:
    def found(doing: str) -> Trouble | None:
        return trouble(a_call(), Talk(1, doing, after(30)), attended=False, stood_in=False)

    assert found(Session.Doing.LISTENING) == Trouble(Hand.SILENT, after(45))
    assert found(Session.Doing.THINKING) == Trouble(Hand.SLOW, after(38))
    assert found(Session.Doing.SPEAKING) is found(Session.Doing.HEARING) is None


@pytest.mark.parametrize("outcome", Call.Outcome.values)
def test_a_caller_whom_we_lost_needs_a_hand(outcome: str) -> None:
    call = a_call(Call.State.ENDED, outcome=outcome, ended_at=after(9))
    lost = outcome in (Call.Outcome.NO_AGENT, Call.Outcome.FAILED)
    expected = Trouble(Hand.LOST, after(9)) if lost else None
    assert trouble(call, None, attended=False, stood_in=False) == expected


@given(
    state=st.sampled_from([Call.State.RINGING, Call.State.ANSWERED]),
    doing=st.sampled_from(["", *Session.Doing.values]),
    is_over=st.booleans(),
    stood_in=st.booleans(),
)
def test_a_call_that_somebody_has_in_hand_needs_no_other(
    state: str, doing: str, is_over: bool, stood_in: bool
) -> None:
    talk = Talk(1, doing, NOON, NOON if is_over else None)
    assert trouble(a_call(state), talk, attended=True, stood_in=stood_in) is None


def test_every_phase_and_every_hand_has_its_words() -> None:
    assert PHASE_WORDS.keys() == set(Phase) and HAND_WORDS.keys() == set(Hand)


@given(st.lists(st.integers(0, 10**9)))
def test_longer_waits_have_higher_bars(delays: list[int]) -> None:
    shown = [BARS.index(bar) for bar in bars(delays)]
    newest = delays[-WAITS:]
    assert len(shown) == len(newest)
    assert all(
        low <= high
        for one, low in zip(newest, shown, strict=True)
        for other, high in zip(newest, shown, strict=True)
        if one <= other
    )


def test_a_wait_that_callers_notice_is_marked() -> None:
    assert [level(ms) for ms in (0, 1200, 1201, 2500, 2501)] == [
        *("good", "good", "wait", "wait", "bad")
    ]
