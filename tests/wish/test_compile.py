"""Each law of the compiler, and each sentence about what was saved."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from agentworker.brief import read_brief
from telephony.routing import problems
from telephony.routing.actual import normals
from telephony.routing.addresses import AddressError, checked, masks
from telephony.routing.compile import compile_line
from telephony.routing.route import exchange_of
from telephony.routing.wish import Line
from tests.matching.conflicts import conflicts
from tests.wish.lines import HERE, compiled, number, rule, trunk, whole_lines
from veyra.livekit.simulator.store import Store

LINE = Line(trunks=(trunk(),), numbers=(number(0),), rules=(rule(trunks=("t1",)),))


def said(line: Line) -> list[tuple[str, str, bool]]:
    """(row's key, first words of its sentence, does it stop it)."""
    return [(each.key, each.sentence.msgid, each.stops) for each in compiled(line).problems]


def test_law_1_numbers_with_the_same_rules_share_a_trunk_in_the_spellings_that_reach_us() -> None:
    line = Line(
        trunks=(trunk(),),
        numbers=(number(0), number(1), number(2)),
        rules=(rule("r1", numbers=("n0", "n1")), rule("r2", numbers=("n2",))),
    )
    found = sorted(each.value.numbers for each in compiled(line).trunks)
    assert found == [
        ("+74991124140", "+74991124141", "84991124140", "84991124141"),
        ("+74991124142", "84991124142"),
    ]


@given(whole_lines())
def test_law_2_every_rule_names_its_trunks_and_no_called_number(line: Line) -> None:
    wanted = compiled(line)
    assert all(each.trunks and not each.value.numbers for each in wanted.rules)
    assert {key for each in wanted.rules for key in each.trunks} == {t.key for t in wanted.trunks}


def test_law_2_a_certain_caller_is_written_as_his_trunk_writes_him() -> None:
    line = Line(
        trunks=(trunk("t1", spelling="digits"), trunk("t2", spelling="national")),
        numbers=(number(0, "t1"), number(1, "t2")),
        rules=(rule(trunks=("t1", "t2"), callers=("+79161234567",)),),
    )
    found = [each.value.inbound_numbers for each in compiled(line).rules]
    assert found == [("79161234567",), ("89161234567",)]


def test_law_3_our_key_travels_in_the_metadata() -> None:
    wanted = compiled(LINE)
    found = {each.key: each.value.metadata for each in wanted.trunks}
    found |= {each.key: each.value.metadata for each in wanted.rules}
    assert len(found) == 2
    for key, text in found.items():
        assert json.loads(text) == {"veyra": key, "installation": HERE}


@given(whole_lines())
def test_law_5_livekit_takes_all_that_is_compiled(line: Line) -> None:
    store, wanted = Store(), compiled(line)
    ids = {each.key: store.create_inbound_trunk(each.value) for each in wanted.trunks}
    for each in wanted.rules:
        store.create_dispatch_rule(
            replace(each.value, trunk_ids=tuple(ids[key] for key in each.trunks))
        )
    assert len(store.rules) == len(wanted.rules)


def test_law_5_a_number_that_livekit_takes_for_another_is_not_published() -> None:
    """8 499 112-41-40 is how +7 499 112-41-40 may arrive, and a number of Vietnam."""
    vietnam = replace(number(1), number="+84991124140")
    line = Line(
        trunks=(trunk(),),
        numbers=(number(0), vietnam),
        rules=(rule("r1", numbers=("n0",)), rule("r2", numbers=("n1",))),
    )
    desired = compiled(line)
    assert [each.value.numbers for each in desired.trunks] == [("+74991124140", "84991124140")]
    with translation.override("en"):
        told = [str(each.sentence) for each in desired.problems if each.key == "n1"]
    assert told == [
        "LiveKit cannot tell +84 991 124 140 from +7 499 112-41-40: providers write both as"
        " 84991124140. Only +7 499 112-41-40 works; to use this number instead, put that one away."
    ]


def test_law_5_an_extension_with_the_digits_of_a_number_is_told_and_not_published() -> None:
    numbers = (replace(number(0), number="+49301"), replace(number(1), number="49301"))
    rules = (rule("r1", numbers=("n0",)), rule("r2", numbers=("n1",)))
    desired = compiled(Line(trunks=(trunk(),), numbers=numbers, rules=rules))
    assert [each.value.numbers for each in desired.trunks] == [("+49301",)]
    with translation.override("en"):
        told = [str(each.sentence) for each in desired.problems if each.key == "n1"]
    assert len(told) == 1 and "cannot tell 49301 from" in told[0]


@given(whole_lines())
def test_law_5_no_call_meets_two_objects_of_what_is_compiled(line: Line) -> None:
    assert conflicts(exchange_of(compiled(line))) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "u"}, "login without a password"),
        ({"password": "p"}, "password without a login"),
        ({"username": "u", "password": None}, "cannot be decrypted"),
    ],
)
def test_law_6_a_login_is_a_name_and_a_password(values: dict[str, str], words: str) -> None:
    line = Line(trunks=(trunk(**values),), numbers=LINE.numbers, rules=LINE.rules)
    wanted = compiled(line)
    assert wanted.trunks[0].unknown_login
    assert any(key == "t1" and words in text for key, text, _stops in said(line))


