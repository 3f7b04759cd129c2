"""The steps from what LiveKit has to what it should have, in an order that loses no caller.

Two habits of LiveKit shape the order. It refuses to create a trunk with a number that another
trunk has, and to add one to a trunk that keeps any of its numbers; but it lets a trunk with
wholly other numbers take over a list. And a call to a number that no trunk has, or whose trunk no
rule names, is met with silence, while a number that two trunks have is met with 503, which
providers try again.

So a number moves by a new trunk beside the old one: created with a number that nobody can call,
named by its rules, then given its numbers, and at once the old holders lose theirs (law 12). A
plan broken off anywhere leaves a state from which the next plan goes on, doubled numbers first.

What somebody changed in LiveKit is held: no step touches it, and the others go round it.
"""

import hashlib
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TypeVar

from telephony.routing.actual import Actual, normals, same_rule, same_trunk
from telephony.routing.compile import Desired, DesiredRule, DesiredTrunk
from telephony.routing.hands import Hands, Held, foreign, look
from telephony.routing.outplan import outbound_steps
from telephony.routing.reality import fit
from telephony.routing.steps import (
    NEW,
    Action,
    calls_of,
    in_safe_order,
    rule_step,
    trunk_step,
)
from telephony.routing.wish import Problem
from veyra.livekit.conflicts import normalized
from veyra.livekit.types import DispatchRule, InboundTrunk

NOWHERE = "veyra-"

Form = Callable[[DesiredRule], DispatchRule]
Owned = TypeVar("Owned", InboundTrunk, DispatchRule)


@dataclass(frozen=True)
class Plan:
    """The steps, what LiveKit will have after them, what cannot be done and why, what waits for a
    person, and the ids of what this Veyra does not manage.
    """

    actions: tuple[Action, ...]
    desired: Desired
    problems: tuple[Problem, ...]
    held: tuple[Held, ...] = ()
    foreign: tuple[str, ...] = ()


def plan(
    desired: Desired, actual: Actual, known: Mapping[str, str], restore: Set[str] = frozenset()
) -> Plan:
    """`known`: the ids that we remember of our objects, by key; others of ours are adopted.

    `restore`: ids of objects whose change by another hand a person wants undone.
    """
    hands = look(desired, actual, known, restore)
    possible, problems = fit(desired, hands)
    planner = _Planner(possible, hands)
    adopted = planner.adopted(known)
    planner.run()
    held = tuple(hands.held[livekit_id] for livekit_id in sorted(hands.held))
    outgoing = outbound_steps(possible, hands, known)
    return Plan((*adopted, *planner.actions, *outgoing), possible, problems, held, foreign(hands))


