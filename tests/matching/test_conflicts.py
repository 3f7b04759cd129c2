"""What LiveKit refuses to store, and what it stores although no call can pass."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching import worlds
from tests.matching.conflicts import Conflict, conflicts
from tests.matching.facts import ALL, LINE, NUMBER, rule, trunk
from veyra.livekit.conflicts import (
    Refusal,
    between_rules,
    between_trunks,
    creating_rule,
    creating_trunk,
    normalized,
    replacing_rule,
    replacing_trunk,
)
from veyra.livekit.matching import Exchange, Outcome
from veyra.livekit.types import DispatchRule, InboundTrunk

NEW = InboundTrunk(numbers=(NUMBER,))
OTHER = trunk("ST_2", "+74951234567")
SECURITY = (
    "for security, one of the fields must be set: "
    "AuthUsername+AuthPassword, AllowedAddresses or Numbers"
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("+7 (499) 112-41-48", "+74991124148"),
        ("74991124148", "+74991124148"),
        ("84991124148", "+84991124148"),
        ("-", "+"),
        ("+", "+"),
        ("", ""),
        ("support", "support"),
        ("7499 доб. 2", "7499 доб. 2"),
        ("٧٤٩٩", "٧٤٩٩"),
        ("7499\n", "7499\n"),
        ("++7499", "++7499"),
    ],
)
def test_a_number_is_compared_without_its_formatting_and_with_a_plus(
    written: str, found: str
) -> None:
    assert normalized(written) == found


@given(st.text(alphabet="+0123456789 -()x", max_size=12))
def test_a_normalized_number_stays_as_it_is(text: str) -> None:
    assert normalized(normalized(text)) == normalized(text)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (InboundTrunk(name="nothing"), SECURITY),
        (InboundTrunk(id="ST_9", numbers=("1",)), "trunk id must not be set"),
        (
            NEW,
            'Conflicting inbound SIP Trunks: "<new>" and "ST_1", '
            'using the same number(s) ["+74991124148"] without AllowedNumbers set',
        ),
        (
            InboundTrunk(numbers=("84991124148", "7499 112-41-48"), allowed_addresses=("::/0",)),
            'Conflicting inbound SIP Trunks: "<new>" and "ST_1", '
            'using the same number(s) ["84991124148" "7499 112-41-48"] without AllowedNumbers set',
        ),
    ],
)
def test_a_trunk_is_not_made(new: InboundTrunk, message: str) -> None:
    assert creating_trunk([OTHER, LINE], new) == Refusal(
        message, between=("", "ST_1") if "Conflicting" in message else ()
    )


def test_a_trunk_for_certain_callers_is_made_beside_one_for_all_and_stops_theirs() -> None:
    some = InboundTrunk(numbers=(NUMBER,), allowed_numbers=("79161234567",))
    assert creating_trunk([LINE], some) is None
    both = [LINE, trunk("ST_2", NUMBER, allowed_numbers=("79161234567",))]
    assert conflicts(Exchange(both, [])) == [Conflict(Outcome.TWO_TRUNKS, ("ST_1", "ST_2"), NUMBER)]


def test_a_trunk_is_put_onto_a_taken_number_and_the_number_is_dead() -> None:
    assert replacing_trunk([LINE, OTHER], "ST_2", NEW) is None
    assert conflicts(Exchange([LINE, trunk("ST_2", NUMBER)], []))


def test_a_trunk_that_keeps_one_of_its_numbers_is_not_put_onto_a_taken_one() -> None:
    grown = InboundTrunk(numbers=("+74951234567", NUMBER))
    refusal = replacing_trunk([LINE, OTHER], "ST_2", grown)
    assert refusal and refusal.between == ("ST_2", "ST_1")


def test_a_trunk_onto_any_number_is_compared_with_all_trunks() -> None:
    clash = [LINE, trunk("ST_2", NUMBER), trunk("ST_3", "1", auth_username="u")]
    assert replacing_trunk(clash, "ST_3", InboundTrunk(numbers=("2",))) is None
    anyone = InboundTrunk(auth_username="u")
    refusal = replacing_trunk(clash, "ST_3", anyone)
    assert refusal and refusal.between == ("ST_2", "ST_1")


def test_two_rules_on_one_trunk_keep_livekit_from_making_any_rule() -> None:
    stored = [rule("SDR_1", "ST_1"), rule("SDR_2", "ST_1", name="Sales")]
    refusal = creating_rule(stored, DispatchRule(trunk_ids=("ST_9",)))
    assert refusal and refusal.between == ("SDR_2", "SDR_1")
    # ... while one that is there may still be changed, if it is on another trunk.
    assert replacing_rule([*stored, rule("SDR_3", "ST_3")], "SDR_3", rule("", "ST_4")) is None


def test_a_rule_is_put_onto_a_trunk_that_has_one_and_the_trunk_is_dead() -> None:
    assert replacing_rule([ALL, rule("SDR_2", "ST_2")], "SDR_2", rule("", "ST_1")) is None
    both = [ALL, rule("SDR_2", "ST_1")]
    assert conflicts(Exchange([LINE], both)) == [Conflict(Outcome.TWO_RULES, ("SDR_2", "SDR_1"))]


@pytest.mark.parametrize(
    "found",
    [
        rule("SDR_1", "ST_1", "ST_1"),
        rule("SDR_1", inbound_numbers=("7916", "+7916")),
        rule("SDR_1", numbers=("7499", "+7 499")),
    ],
)
def test_a_rule_that_has_something_twice_is_in_conflict_with_itself(found: DispatchRule) -> None:
    refusal = between_rules([found])
    assert refusal and refusal.between == ("SDR_1", "SDR_1")


def test_what_is_missing_or_named_wrongly_is_refused() -> None:
    refusals = [
        replacing_trunk([LINE], "", NEW),
        replacing_trunk([LINE], "ST_1", trunk("ST_2", "1")),
        replacing_trunk([LINE], "ST_9", NEW),
        creating_rule([], ALL),
        replacing_rule([ALL], "", rule("")),
        replacing_rule([ALL], "SDR_1", rule("SDR_2")),
        replacing_rule([ALL], "SDR_9", rule("")),
    ]
    assert [refusal and refusal.message for refusal in refusals] == [
        "trunk id must be set",
        "trunk id in the info must be empty or match the id in the update",
        "requested sip trunk does not exist",
        "rule id must not be set",
        "rule id must be set",
        "rule id in the info must be empty or match the id in the update",
        "requested sip dispatch rule does not exist",
    ]


Owned = TypeVar("Owned", InboundTrunk, DispatchRule)


class World:
    """A random set, as the comparison with the real server makes it: through create alone."""

    def __init__(self, dice: Random) -> None:
        self.trunks: list[InboundTrunk] = []
        self.rules: list[DispatchRule] = []
        for number in range(dice.randint(1, 6)):
            self._add(self.trunks, creating_trunk, worlds.trunk(dice), f"ST_{number}")
        ids = tuple(each.id for each in self.trunks)
        for number in range(dice.randint(0, 6)):
            self._add(self.rules, creating_rule, worlds.rule(dice, ids), f"SDR_{number}")

    def _add(
        self,
        stored: list[Owned],
        creating: Callable[[list[Owned], Owned], Refusal | None],
        new: Owned,
        livekit_id: str,
    ) -> None:
        if creating(stored, new) is None:
            stored.append(replace(new, id=livekit_id))


seeds = st.integers(0, 2**32).map(Random)


@settings(max_examples=200)
@given(seeds)
def test_what_livekit_has_made_has_no_conflict_but_that_of_some_callers_and_all(
    dice: Random,
) -> None:
    world = World(dice)
    assert between_trunks(world.trunks) is None
    assert between_rules(world.rules) is None
    trunks = {each.id: each for each in world.trunks}
    for conflict in conflicts(Exchange(world.trunks, world.rules)):
        one, other = (trunks[livekit_id] for livekit_id in conflict.between)
        assert bool(one.allowed_numbers) != bool(other.allowed_numbers)


@settings(max_examples=300)
@given(seeds)
def test_a_call_meets_a_conflict_only_in_a_set_that_has_one(dice: Random) -> None:
    world = World(dice)
    exchange = Exchange(world.trunks, world.rules)
    stopping = {conflict.outcome for conflict in conflicts(exchange)}
    for _ in range(5):
        call = worlds.invite(dice, exchange.trunks, exchange.rules)
        outcome = exchange.decide(call).outcome
        if outcome in (Outcome.TWO_TRUNKS, Outcome.TWO_DEFAULTS):
            assert outcome in stopping


@settings(max_examples=300)
@given(seeds)
def test_at_most_one_step_takes_the_call_and_all_others_say_why_not(dice: Random) -> None:
    world = World(dice)
    exchange = Exchange(world.trunks, world.rules)
    call = worlds.invite(dice, exchange.trunks, exchange.rules)
    decision = exchange.decide(call)
    taking = [step.trunk for step in decision.trunks if step.miss is None]
    assert taking == ([decision.trunk] if decision.trunk else taking[:2])
    if decision.outcome != Outcome.NO_ADDRESS:
        looked_at = {step.trunk.id for step in decision.trunks}
        others = [each for each in exchange.trunks if each.id not in looked_at]
        called = normalized(call.called)
        assert all(each.numbers for each in others)
        assert not any(called in map(normalized, each.numbers) for each in others)
    if decision.outcome == Outcome.ACCEPTED:
        chosen = [step.rule for step in decision.rules if step.miss is None]
        assert chosen == [decision.rule]
        assert not decision.asked_pin or (decision.rule and decision.rule.pin == call.pin)


@settings(max_examples=200)
@given(seeds, seeds)
def test_the_order_in_which_objects_are_given_decides_nothing(dice: Random, order: Random) -> None:
    world = World(dice)
    call = worlds.invite(dice, world.trunks, world.rules)
    decided = Exchange(world.trunks, world.rules).decide(call)
    order.shuffle(world.trunks)
    order.shuffle(world.rules)
    assert Exchange(world.trunks, world.rules).decide(call) == decided
