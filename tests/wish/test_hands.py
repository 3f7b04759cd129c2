"""Another hand in our objects: held for a person, restored or taken as he decides."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from telephony.routing.actual import key_of, plain
from telephony.routing.compile import Desired
from telephony.routing.edit import laid_over
from telephony.routing.plan import Plan, plan
from telephony.routing.seal import is_intact, sealed
from telephony.routing.taking import CannotError, Ground, take
from telephony.routing.wish import Line
from telephony.sync import carry_out, read
from tests.wish.lines import HERE, NUMBERS, SEAL, compiled, number, rule, trunk, whole_lines
from tests.wish.test_convergence import is_as_wanted, ours, settle
from veyra.livekit.conflicts import between_rules
from veyra.livekit.simulator.store import Store
from veyra.livekit.types import DispatchRule, InboundTrunk

SOME = settings(max_examples=40, deadline=None)
Known = Mapping[str, str]


def ids(store: Store) -> dict[str, str]:
    """What we remember of our objects."""
    objects: list[InboundTrunk | DispatchRule] = [*store.trunks.values(), *store.rules.values()]
    return {key: each.id for each in objects if (key := key_of(each.metadata, HERE))}


def drift(store: Store, kind: int) -> None:
    """Somebody else's hand: he deletes, changes, copies, or writes anew without our mark."""
    trunk_ids, rule_ids = sorted(store.trunks), sorted(store.rules)
    if kind == 0 and trunk_ids:
        store.trunks.pop(trunk_ids[0])
    if kind == 1 and rule_ids:
        store.rules.pop(rule_ids[0])
    if kind == 2 and trunk_ids:
        old = store.trunks[trunk_ids[-1]]
        store.trunks[old.id] = replace(old, numbers=(NUMBERS[0],), auth_username="x")
    if kind == 3 and rule_ids:
        old_rule = store.rules[rule_ids[-1]]
        store.rules[old_rule.id] = replace(old_rule, pin="", room="theirs-")
    if kind == 4 and rule_ids:
        store.rules["SDR_twin"] = replace(store.rules[rule_ids[0]], id="SDR_twin")
    if kind == 5 and trunk_ids:
        store.trunks["ST_twin"] = replace(store.trunks[trunk_ids[0]], id="ST_twin")
    if kind == 6 and trunk_ids:
        old = store.trunks[trunk_ids[0]]
        store.trunks[old.id] = replace(old, metadata="", name="by hand")


def apply(store: Store, wanted: Desired, known: Known, restore: frozenset[str]) -> Plan:
    """One look and what it leads to; a refusal is not what these tests are about."""
    steps = plan(wanted, read(store), known, restore)
    for _result in carry_out(steps.actions, store, SEAL):
        pass
    return steps


def rest(store: Store, wanted: Desired, known: Known) -> Plan:
    """Looks until nothing is left to do."""
    for _ in range(3):
        steps = apply(store, wanted, known, frozenset())
        if not [each for each in steps.actions if each.verb != "adopt"]:
            return steps
    raise AssertionError("it does not come to rest")


def of(store: Store, livekit_id: str) -> InboundTrunk | DispatchRule | None:
    return store.trunks.get(livekit_id) or store.rules.get(livekit_id)


HANDS = st.lists(st.integers(0, 6), min_size=1, max_size=3)


@SOME
@given(whole_lines(), HANDS)
def test_what_is_held_is_never_overwritten_and_what_is_missing_comes_back(
    line: Line, hands: list[int]
) -> None:
    store, wanted = Store(), compiled(line)
    settle(store, line)
    known = ids(store)
    for kind in hands:
        drift(store, kind)
    # LiveKit writes no rule while two that it has are in conflict, as a changed one and its copy,
    # or one that lost its PIN and its neighbour.
    assume(between_rules(store.rules.values()) is None)
    held = plan(wanted, read(store), known).held
    before = {each.livekit_id: of(store, each.livekit_id) for each in held}
    steps = rest(store, wanted, known)
    assert {each.livekit_id for each in steps.held} == set(before)
    assert {each: of(store, each) for each in before} == before
    there = set(ids(store)) | {each.key for each in steps.held}
    assert {each.key for each in steps.desired.trunks} <= there
    assert {each.key for each in steps.desired.rules} <= there


