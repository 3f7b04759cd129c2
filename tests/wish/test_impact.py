"""What an edit changes for callers: properties of the comparison, and each sentence of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.routing.edit import Change, Edit, laid_over
from telephony.routing.impact import Impact, impact, reached
from telephony.routing.wish import Agent, Line
from tests.wish.lines import NUMBERS, number, rule, trunk, whole_lines

SUPPORT, SALES = Agent(key="a1", name="Support"), Agent(key="a2", name="Sales")
LINE = Line(
    trunks=(trunk(),),
    numbers=(number(0),),
    rules=(rule(trunks=("t1",)),),
    agents=(SUPPORT, SALES),
)
FIRST = "+7 499 112-41-40"


def edit(model: Any, key: str, **values: Any) -> Edit:
    return Edit(changes=(Change(model=model, key=key, values=values),))


def of(changed: Edit, line: Line = LINE) -> Impact:
    return impact(line, laid_over(line, changed))


def said(sentences: Iterable[object]) -> list[str]:
    with translation.override("en"):
        return [str(each) for each in sentences]


@st.composite
def lines_with_agents(draw: st.DrawFn) -> Line:
    """Whole lines whose rules are answered by one of three assistants, one of whom cannot speak."""
    line = draw(whole_lines())
    keys = st.sampled_from(["a1", "a2", "mute"])
    rules = tuple(replace(each, agent=draw(keys)) for each in line.rules)
    mute = Agent(key="mute", name="Mute", has_words=False)
    return replace(line, rules=rules, agents=(SUPPORT, SALES, mute))


@given(lines_with_agents(), lines_with_agents())
@settings(max_examples=150)
def test_there_and_back_mirror_each_other(one: Line, other: Line) -> None:
    there, back = impact(one, other), impact(other, one)
    assert [(m.number, m.after, m.before) for m in there.moves] == [
        (m.number, m.before, m.after) for m in back.moves
    ]
    assert [(d.trunk, d.after, d.before) for d in there.doors] == [
        (d.trunk, d.before, d.after) for d in back.doors
    ]


@given(lines_with_agents(), lines_with_agents())
@settings(max_examples=150)
def test_numbers_are_told_exactly_where_their_callers_meet_something_else(
    one: Line, other: Line
) -> None:
    before, after = reached(one), reached(other)
    changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    found = impact(one, other)
    assert {move.number for move in found.moves} == changed
    assert set(found.lost) == before.keys() - after.keys()
    assert all(move.sentences for move in found.moves)
    assert all(door.sentences for door in found.doors)


@given(lines_with_agents())
def test_a_line_that_stays_as_it_is_has_nothing_to_show(line: Line) -> None:
    assert impact(line, line).is_empty
    renamed = Line(
        trunks=tuple(replace(each, name=f"{each.name}!") for each in line.trunks),
        numbers=line.numbers,
        rules=tuple(replace(each, name=f"{each.name}!", room="other-") for each in line.rules),
        agents=line.agents,
    )
    found = impact(line, renamed)
    assert not found.moves
    assert not found.doors


@given(lines_with_agents(), lines_with_agents())
@settings(max_examples=100)
def test_a_token_stands_for_what_is_shown(one: Line, other: Line) -> None:
    found, again = impact(one, other), impact(one, other)
    assert found.token == again.token
    assert found.is_empty or found.token != impact(one, one).token


@given(lines_with_agents(), st.sampled_from(["r0", "r1", "r2", "new"]), st.booleans())
def test_an_edit_travels_as_json(line: Line, key: str, archived: bool) -> None:
    values = {"name": key, "agent": "a1", "trunks": ["t1", "t0"], "archived": archived}
    there = edit("rule", key, **values)
    assert Edit.from_json(there.to_json()) == there
    assert laid_over(line, Edit.from_json(there.to_json())) == laid_over(line, there)


@given(lines_with_agents(), st.integers(0, 2), st.booleans())
def test_an_edit_and_its_reverse_mirror_each_other(line: Line, index: int, off: bool) -> None:
    key = f"t{index}"
    before = next(each for each in line.trunks if each.key == key).is_active
    after = laid_over(line, edit("trunk", key, is_active=not off))
    back = laid_over(after, edit("trunk", key, is_active=before))
    assert back == line
    assert [m.number for m in impact(line, after).moves] == [
        m.number for m in impact(after, back).moves
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (edit("rule", "r1", agent="a2"), f"{FIRST}: Support -> Sales."),
        (edit("rule", "r1", archived=True), f"{FIRST} will reach nobody. Now: Support."),
        (edit("number", "n0", is_active=False), f"{FIRST} will reach nobody. Now: Support."),
        (edit("trunk", "t1", archived=True), f"{FIRST} will reach nobody. Now: Support."),
        (edit("agent", "a1", archived=True), f"{FIRST} will reach nobody. Now: Support."),
        (edit("rule", "r1", pin="12"), f"{FIRST}: callers are asked for a PIN."),
        (
            edit("rule", "r1", callers="8 916 123-45-67"),
            f"{FIRST}: only certain callers are answered: +7 916 123-45-67.",
        ),
        (
            edit("rule", "r1", when_full="call_back"),
            f"{FIRST}: when all assistants are busy, callers hear an apology and press 1 to be"
            " called back.",
        ),
        (
            edit("rule", "r1", kind="direct"),
            f"{FIRST}: all who call hear each other, as in a conference.",
        ),
        (
            edit("trunk", "t1", addresses="203.0.113.0/24\n198.51.100.7"),
            "“t1”: calls from 198.51.100.7 are taken.",
        ),
        (
            edit("trunk", "t1", addresses="198.51.100.7"),
            "“t1”: calls from 203.0.113.0/24 are no longer taken.",
        ),
        (edit("trunk", "t1", addresses=""), "“t1”: calls are taken from any address."),
    ],
)
def test_what_callers_notice_is_a_sentence(changed: Edit, told: str) -> None:
    assert told in said(of(changed).changes)


@pytest.mark.parametrize(
    ("assistant", "before", "after", "told"),
    [
        ("never", "", "always", "all calls are recorded. Let the greeting say so to the callers."),
        ("always", "", "never", "calls are not recorded."),
        ("never", "", "pressed", "calls are recorded only when a supervisor presses the button."),
        (
            *("never", "", "agreed"),
            "callers are asked whether they may be recorded, and say yes by a key.",
        ),
        ("always", "never", "", "all calls are recorded. Let the greeting say so to the callers."),
        ("always", "always", "", None),
    ],
)
def test_whether_calls_are_recorded_is_told_where_it_changes(
    assistant: str, before: str, after: str, told: str | None
) -> None:
    line = replace(
        LINE,
        rules=(rule(trunks=("t1",), recording=before),),
        agents=(replace(SUPPORT, recording=assistant),),
    )
    found = of(edit("rule", "r1", recording=after), line)
    assert said(found.changes) == ([f"{FIRST}: {told}"] if told else [])


def test_a_new_number_says_that_its_calls_are_recorded() -> None:
    line = replace(LINE, rules=(), agents=(replace(SUPPORT, recording="always"),))
    found = of(edit("rule", "r1", name="r1", agent="a1", room="call-", trunks=["t1"]), line)
    assert said(found.changes) == [
        f"{FIRST}: nobody -> Support.",
        f"{FIRST}: all calls are recorded. Let the greeting say so to the callers.",
    ]


def test_a_number_that_was_silent_is_told_when_somebody_answers_it() -> None:
    line = replace(LINE, rules=())
    changed = edit("rule", "new", name="All", agent="a1", trunks=["t1"])
    assert said(of(changed, line).changes) == [f"{FIRST}: nobody -> Support."]


def test_a_number_that_comes_by_another_connection_says_so() -> None:
    line = replace(LINE, trunks=(trunk(), trunk("t2")), rules=(rule(trunks=("t1", "t2")),))
    assert said(of(edit("number", "n0", trunk="t2"), line).changes) == [
        f"{FIRST} comes by t2 instead of t1."
    ]


def test_two_lines_that_claim_a_number_are_an_error() -> None:
    changed = edit("number", "n9", number=NUMBERS[0], trunk="t1")
    (found,) = said(of(changed).errors)
    assert found.startswith(f"Two lines claim {FIRST}: LiveKit would answer every call")
    assert "already comes by “t1”" in found


def test_a_number_that_lies_switched_off_is_named_as_that() -> None:
    line = replace(LINE, numbers=(number(0, is_active=False),))
    (found,) = said(of(edit("number", "n9", number=NUMBERS[0], trunk="t1"), line).errors)
    assert "switched off" in found


def test_an_archived_number_may_be_added_anew() -> None:
    line = replace(LINE, numbers=(number(0, archived=True),))
    found = of(edit("number", "n9", number=NUMBERS[0], trunk="t1"), line)
    assert found.errors == ()
    assert said(found.changes) == [f"{FIRST}: nobody -> Support."]


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        (edit("rule", "r2", name="B", agent="a2", trunks=["t1"]), "both answer"),
        (edit("rule", "r2", name="B", agent="a2"), "names no number"),
        (edit("rule", "r2", name="r1", agent="a2", trunks=["t1"], pin="1"), "two rows with the"),
        (edit("trunk", "t1", addresses="0.0.0.0/0"), "whole internet"),
        (edit("trunk", "t1", username="u"), "login without a password"),
        (edit("number", "n0", number="84991124148"), "must be written"),
    ],
)
def test_what_cannot_work_is_an_error(changed: Edit, wrong: str) -> None:
    assert any(wrong in each for each in said(of(changed).errors))


def test_what_was_wrong_before_keeps_nobody_from_saving_something_else() -> None:
    line = replace(LINE, rules=(*LINE.rules, rule("broken", name="Broken")))
    found = of(edit("rule", "r1", agent="a2"), line)
    assert found.errors == ()
    assert said(found.changes) == [f"{FIRST}: Support -> Sales."]


def test_an_assistant_without_words_is_a_warning_even_where_nobody_could_call() -> None:
    agents = (SUPPORT, Agent(key="a2", name="Sales", has_words=False))
    line = Line(trunks=LINE.trunks, agents=agents)
    found = of(edit("rule", "new", name="All", agent="a2", trunks=["t1"]), line)
    assert found.needs_tick
    assert "is not published yet" in said(found.warnings)[0]


def test_what_needs_no_yes_and_what_does() -> None:
    assert not of(edit("rule", "r1", agent="a2")).needs_tick
    assert of(edit("rule", "r1", archived=True)).needs_tick
    assert of(edit("number", "n1", number=NUMBERS[1], trunk="t1")).lost == ()


def test_no_password_is_in_what_is_shown_or_printed() -> None:
    line = replace(LINE, trunks=(trunk(username="u", password="canary-7"),))
    found = impact(line, replace(line, trunks=(trunk(username="u", password="canary-8"),)))
    assert said(found.changes) == [
        "“t1”: the login changes. Until the provider uses the new one, its calls are refused."
    ]
    assert "canary" not in repr(found)