def test_law_6_names_are_resolved_by_us_and_never_become_an_empty_list() -> None:
    resolved = {"sip.provider.example": ("203.0.113.9", "2001:db8::1")}
    assert masks(("SIP.provider.example",), resolved) == ("2001:db8::1/128", "203.0.113.9/32")
    for nothing in ({}, {"sip.provider.example": ()}):
        with pytest.raises(AddressError):
            masks(("sip.provider.example",), nothing)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=3).map(tuple))
def test_law_6_whatever_is_written_never_admits_everybody(lines: tuple[str, ...]) -> None:
    try:
        found = masks(lines, {})
    except AddressError:
        return
    assert found
    assert not any(each.endswith("/0") for each in found)


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0/0", "::/0", "10.0.0.1/8", "1.2.3", "1.2.3.4:5060", "sip:a.b", "a b", "a;b", ""],
)
def test_law_6_masks_that_livekit_would_leave_out_are_refused(text: str) -> None:
    with pytest.raises(AddressError):
        checked(text)


def test_law_6_an_open_connection_is_published_and_told() -> None:
    line = Line(trunks=(trunk(addresses=()),), numbers=LINE.numbers, rules=LINE.rules)
    (found,) = said(line)
    assert (found[0], found[2]) == ("t1", False)
    assert "is open" in found[1]
    # Our own test caller must not close an open connection to everybody else.
    wanted = compile_line(line, {}, also_admit=["127.0.0.1/32"])
    assert wanted.trunks[0].value.allowed_addresses == ()


def test_law_7_a_number_that_no_rule_serves_is_not_published_and_says_why() -> None:
    line = Line(trunks=(trunk(),), numbers=(number(0),))
    assert compiled(line).trunks == ()
    assert [(key, "Nobody answers" in text) for key, text, _ in said(line)] == [("n0", True)]


def test_law_8_ringing_and_talking_have_an_end() -> None:
    value = compiled(LINE).trunks[0].value
    assert (value.ringing_timeout, value.max_call_duration) == (
        timedelta(seconds=30),
        timedelta(minutes=30),
    )


def test_law_9_a_rule_is_a_room_for_each_call_unless_asked_otherwise() -> None:
    assert compiled(LINE).rules[0].value.kind == "individual"
    shared = Line(
        trunks=LINE.trunks,
        numbers=LINE.numbers,
        rules=(rule(trunks=("t1",), kind="direct", room="conference"),),
    )
    found = compiled(shared).rules[0].value
    assert (found.kind, found.room) == ("direct", "conference")


def test_law_11_the_rule_carries_its_key_and_the_job_its_brief() -> None:
    value = compiled(LINE).rules[0].value
    assert value.attributes == (("veyra.rule", "r1"),)
    (agent,) = value.agents
    assert agent.agent_name == "veyra"
    assert json.loads(agent.metadata) == {"agent": "a1", "rule": "r1"}
    recorded = replace(LINE, rules=(rule(trunks=("t1",), recording="always"),))
    (agent,) = compiled(recorded).rules[0].value.agents
    assert read_brief(agent.metadata).recording == "always"


