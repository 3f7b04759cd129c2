"""Who answers, fact by fact; and what the ladder says of those who do not."""

import time

import pytest

from tests.matching.facts import ALL, CALLER, FACTS, LINE, NUMBER, Fact, invite, rule, trunk
from veyra.livekit.matching import (
    Exchange,
    Invite,
    Outcome,
    RuleMiss,
    TrunkMiss,
    admits,
    readable_masks,
    room_of,
)
from veyra.livekit.types import DispatchRule, InboundTrunk


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_livekit_was_found_to_decide_so(fact: Fact) -> None:
    decision = Exchange(fact.trunks, fact.rules).decide(fact.invite)
    assert (decision.outcome, decision.rule.id if decision.rule else "") == (
        fact.outcome,
        fact.rule,
    )


def test_no_two_facts_have_one_name() -> None:
    names = [fact.name for fact in FACTS if not fact.name.startswith("…")]
    assert len(names) == len(set(names))


def test_no_two_objects_of_a_fact_have_one_id() -> None:
    for fact in FACTS:
        ids = [each.id for each in fact.trunks] + [each.id for each in fact.rules]
        assert len(ids) == len(set(ids)), fact.name


TRUNK_MISSES = [
    (LINE, None),
    (trunk("ST_3", NUMBER, allowed_numbers=("+1",)), TrunkMiss.CALLER),
    (trunk("ST_4", NUMBER, allowed_addresses=("10.0.0.0/8",)), TrunkMiss.ADDRESS),
    (trunk("ST_5", auth_username="u"), TrunkMiss.DEFAULT),
]


def test_every_trunk_that_does_not_take_the_call_says_why() -> None:
    # Those with other numbers are not even looked at.
    trunks = [trunk("ST_2", "+1"), *(each for each, _miss in TRUNK_MISSES)]
    decision = Exchange(trunks, [ALL]).decide(invite())
    assert [(step.trunk, step.miss) for step in decision.trunks] == TRUNK_MISSES


RULE_MISSES = [
    (rule("SDR_1"), RuleMiss.CATCH_ALL),
    (rule("SDR_2", "ST_1"), RuleMiss.LATER),
    (rule("SDR_3", "ST_1", inbound_numbers=(CALLER,)), None),
    (rule("SDR_4", "ST_1", inbound_numbers=("1",)), RuleMiss.CALLER),
    (rule("SDR_5", "ST_1", pin="5", inbound_numbers=(f"+{CALLER}",)), RuleMiss.CALLER_SPELLING),
    (rule("SDR_6", "ST_1", numbers=("1",)), RuleMiss.CALLED),
    (rule("SDR_7", "ST_1", numbers=(NUMBER,)), RuleMiss.CALLED_SPELLING),
]


def test_every_rule_of_the_trunk_that_does_not_take_the_call_says_why() -> None:
    rules = [*(each for each, _miss in RULE_MISSES), rule("SDR_8", "ST_2")]
    decision = Exchange([LINE], rules).decide(invite())
    assert [(step.rule, step.miss) for step in decision.rules] == RULE_MISSES


def test_a_conflict_names_the_two_objects_that_make_it() -> None:
    found: dict[Outcome, tuple[str, ...]] = {}
    for fact in FACTS:
        decision = Exchange(fact.trunks, fact.rules).decide(fact.invite)
        found.setdefault(decision.outcome, decision.between)
    assert found[Outcome.TWO_TRUNKS] == ("ST_1", "ST_2")
    assert found[Outcome.TWO_DEFAULTS] == ("ST_1", "ST_2")
    assert found[Outcome.TWO_RULES] == ("SDR_2", "SDR_1")
    assert found[Outcome.ACCEPTED] == ()


def test_without_a_trunk_every_rule_is_looked_at() -> None:
    decision = Exchange([], [ALL, rule("SDR_2", "ST_2")]).decide(invite())
    assert decision.outcome == Outcome.NO_TRUNK
    assert [step.miss for step in decision.rules] == [RuleMiss.TRUNK, RuleMiss.TRUNK]