@SOME
@given(whole_lines(), whole_lines(), HANDS)
def test_a_new_wish_does_not_overwrite_what_is_held_either(
    before: Line, line: Line, hands: list[int]
) -> None:
    store = Store()
    settle(store, before)
    known = ids(store)
    for kind in hands:
        drift(store, kind)
    held = plan(compiled(line), read(store), known).held
    theirs = {each.livekit_id: of(store, each.livekit_id) for each in held}
    apply(store, compiled(line), known, frozenset())
    assert {each: of(store, each) for each in theirs} == theirs


@SOME
@given(whole_lines(), HANDS)
def test_restore_ours_converges_in_one_apply(line: Line, hands: list[int]) -> None:
    store, wanted = Store(), compiled(line)
    settle(store, line)
    known = ids(store)
    for kind in hands:
        drift(store, kind)
    restore = frozenset(each.livekit_id for each in plan(wanted, read(store), known).held)
    apply(store, wanted, known, restore)
    after = plan(wanted, read(store), ids(store))
    assert [each for each in after.actions if each.verb != "adopt"] == []
    assert after.held == ()
    # A copy without our mark is somebody else's; all that can stand beside it does.
    assert is_as_wanted(store, after.desired)


@SOME
@given(whole_lines(), st.sampled_from([2, 3]))
def test_after_taking_theirs_the_plan_is_empty_and_theirs_stands(line: Line, hand: int) -> None:
    line = replace(line, installation=HERE, seal=SEAL)
    store = Store()
    settle(store, line)
    drift(store, hand)
    for held in plan(compiled(line), read(store), ids(store)).held:
        try:
            edit = take(Ground(line=line, resolved={}), held)
        except CannotError:
            continue
        after = compiled(laid_over(line, edit))
        apply(store, after, ids(store), frozenset({held.livekit_id}))
        assert plan(after, read(store), ids(store)).actions == ()
        there = of(store, held.livekit_id)
        assert there is None or is_intact(there, SEAL)


def test_a_changed_room_and_number_can_be_taken() -> None:
    line = Line(
        installation=HERE,
        seal=SEAL,
        trunks=(trunk(),),
        numbers=(number(0), number(1)),
        rules=(rule(trunks=("t1",)),),
    )
    store = Store()
    settle(store, line)
    for each in list(store.trunks.values()):
        store.trunks[each.id] = replace(each, numbers=(*each.numbers[:1], "+74950000000"))
    for found in list(store.rules.values()):
        store.rules[found.id] = replace(found, room="theirs-")
    after = line
    for held in plan(compiled(line), read(store), ids(store)).held:
        after = laid_over(after, take(Ground(line=after, resolved={}), held))
    apply(store, compiled(after), ids(store), frozenset({*store.trunks, *store.rules}))
    (there,) = store.trunks.values()
    assert set(there.numbers) >= {NUMBERS[0], "+74950000000"}
    assert NUMBERS[1] not in there.numbers
    assert [found.room for found in store.rules.values()] == ["theirs-"]
    assert plan(compiled(after), read(store), ids(store)).actions == ()


def test_a_seal_holds_for_the_object_as_it_is_and_for_no_other() -> None:
    store = Store()
    settle(store, Line(trunks=(trunk(),), numbers=(number(0),), rules=(rule(trunks=("t1",)),)))
    objects: list[InboundTrunk | DispatchRule] = [*store.trunks.values(), *store.rules.values()]
    for each in objects:
        assert ours(each)
        assert is_intact(each, SEAL)
        assert not is_intact(each, "another key")
        assert not is_intact(replace(each, name="by hand"), SEAL)
        again = sealed(each, SEAL)
        assert plain(again) == plain(each)
        assert again.metadata == each.metadata