def test_a_rule_that_names_a_number_goes_before_one_for_the_whole_connection() -> None:
    line = Line(
        trunks=(trunk(),),
        numbers=(number(0), number(1)),
        rules=(rule("wide", trunks=("t1",)), rule("named", numbers=("n1",))),
    )
    wanted = compiled(line)
    assert wanted.problems == ()
    served = {each.source: each.trunks for each in wanted.rules}
    numbers = {each.key: each.value.numbers for each in wanted.trunks}
    assert [numbers[key][0] for key in served["named"]] == ["+74991124141"]
    assert [numbers[key][0] for key in served["wide"]] == ["+74991124140"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"trunks": ()}, "names no number"),
        ({"room": ""}, "no room name"),
        ({"pin": "12a"}, "must be digits"),
        ({"pin": "١٢"}, "must be digits"),
        ({"callers": ("abc",)}, "is not a telephone number"),
        ({"callers": ("+79161234567", "89161234567")}, "twice"),
        ({"trunks": ("t9",)}, "answers no number"),
    ],
)
def test_a_rule_with_a_fault_is_not_published_and_says_so(
    wrong: dict[str, object], words: str
) -> None:
    faulty = rule("bad", **{"trunks": ("t1",), **wrong})
    line = Line(trunks=LINE.trunks, numbers=LINE.numbers, rules=(faulty,))
    assert compiled(line).rules == ()
    assert any(key == "bad" and words in text for key, text, _stops in said(line))


def test_of_two_rules_for_the_same_call_the_older_answers_and_the_newer_says_so() -> None:
    line = Line(
        trunks=LINE.trunks,
        numbers=LINE.numbers,
        rules=(rule("old", numbers=("n0",)), rule("new", numbers=("n0",))),
    )
    wanted = compiled(line)
    assert [each.source for each in wanted.rules] == ["old"]
    (problem,) = wanted.problems
    assert problem.key == "new"
    assert problem.sentence.values["older"] == "old"


@pytest.mark.parametrize("values", [{"pin": "12"}, {"callers": ("+79161234567",)}])
def test_a_pin_or_certain_callers_let_two_rules_stand(values: dict[str, object]) -> None:
    line = Line(
        trunks=(trunk(spelling="plus"),),
        numbers=LINE.numbers,
        rules=(rule("a", numbers=("n0",)), rule("b", numbers=("n0",), **values)),
    )
    assert [each.source for each in compiled(line).rules] == ["a", "b"]
    assert not any(stops for _key, _text, stops in said(line))


def test_a_pin_beside_an_open_rule_warns_that_all_are_asked() -> None:
    rules = (rule("a", numbers=("n0",)), rule("b", numbers=("n0",), pin="12"))
    line = Line(trunks=LINE.trunks, numbers=LINE.numbers, rules=rules)
    assert any(key == "b" and "has a PIN" in text for key, text, _stops in said(line))


def test_certain_callers_on_a_connection_of_unknown_spelling_warn() -> None:
    rules = (rule("a", numbers=("n0",), callers=("+79161234567",)),)
    line = Line(trunks=LINE.trunks, numbers=LINE.numbers, rules=rules)
    assert any(
        "Choose how this provider" in text or "expect" in text for _k, text, _s in said(line)
    )


@pytest.mark.parametrize(("text", "words"), [("84991124148", "must be written"), ("x", "is not")])
def test_a_number_stored_in_another_spelling_is_not_published(text: str, words: str) -> None:
    line = Line(trunks=LINE.trunks, numbers=(number(0, number=text),), rules=LINE.rules)
    assert compiled(line).trunks == ()
    assert any(key == "n0" and words in found for key, found, _stops in said(line))


@pytest.mark.parametrize(
    "line",
    [
        Line(trunks=(trunk(is_active=False),), numbers=LINE.numbers, rules=LINE.rules),
        Line(trunks=LINE.trunks, numbers=(number(0, is_active=False),), rules=LINE.rules),
    ],
)
def test_what_is_not_in_use_is_not_published(line: Line) -> None:
    assert (compiled(line).trunks, compiled(line).rules) == ((), ())


@given(whole_lines())
def test_every_number_in_use_is_published_once_or_says_why(line: Line) -> None:
    wanted = compiled(line)
    rows = [row for each in wanted.trunks for _text, row in each.rows if _text.startswith("+")]
    complained = {each.key for each in wanted.problems if each.kind == "number"}
    used = {t.key for t in line.trunks if t.is_active}
    assert sorted([*rows, *complained]) == sorted(
        each.key for each in line.numbers if each.trunk in used
    )


@given(whole_lines())
def test_compile_is_exact(line: Line) -> None:
    assert compiled(line) == compiled(line)
    numbers = [normals(each.value.numbers) for each in compiled(line).trunks]
    assert sum(map(len, numbers)) == len(set().union(*numbers))


def test_a_connection_without_addresses_and_login_is_open() -> None:
    assert problems.is_open(trunk(addresses=()))
    assert not problems.is_open(trunk())
