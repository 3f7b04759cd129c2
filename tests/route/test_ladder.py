"""What the route test says of a call, for lines that are thought up."""

from dataclasses import replace
from typing import Any

import pytest

from telephony.routing.ladder import headline, hears, steps
from telephony.routing.route import Mark, Question, Route, Row, could_be, find
from telephony.routing.wish import Agent, Line, People
from tests.wish.lines import HERE, number, rule, trunk
from veyra.livekit.matching import Outcome

MARIA = Agent(key="a1", name="Maria")
OURS, CALLER = "+74991124140", "+79990000001"


def line(**values: Any) -> Line:
    usual = {"trunks": (trunk(),), "numbers": (number(0),), "rules": (rule(trunks=("t1",)),)}
    return Line(**{"installation": HERE, "agents": (MARIA,), **usual, **values})


def asked(where: Line, called: str = OURS, **values: Any) -> Route:
    return find(Question(called=called, **values), where, {})


def told(where: Line, called: str = OURS, **values: Any) -> list[tuple[Mark, str, Row | None]]:
    route = asked(where, called, **values)
    return [(step.mark, str(step.sentence), step.row) for step in steps(route, where)]


def stops(where: Line, called: str = OURS, **values: Any) -> tuple[str, Row | None]:
    """The one step at which the call ends."""
    found = [(text, row) for mark, text, row in told(where, called, **values) if mark == "stops"]
    assert len(found) == 1 and not asked(where, called, **values).answers
    return found[0]


@pytest.mark.parametrize(
    "called", ["8 (499) 112-41-40", "+74991124140", "74991124140", "4991124140"]
)
def test_a_number_in_any_spelling_leads_to_who_answers(called: str) -> None:
    where = line()
    route = asked(where, called, caller=CALLER)
    assert str(headline(route)) == "Maria answers this call."
    assert [mark for mark, _text, _row in told(where, called)] == [Mark.TAKES] * 5
    assert route.decision.room.startswith("call-_") and route.answers
    assert route.objects[0].startswith("trunk:t1:") and route.objects[1:] == (
        "rule:r1",
        "number:n0",
    )


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("queue", "“Rule r1” has callers wait in a queue with music."),
        ("call_back", "press 1 to be called back."),
        ("people", "“Rule r1” rings Anna."),
    ],
)
def test_what_callers_of_a_full_line_meet_is_told(chosen: str, said: str) -> None:
    own = rule(name="Rule r1", trunks=("t1",), when_full=chosen, fallback_colleague="c1")
    anna = People(key="c1", name="Anna", seconds=20)
    _mark, text, row = told(line(rules=(own,), people=(anna,)))[-1]
    assert text.startswith("When all assistants are busy") and text.endswith(said)
    assert row == Row("rule", "r1")


def test_a_number_that_is_not_ours_is_to_be_added() -> None:
    text, row = stops(line(), "+74950000000")
    assert text == "We have no number +7 495 000-00-00. Add it, if it is ours."
    assert row == Row("number")


def test_a_provider_that_leaves_out_the_seven_is_told_of() -> None:
    text, row = stops(line(), "4991124140", exact=True)
    assert "writes our number +7 499 112-41-40 as “4991124140”" in text and row == Row(
        "trunk", "t1"
    )


@pytest.mark.parametrize(
    ("changes", "said", "row"),
    [
        ({"numbers": (number(0, is_active=False),)}, "is switched off", Row("number", "n0")),
        ({"numbers": (number(0, archived=True),)}, "is in the archive", Row("number", "n0")),
        ({"trunks": (trunk(is_active=False),)}, "“t1”, which is switched off", Row("trunk", "t1")),
        ({"trunks": (trunk(archived=True),)}, "“t1”, which is in the archive", Row("trunk", "t1")),
        ({"rules": ()}, "Nobody answers +7 499 112-41-40", Row("rule")),
        ({"rules": (rule(trunks=("t1",), is_active=False),)}, "Nobody answers", Row("rule")),
        ({"agents": (replace(MARIA, has_words=False),)}, "not published yet", Row("agent", "a1")),
        ({"agents": (replace(MARIA, is_published=False),)}, "not published", Row("agent", "a1")),
        ({"agents": (replace(MARIA, archived=True),)}, "is in the archive", Row("rule", "r1")),
    ],
)
def test_what_is_missing_is_named_with_its_page(
    changes: dict[str, Any], said: str, row: Row
) -> None:
    text, where = stops(line(**changes))
    assert said in text and where == row


def test_a_strange_address_is_named() -> None:
    text, row = stops(line(), source_ip="198.51.100.7")
    assert "“t1” takes no calls from 198.51.100.7" in text and row == Row("trunk", "t1")


def test_an_address_of_another_connection_points_at_the_number() -> None:
    other = trunk("t2", name="Twilio", addresses=("198.51.100.0/24",))
    text, row = stops(line(trunks=(trunk(), other)), source_ip="198.51.100.7")
    assert "an address of “Twilio”" in text and row == Row("number", "n0")


def test_a_call_through_another_connection_comes_from_its_address() -> None:
    other = trunk("t2", addresses=("198.51.100.0/24",))
    where = line(trunks=(trunk(), other))
    assert asked(where, trunk="t2").invite.source_ip == "198.51.100.0"
    assert not asked(where, trunk="t2").answers and asked(where, trunk="t1").answers


def test_the_right_login_is_assumed() -> None:
    where = line(trunks=(trunk(username="u", password="p"),))
    assert asked(where).answers
    assert any("asks for a login; we assume" in text for _mark, text, _row in told(where))