@pytest.mark.parametrize(
    ("pin", "misses"),
    [
        ("1234", [None, RuleMiss.PIN, RuleMiss.NO_PIN]),
        ("", [RuleMiss.PIN, RuleMiss.PIN, None]),
        (None, [RuleMiss.LATER, None, RuleMiss.LATER]),
    ],
)
def test_a_typed_pin_says_why_the_other_rules_do_not_count(
    pin: str | None, misses: list[RuleMiss | None]
) -> None:
    rules = [
        rule("SDR_1", "ST_1", pin="1234", room="b"),
        rule("SDR_2", "ST_1", pin="99", room="a"),
        rule("SDR_3", "ST_1"),
    ]
    decision = Exchange([LINE], rules).decide(invite(pin=pin) if pin is not None else invite())
    assert [step.miss for step in decision.rules] == misses


def test_a_status_is_what_the_provider_is_told() -> None:
    told = {fact.outcome: Exchange(fact.trunks, fact.rules).decide(fact.invite) for fact in FACTS}
    assert {outcome.name: decision.status for outcome, decision in told.items()} == {
        "ACCEPTED": 180,
        "LOGIN_NEEDED": 407,
        "WRONG_LOGIN": 401,
        "PIN_NEEDED": 200,
        "WRONG_PIN": 200,
        "NO_RULE": None,
        "NO_TRUNK": None,
        "TWO_TRUNKS": 503,
        "TWO_DEFAULTS": 503,
        "TWO_RULES": 503,
        "NO_ROOM": 486,
    }


@pytest.mark.parametrize(
    ("found", "room"),
    [
        (rule(room="support-room-"), ("support-room-_79161234567_", True)),
        (rule(room=""), ("79161234567_", True)),
        (rule(room="a", no_randomness=True), ("a_79161234567", False)),
        (rule(room="a", hide_phone_number=True), ("a_4567_", True)),
        (rule(room="a", kind="direct"), ("a", False)),
        (rule(room="a", kind="callee"), ("a_74991124148", False)),
        (rule(room="", kind="callee", randomize=True), ("74991124148_", True)),
    ],
)
def test_a_room_is_named_after_the_caller_or_the_number(
    found: DispatchRule, room: tuple[str, bool]
) -> None:
    assert room_of(found, invite()) == room


def test_an_unknown_source_passes_every_list_and_nonsense_is_an_error() -> None:
    assert admits(("10.0.0.0/8",), "")
    line = trunk("ST_1", NUMBER, allowed_addresses=("10.0.0.0/8",))
    nonsense = Invite(CALLER, NUMBER, "not an address")
    assert Exchange([line], [ALL]).decide(nonsense).outcome == Outcome.NO_ADDRESS


def test_a_list_of_masks_that_livekit_leaves_out_is_known_as_such() -> None:
    assert readable_masks(["10.0.0.1, 10.0.0.2", "sip://a", "10.0.0.1 ", "(a)", "*"]) == []
    assert readable_masks(["10.0.0.1", "", "a/b", "[::1]"]) == ["10.0.0.1", "", "a/b", "[::1]"]


def test_a_thousand_calls_among_ten_thousand_numbers_are_decided_within_a_second() -> None:
    """A tenth of that on a slow machine; only an index that is gone takes more."""
    trunks = [
        trunk(f"ST_{place:03}", *(f"+7499{place:03}{last:04}" for last in range(50)))
        for place in range(200)
    ]
    exchange = Exchange(trunks, [rule(f"SDR_{each.id}", each.id) for each in trunks])
    started = time.perf_counter()
    for place in range(1000):
        decision = exchange.decide(invite(f"7499{place % 200:03}{place % 50:04}"))
        assert decision.rule and decision.rule.id == f"SDR_ST_{place % 200:03}"
    assert time.perf_counter() - started < 1


def test_a_login_is_not_in_the_words_of_a_decision() -> None:
    line = InboundTrunk(
        id="ST_1", numbers=(NUMBER,), auth_username="line", auth_password="hush-hush"
    )
    known = invite(username="line", password="hush-hush")
    assert "hush-hush" not in repr((known, Exchange([line], [ALL]).decide(known)))
