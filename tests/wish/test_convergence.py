"""From any state of LiveKit and any crash, apply brings it to what is saved."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from telephony.routing.actual import key_of, normals, same_rule, same_trunk
from telephony.routing.compile import Desired
from telephony.routing.plan import plan
from telephony.routing.steps import Action
from telephony.routing.wish import Line
from telephony.sync import TOGETHER, batches, carry_out, read
from tests.wish.lines import (
    ELSEWHERE,
    HERE,
    NUMBERS,
    SEAL,
    compiled,
    number,
    rule,
    trunk,
    whole_lines,
)
from veyra.livekit.conflicts import normalized
from veyra.livekit.simulator.store import Store
from veyra.livekit.types import DispatchRule, InboundTrunk

SOME = settings(
    max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


# After so many steps; and of those that were under way together, these had not come to anything.
Crash = tuple[int, set[int]]
crashes = st.tuples(st.integers(0, 12), st.sets(st.integers(0, TOGETHER - 1)))


def until(crash: Crash | None, actions: Sequence[Action]) -> Sequence[Action]:
    if crash is None or not (begun := list(batches(actions[: crash[0]]))):
        return actions if crash is None else ()
    *done, last = begun
    return [*chain(*done), *(each for n, each in enumerate(last) if n not in crash[1])]


def step(store: Store, line: Line, crash: Crash | None = None, installation: str = HERE) -> int:
    """One apply, broken off somewhere; how many steps it had."""
    actions = plan(compiled(line, installation), read(store), {}).actions
    for result in carry_out(until(crash, actions), store, SEAL):
        assert result.done, result.error
    return len([each for each in actions if each.verb != "adopt"])


def settle(store: Store, line: Line, installation: str = HERE) -> None:
    for _ in range(3):
        if not step(store, line, None, installation):
            return
    raise AssertionError("it does not come to rest")


def is_as_wanted(store: Store, wanted: Desired) -> bool:
    """Exactly the wanted objects, each once, with the wanted values."""
    trunks = {key_of(each.metadata, HERE): each for each in store.trunks.values() if ours(each)}
    rules = {key_of(each.metadata, HERE): each for each in store.rules.values() if ours(each)}
    ids = {key: each.id for key, each in trunks.items()}
    return (
        len(trunks) == len([each for each in store.trunks.values() if ours(each)])
        and len(rules) == len([each for each in store.rules.values() if ours(each)])
        and set(trunks) == {each.key for each in wanted.trunks}
        and set(rules) == {each.key for each in wanted.rules}
        and all(same_trunk(trunks[each.key], each.value) for each in wanted.trunks)
        and all(
            same_rule(
                rules[each.key], replace(each.value, trunk_ids=tuple(ids[k] for k in each.trunks))
            )
            for each in wanted.rules
        )
    )


def ours(each: InboundTrunk | DispatchRule) -> bool:
    return key_of(each.metadata, HERE) is not None


@SOME
@given(st.lists(st.tuples(whole_lines(), st.none() | crashes), max_size=3), whole_lines())
def test_apply_converges_from_any_state_and_any_crash(
    history: list[tuple[Line, Crash | None]], line: Line
) -> None:
    store = Store()
    for before, crash in history:
        step(store, before, crash)
    settle(store, line)
    assert is_as_wanted(store, compiled(line))


@SOME
@given(whole_lines(), whole_lines(), st.integers(0, 12))
def test_a_call_is_never_met_with_silence_while_its_number_moves(
    before: Line, after: Line, crash: int
) -> None:
    """A number that both lines serve has a trunk with a rule at every moment.

    But for the numbers of rules that change places: LiveKit refuses either of them first, so one
    is away for a moment.
    """
    store = Store()
    settle(store, before)
    wanted = compiled(after)
    steps = plan(wanted, read(store), {}).actions
    kept = served(store) & {n for each in wanted.trunks for n in normals(each.value.numbers)}
    kept -= numbers_of(changing_places(steps), store)
    for result in carry_out(steps[:crash], store, SEAL):
        assert result.done
        assert kept <= served(store)


def changing_places(steps: Sequence[Action]) -> list[DispatchRule]:
    """The rules that are deleted to be created again."""
    created = {each.key for each in steps if each.verb == "create"}
    gone = [each for each in steps if each.verb == "delete" and each.key in created]
    return [each.rule for each in gone if each.rule]


def numbers_of(rules: Sequence[DispatchRule], store: Store) -> set[str]:
    trunks = {each for rule in rules for each in rule.trunk_ids}
    return {
        n for each in trunks if each in store.trunks for n in normals(store.trunks[each].numbers)
    }


def served(store: Store) -> set[str]:
    """Numbers whose trunk is named by some rule."""
    named = {each for found in store.rules.values() for each in found.trunk_ids}
    return {
        normalized(text)
        for each in store.trunks.values()
        if each.id in named
        for text in each.numbers
    }


FOREIGN_TRUNK = InboundTrunk(id="ST_other", name="theirs", numbers=(NUMBERS[0], "84991124149"))
FOREIGN_RULE = DispatchRule(id="SDR_other", name="theirs", trunk_ids=("ST_other",), room="x")


@SOME
@given(st.lists(whole_lines(), min_size=1, max_size=3))
def test_foreign_objects_are_never_touched_and_their_numbers_are_not_taken(
    history: list[Line],
) -> None:
    store = Store(trunks={"ST_other": FOREIGN_TRUNK}, rules={"SDR_other": FOREIGN_RULE})
    for line in history:
        settle(store, line)
    assert store.trunks["ST_other"] == FOREIGN_TRUNK
    assert store.rules["SDR_other"] == FOREIGN_RULE
    mine = [normals(each.numbers) for each in store.trunks.values() if ours(each)]
    assert not any(normalized(NUMBERS[0]) in numbers for numbers in mine)


@SOME
@given(
    whole_lines(),
    st.lists(st.tuples(whole_lines(), st.none() | crashes), min_size=1, max_size=3),
)
def test_another_veyra_s_objects_are_never_touched(
    theirs: Line, history: list[tuple[Line, Crash | None]]
) -> None:
    """Two installations on one LiveKit, with the same rows even: one was copied from the other."""
    store = Store()
    settle(store, theirs, ELSEWHERE)
    before = of_installation(store, ELSEWHERE)
    for line, crash in history:
        step(store, line, crash)
        assert of_installation(store, ELSEWHERE) == before
    settle(store, history[-1][0])
    assert of_installation(store, ELSEWHERE) == before
    mine = of_installation(store, HERE)
    settle(store, theirs, ELSEWHERE)
    assert of_installation(store, HERE) == mine


def of_installation(store: Store, installation: str) -> list[InboundTrunk | DispatchRule]:
    objects: list[InboundTrunk | DispatchRule] = [*store.trunks.values(), *store.rules.values()]
    return [each for each in objects if key_of(each.metadata, installation)]


@SOME
@given(whole_lines())
def test_no_rule_of_ours_is_ever_a_catch_all_and_no_trunk_has_no_numbers(line: Line) -> None:
    store = Store()
    settle(store, line)
    assert all(each.trunk_ids for each in store.rules.values())
    assert all(each.numbers for each in store.trunks.values())


def test_objects_that_a_crash_left_are_adopted() -> None:
    store = Store()
    line = Line(trunks=(trunk(),), numbers=(number(0),), rules=(rule(trunks=("t1",)),))
    settle(store, line)
    again = plan(compiled(line), read(store), {})
    assert [each.verb for each in again.actions] == ["adopt", "adopt"]
    known = {each.key: each.livekit_id for each in again.actions}
    assert plan(compiled(line), read(store), known).actions == ()


def test_a_number_moves_by_add_then_remove_back_to_back() -> None:
    store = Store()
    trunks, numbers = (trunk(),), (number(0), number(1), number(2))
    one, two = rule("r1", numbers=("n0", "n1")), rule("r2", numbers=("n2",))
    settle(store, Line(trunks=trunks, numbers=numbers, rules=(one, two)))
    one, two = replace(one, numbers=("n0",)), replace(two, numbers=("n1", "n2"))
    after = Line(trunks=trunks, numbers=numbers, rules=(one, two))
    steps = plan(compiled(after), read(store), {}).actions
    verbs = [f"{each.verb} {each.kind}" for each in steps if each.verb != "adopt"]
    assert verbs[:3] == [
        "create trunk",  # beside the old one, with a number that nobody can call
        "replace rule",  # names both
        "replace trunk",  # the numbers are on it...
    ]
    assert sorted(verbs[3:5]) == ["delete trunk", "replace trunk"]  # ...and not on the others
    assert verbs[5:] == ["replace rule"]