def test_another_connection_s_login_does_not_open_the_door() -> None:
    where = line(trunks=(trunk(username="u", password="p"), trunk("t2")))
    text, row = stops(where, trunk="t2")
    assert "asks for its login" in text and row == Row("trunk", "t1")


def test_an_open_connection_is_told_of() -> None:
    where = line(trunks=(trunk(addresses=()),))
    assert any("is open: it takes anybody's" in text for _mark, text, _row in told(where))


def test_each_rule_that_was_passed_over_says_why() -> None:
    rules = (
        rule("r1", name="Everybody", trunks=("t1",)),
        rule("r2", name="VIP", numbers=("n0",), callers=(CALLER,)),
        rule("r3", name="Night", numbers=("n0",), is_active=False),
        rule("r4", name="Named", numbers=("n0",)),
        rule("r5", name="Later", numbers=("n0",)),
        rule("r6", name="Broken", numbers=("n0",), pin="x"),
    )
    texts = [text for mark, text, _row in told(line(rules=rules), caller="+79990000009") if mark]
    assert "“Named” takes the call." in texts
    assert "“VIP” is for certain callers, and not for +7 999 000-00-09." in texts
    assert "“Night” is switched off." in texts
    assert "“Later” takes the same calls as “Named”, which is older." in texts
    assert any(t.startswith("“Everybody” is for every number of the connection") for t in texts)
    assert "The PIN of “Broken” must be digits: callers type it on the phone." in texts


def test_a_rule_for_the_caller_goes_before_one_for_everybody() -> None:
    rules = (
        rule("r1", numbers=("n0",)),
        rule("r2", name="VIP", numbers=("n0",), callers=(CALLER,)),
    )
    texts = [text for _mark, text, _row in told(line(rules=rules), caller=CALLER)]
    assert "“VIP” takes the call." in texts
    assert "“r1” would take it too, but a narrower rule goes first." in texts


def test_a_caller_whom_the_provider_writes_otherwise_is_not_known() -> None:
    rules = (rule(numbers=("n0",), callers=(CALLER,)),)
    where = line(rules=rules, trunks=(trunk(spelling="plus"),))
    found = told(where, caller="79990000001", exact=True)
    assert any("writes him “79990000001”" in text for _mark, text, _row in found)
    assert found[-1][1].startswith("No rule of this number is for +7 999 000-00-01")


def test_a_pin_leads_each_caller_to_his_rule() -> None:
    rules = (
        rule("r1", name="Open", numbers=("n0",)),
        rule("r2", name="Club", numbers=("n0",), pin="12"),
    )
    where = line(rules=rules)
    route = asked(where)
    assert [(way.pin, way.rule.name) for way in route.ways] == [("12", "Club"), ("", "Open")]
    assert route.decision.outcome == Outcome.PIN_NEEDED and route.answers
    assert str(headline(route)) == "The caller is asked for a PIN; with it Maria answers."
    assert "asks the caller for a PIN" in str(hears(route))
    texts = [text for _mark, text, _row in told(where)]
    assert "With its PIN the call goes to “Club”." in texts
    assert "With # alone the call goes to “Open”." in texts


def test_of_two_numbers_that_livekit_cannot_tell_apart_one_takes_the_call() -> None:
    """A Vietnamese number and a Moscow number may be written the same."""
    vietnam = replace(number(1, "t2"), number="+84991124140")
    where = line(
        trunks=(trunk(), trunk("t2")),
        numbers=(number(0), vietnam),
        rules=(rule(trunks=("t1", "t2")),),
    )
    route = asked(where, "84991124140", exact=True)
    assert route.decision.outcome == Outcome.ACCEPTED
    assert route.trunk and route.trunk.key == "t1"


def test_a_reserve_connection_takes_the_call_too() -> None:
    reserve = trunk("t2", name="Second", addresses=("198.51.100.0/24",))
    where = line(trunks=(trunk(), reserve), numbers=(number(0, reserve="t2"),))
    assert asked(where, source_ip="198.51.100.7").answers


def test_a_number_whose_only_rule_is_off_says_both() -> None:
    where = line(rules=(rule(name="Day", trunks=("t1",), is_active=False),))
    found = told(where)
    assert (Mark.PASSED, "“Day” is switched off.", Row("rule", "r1")) in found
    assert found[-1][0] == Mark.STOPS and found[-1][2] == Row("rule")


def test_the_numbers_that_may_be_meant_are_few() -> None:
    assert set(could_be("8 (499) 112-41-40")) >= {OURS}
    assert set(could_be("101")) >= {"101"}
    assert OURS in could_be("4991124140")
    assert set(could_be("84991124140")) == {OURS, "+84991124140", "84991124140"}


def test_a_withheld_number_is_called_so() -> None:
    where = line(rules=(rule(numbers=("n0",), callers=(CALLER,)),))
    assert "a caller who withholds his number" in stops(where)[0]


@pytest.mark.parametrize("values", [{"is_published": False}, {"archived": True}])
def test_a_call_that_is_let_in_to_nobody_rings_only_for_a_moment(values: dict[str, Any]) -> None:
    silent = asked(line(agents=(replace(MARIA, **values),)), caller=CALLER)
    assert silent.decision.outcome == Outcome.ACCEPTED
    assert "and then the call ends" in str(hears(silent))
    assert "until the assistant speaks" in str(hears(asked(line(), caller=CALLER)))