class _Planner:
    """Walks from the actual objects to the desired ones and notes each step."""

    def __init__(self, desired: Desired, hands: Hands) -> None:
        self.desired, self.hands = desired, hands
        self.actions: list[Action] = []
        # Ours, by id, as they stand after the steps noted so far.
        self.trunks = {each.id: each for each in hands.actual.trunks if hands.may_change(each)}
        self.rules = {each.id: each for each in hands.actual.rules if hands.may_change(each)}
        # Their content may be right, but their seal is not.
        self.unsealed = hands.touched - hands.held.keys()
        # Which object is the one for a key, or becomes it.
        self.rule_ids = {hands.key(each): each.id for each in reversed(_sorted(self.rules))}
        self.trunk_ids = dict(hands.frozen)
        self.movers: list[DesiredTrunk] = []
        # Calls of the rules as they will be while numbers move.
        self.claimed: set[tuple[str, ...]] = set()
        self._single_out()
        for wanted in desired.trunks:
            self._choose(wanted)

    def _choose(self, wanted: DesiredTrunk) -> None:
        """Keep an object of the same key, or move the numbers to a new one beside it."""
        same = [each for each in _sorted(self.trunks) if self.hands.key(each) == wanted.key]
        numbers = normals(wanted.value.numbers)
        real = [each for each in same if not _is_spare(each)]
        kept = max(real, key=lambda each: len(numbers & normals(each.numbers)), default=None)
        gained = numbers - normals(kept.numbers) if kept else numbers
        others = (each for each in self.trunks.values() if each is not kept)
        taken = any(gained & normals(each.numbers) for each in others)
        spare = next((each for each in same if _is_spare(each)), None)
        if kept and not taken:
            self.trunk_ids[wanted.key] = kept.id
            return
        self.trunk_ids[wanted.key] = spare.id if spare else NEW + wanted.key
        if taken or spare:
            self.movers.append(wanted)

    def adopted(self, known: Mapping[str, str]) -> list[Action]:
        trunks = [
            trunk_step("adopt", key, livekit_id, self.trunks[livekit_id])
            for key, livekit_id in self.trunk_ids.items()
            if livekit_id in self.trunks and known.get(key) != livekit_id
        ]
        rules = [
            rule_step("adopt", rule.key, livekit_id, self.rules[livekit_id])
            for rule in self.desired.rules
            if (livekit_id := self.rule_ids.get(rule.key)) and known.get(rule.key) != livekit_id
        ]
        return [*trunks, *rules]

    def run(self) -> None:
        for wanted in self.desired.trunks:
            self._create(wanted)
        self._change_rules(self._grown)
        for wanted in self.movers:
            self._write(wanted, wanted.value, needs=self._served_by(wanted))
            self._take_from_others(wanted)
        for wanted in self.desired.trunks:
            livekit_id = self.trunk_ids[wanted.key]
            same = same_trunk(self.trunks[livekit_id], wanted.value)
            if not same or livekit_id in self.unsealed:
                self._write(wanted, wanted.value)
        self._change_rules(self._final)
        self._clean()

    def _take_from_others(self, wanted: DesiredTrunk) -> None:
        """What the trunk has now, no other trunk of ours has after this."""
        mine, numbers = self.trunk_ids[wanted.key], normals(wanted.value.numbers)
        for livekit_id in sorted(set(self.trunks) - {mine}):
            self._shrink(livekit_id, numbers, frozenset({wanted.key}))

    def _single_out(self) -> None:
        """Leave each number on one trunk of ours: what a crash or another hand doubled gets 503.

        From the least fitting trunk up, so that what a trunk keeps is never on another.
        """
        wanted = {each.key: normals(each.value.numbers) for each in self.desired.trunks}
        named = {each for rule in self.rules.values() for each in rule.trunk_ids}

        def misfit(trunk: InboundTrunk) -> tuple[bool, int, bool, str]:
            surplus = normals(trunk.numbers) - wanted.get(self.hands.key(trunk), set())
            return (
                self.hands.key(trunk) not in wanted,
                len(surplus),
                trunk.id not in named,
                trunk.id,
            )

        order = sorted(self.trunks.values(), key=misfit)
        for place, trunk in reversed(list(enumerate(order))):
            better = set().union(*(normals(each.numbers) for each in order[:place]))
            self._shrink(trunk.id, better, frozenset())

    def _shrink(self, livekit_id: str, numbers: set[str], needs: frozenset[str]) -> None:
        """Take `numbers` from a trunk of ours, if it has any of them."""
        holder = self.trunks[livekit_id]
        if not numbers & normals(holder.numbers):
            return
        left = tuple(text for text in holder.numbers if normalized(text) not in numbers)
        owner = self._owner(livekit_id)
        if left:
            self._replace(livekit_id, replace(holder, numbers=left), needs)
        elif owner:
            # A trunk without numbers would take every call; nothing is left to wait for.
            self._replace(livekit_id, owner.value, needs)
        else:
            self._delete(livekit_id, needs)

    def _owner(self, livekit_id: str) -> DesiredTrunk | None:
        return next(
            (each for each in self.desired.trunks if self.trunk_ids.get(each.key) == livekit_id),
            None,
        )

    def _create(self, wanted: DesiredTrunk) -> None:
        livekit_id = self.trunk_ids[wanted.key]
        if livekit_id in self.trunks:
            return
        value = wanted.value
        if wanted in self.movers:
            value = replace(value, numbers=(_nowhere(wanted.key),))
        self.actions.append(trunk_step("create", wanted.key, livekit_id, value))
        self.trunks[livekit_id] = value

    def _write(
        self, wanted: DesiredTrunk, value: InboundTrunk, needs: frozenset[str] = frozenset()
    ) -> None:
        self._replace(self.trunk_ids[wanted.key], value, needs)

    def _replace(self, livekit_id: str, value: InboundTrunk, needs: frozenset[str]) -> None:
        self.actions.append(trunk_step("replace", self.hands.key(value), livekit_id, value, needs))
        self.trunks[livekit_id] = value
        self.unsealed -= {livekit_id}

    def _delete(self, livekit_id: str, needs: frozenset[str]) -> None:
        gone = self.trunks.pop(livekit_id)
        self.actions.append(trunk_step("delete", self.hands.key(gone), livekit_id, gone, needs))

    def _served_by(self, wanted: DesiredTrunk) -> frozenset[str]:
        """Numbers go to a trunk only when it stands and its rules name it."""
        rules = (rule.key for rule in self.desired.rules if wanted.key in rule.trunks)
        return frozenset({wanted.key, *rules})

    def _grown(self, wanted: DesiredRule) -> DispatchRule:
        """The rule with its new trunks, and still with the old ones whose numbers are to move."""
        final = self._final(wanted)
        mine = self.rule_ids.get(wanted.key, "")
        now = self.rules.get(mine)
        others = [rule for livekit_id, rule in self.rules.items() if livekit_id != mine]
        theirs = self.claimed.union(*map(calls_of, others))
        old = [
            each
            for each in (now.trunk_ids if now else ())
            if each in self.trunks
            and self._owner(each) is None
            and not calls_of(replace(final, trunk_ids=(each,))) & theirs
        ]
        grown = replace(final, trunk_ids=tuple(sorted({*final.trunk_ids, *old})))
        self.claimed |= calls_of(grown)
        return grown

    def _final(self, wanted: DesiredRule) -> DispatchRule:
        """The rule with its trunks, and with those that it names now and that are held."""
        now = self.rules.get(self.rule_ids.get(wanted.key, ""))
        held = {each for each in (now.trunk_ids if now else ()) if each in self.hands.held}
        ids = held | {self.trunk_ids[key] for key in wanted.trunks}
        return replace(wanted.value, trunk_ids=tuple(sorted(ids)))

    def _change_rules(self, form: Form) -> None:
        changes = []
        for wanted in self.desired.rules:
            livekit_id = self.rule_ids.get(wanted.key, NEW + wanted.key)
            value, now = form(wanted), self.rules.get(livekit_id)
            if now is None:
                changes.append(rule_step("create", wanted.key, livekit_id, value))
            elif not same_rule(now, value) or livekit_id in self.unsealed:
                needs = frozenset(wanted.trunks) if form == self._final else frozenset()
                changes.append(rule_step("replace", wanted.key, livekit_id, value, needs))
        for step in in_safe_order(self.rules, changes, self._stale_rules(frozenset())):
            self._note_rule(step)

    def _note_rule(self, step: Action) -> None:
        self.actions.append(step)
        if step.verb == "delete":
            del self.rules[step.livekit_id]
        elif step.rule is not None:
            self.unsealed -= {step.livekit_id}
            self.rules[step.livekit_id] = step.rule
            self.rule_ids[step.key] = step.livekit_id

    def _stale_rules(self, needs: frozenset[str]) -> list[Action]:
        stay = {self.rule_ids.get(rule.key) for rule in self.desired.rules}
        return [
            rule_step("delete", self.hands.key(rule), livekit_id, rule, needs)
            for livekit_id, rule in sorted(self.rules.items())
            if livekit_id not in stay
        ]

    def _clean(self) -> None:
        """Nothing goes while a move may have failed: the old way must then stay open."""
        moved = frozenset(each.key for each in self.movers)
        stay = set(self.trunk_ids.values())
        for livekit_id in sorted(set(self.trunks) - stay):
            self._delete(livekit_id, moved)
        for step in self._stale_rules(moved):
            self._note_rule(step)


def _sorted(objects: Mapping[str, Owned]) -> list[Owned]:
    return [objects[livekit_id] for livekit_id in sorted(objects)]


def _nowhere(key: str) -> str:
    """A number that nobody can call, one for each key."""
    return NOWHERE + hashlib.sha256(key.encode()).hexdigest()[:16]


def _is_spare(trunk: InboundTrunk) -> bool:
    return bool(trunk.numbers) and all(text.startswith(NOWHERE) for text in trunk.numbers)
