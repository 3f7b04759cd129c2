"""What calls out may cost: the one decision, and whether the reserve may try."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.reasons import ANSWER, Reason, of_error, sentence
from telephony.routing.reserve import may_try_next
from telephony.routing.tolls import (
    LONGEST,
    SHORTEST,
    Go,
    Later,
    Limits,
    Refused,
    Usage,
    charged,
    code_of,
    decide,
    is_allowed,
    must_end_by,
)
from telephony.sip_answers import IN, OUT, answer_of_ours, answer_to_us

OWN = ("+74991124148",)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def limits(**values: object) -> Limits:
    found = {"name": "main", "own": OWN, "at_once": 3, "minutes": 60, "pace": 1, **values}
    return Limits(**found)  # type: ignore[arg-type]  # tests name any field


@pytest.mark.parametrize(
    ("to", "allowed"),
    [
        ("+79161234567", True),
        ("+78125550101", True),
        # Kazakhstan shares Russia's code, and is another country with other prices.
        ("+77012345678", False),
        ("+14155550100", False),
        # Whoever calls these pays dearly.
        ("+78091234567", False),
        # Inner numbers and emergency calls belong to no country.
        ("112", False),
        ("101", False),
    ],
)
def test_without_beginnings_only_ordinary_numbers_of_the_own_country_are_called(
    to: str, allowed: bool
) -> None:
    assert is_allowed(to, limits()) is allowed


@pytest.mark.parametrize(
    ("to", "allowed"),
    [("+74951234567", True), ("+79161234567", False), ("101", True), ("201", False)],
)
def test_beginnings_that_somebody_wrote_down_stand_alone(to: str, allowed: bool) -> None:
    assert is_allowed(to, limits(prefixes=("+7495", "1"))) is allowed


@pytest.mark.parametrize(
    ("prefixes", "own", "to", "allowed"),
    [
        # +7 is what Russia is known by; Kazakhstan, with other prices, has it as well.
        (("+7",), OWN, "+79161234567", True),
        (("+7",), OWN, "+77012345678", False),
        (("+7", "+77"), OWN, "+77012345678", True),
        (("+7",), ("+77272501111",), "+77012345678", True),
        # +1 has two dozen countries, some of them dear.
        (("+1",), OWN, "+14155550100", True),
        (("+1",), OWN, "+18765551234", False),
        (("+1876",), OWN, "+18765551234", True),
        (("+1",), ("+14165551234",), "+16045551234", True),
        # Dear numbers are meant only where their own digits are written.
        (("+7",), OWN, "+78091234567", False),
        (("+78",), OWN, "+78091234567", False),
        (("+7809",), OWN, "+78091234567", True),
        (("+44",), OWN, "+449012345678", False),
        # Half a country's code means none, and a code that nobody has is none.
        (("+4",), OWN, "+442071234567", False),
        (("+999",), OWN, "+99912345678", False),
        # What no telephone is called by is not called, whatever it begins with.
        (("8", "+7"), OWN, "88095551234", False),
        (("1",), OWN, "112@evil.example", False),
        (("+7",), OWN, "+7916123456７", False),
        (("1",), OWN, "1;phone-context=+1900", False),
        ((), OWN, "", False),
    ],
)
def test_a_country_s_code_alone_means_one_country_and_no_dear_numbers(
    prefixes: tuple[str, ...], own: tuple[str, ...], to: str, allowed: bool
) -> None:
    line = limits(prefixes=prefixes, own=own)
    assert is_allowed(to, line) is allowed
    verdict = decide(to, line, Usage())
    assert isinstance(verdict, Refused) is not allowed
    if isinstance(verdict, Refused):
        assert str(verdict.sentence).endswith(".") and "%(" not in str(verdict.sentence)


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.data())
def test_a_longer_beginning_never_allows_what_no_shorter_part_of_it_begins(
    to: str, data: st.DataObject
) -> None:
    prefix = to[: data.draw(st.integers(1, len(to)))]
    if is_allowed(to, limits(prefixes=(prefix,), own=())):
        assert to.startswith(prefix) and code_of(prefix)
        assert is_allowed(to, limits(prefixes=(to,), own=()))
    assert not is_allowed(to, limits(prefixes=("+0" + prefix[1:],), own=()))


def test_a_connection_without_numbers_and_beginnings_calls_nobody() -> None:
    verdict = decide("+79161234567", limits(own=()), Usage())
    assert isinstance(verdict, Refused) and verdict.kind == "dial_prefix"


def test_each_limit_refuses_with_its_own_sentence() -> None:
    full = decide("+79161234567", limits(), Usage(going_on=3))
    assert isinstance(full, Refused) and full.kind == "dial_at_once"
    used = decide("+79161234567", limits(), Usage(seconds=60 * 60))
    assert isinstance(used, Refused) and used.kind == "dial_minutes"
    assert "3" in str(full.sentence) and "60" in str(used.sentence)
    assert isinstance(decide("+79161234567", limits(), Usage(just_begun=1)), Later)


def test_a_call_may_last_no_longer_than_what_is_left_of_the_day() -> None:
    verdict = decide("+79161234567", limits(minutes=40), Usage(seconds=35 * 60))
    assert verdict == Go(timedelta(minutes=5))
    assert decide("+79161234567", limits(minutes=400), Usage()) == Go(LONGEST)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 4),
    st.integers(0, 90),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40 * 60)), max_size=30),
)
def test_the_day_s_minutes_and_the_places_are_never_passed(
    at_once: int, minutes: int, story: list[tuple[bool, int]]
) -> None:
    """Calls begin (True) and the oldest ends after so many seconds (False), in any order."""
    line, open_calls, spent = limits(at_once=at_once, minutes=minutes), list[int](), 0
    for begins, seconds in story:
        if begins:
            usage = Usage(going_on=len(open_calls), seconds=spent + sum(open_calls))
            verdict = decide("+79161234567", line, usage)
            if isinstance(verdict, Go):
                assert SHORTEST <= verdict.longest <= LONGEST
                open_calls.append(int(verdict.longest.total_seconds()))
        elif open_calls:
            longest = open_calls.pop(0)
            took = charged(AT, AT + timedelta(seconds=min(seconds, longest)))
            spent += took
        assert len(open_calls) <= at_once
        assert spent + sum(open_calls) <= minutes * 60


@settings(max_examples=200, deadline=None)
@given(st.integers(60, 1800), st.floats(0, 5))
def test_a_call_that_is_ended_in_time_takes_no_more_than_was_set_aside(
    longest: int, late: float
) -> None:
    """Somebody looks every five seconds, and needs a moment to end it."""
    ended = must_end_by(AT, timedelta(seconds=longest)) + timedelta(seconds=late + 2)
    assert ended > AT and charged(AT, ended) <= math.ceil(longest / 60) * 60


def test_whole_minutes_are_charged_and_nothing_for_a_call_that_nobody_took() -> None:
    assert charged(None, AT) == 0
    assert charged(AT, AT + timedelta(seconds=1)) == 60
    assert charged(AT, AT + timedelta(seconds=60)) == 60
    assert charged(AT, AT + timedelta(seconds=61)) == 120


@pytest.mark.parametrize("status", [403, 407, 408, 480, 488, 500, 503, 504])
def test_the_reserve_tries_where_the_provider_did_not_carry_the_call(status: int) -> None:
    assert not may_try_next(f"{ANSWER}{status}", status, rang=None, answered=False)
    assert may_try_next(f"{ANSWER}{status}", status, rang=False, answered=False)
    assert not may_try_next(f"{ANSWER}{status}", status, rang=True, answered=False)
    assert not may_try_next(f"{ANSWER}{status}", status, rang=True, answered=True)


@pytest.mark.parametrize("status", [200, 404, 484, 486, 487, 600, 603, 604, 607])
def test_an_answer_that_is_the_person_s_own_is_final(status: int) -> None:
    assert not may_try_next(f"{ANSWER}{status}", status, rang=False, answered=False)


def test_silence_is_tried_again_only_where_nothing_can_have_rung() -> None:
    for rang in (False, None):
        assert may_try_next(Reason.NO_RESPONSE, None, rang=rang, answered=False)
        for unsure in (Reason.LOST, Reason.NOT_REACHED, Reason.NOT_CARRIED, Reason.NOT_WANTED):
            assert not may_try_next(unsure, None, rang=rang, answered=False)
    assert not may_try_next(Reason.NOT_PICKED_UP, None, rang=True, answered=False)
    silent = "transaction failed to complete (0 intermediate responses)"
    begun = "transaction failed to complete (2 intermediate responses)"
    assert of_error(silent) == Reason.NO_RESPONSE and of_error(begun) == Reason.NOT_CARRIED


@pytest.mark.parametrize("code", range(300, 700))
def test_every_answer_has_a_sentence_from_both_sides(code: int) -> None:
    for told in (answer_to_us(code), answer_of_ours(code), sentence(f"{ANSWER}{code}")):
        assert str(told).endswith(".") and "%(" not in str(told)


def test_codes_with_a_sentence_of_their_own_are_answers() -> None:
    assert all(300 <= code < 700 for code in OUT)
    assert all(200 <= code < 700 for code in IN)
    assert not answer_to_us(99).msgid
