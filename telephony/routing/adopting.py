"""A LiveKit that already works, taken over: its connections and rules become rows of ours. Pure.

Connections and rules that belong together are taken together or not at all: a connection without
its rules would lose its callers. Each object keeps its id; what it does for callers stays, but who
answers is one of our assistants from then on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_noop

from telephony.numbers import pretty, spelled
from telephony.routing.actual import Actual
from telephony.routing.compile import Desired
from telephony.routing.edit import Change, Edit, laid_over
from telephony.routing.taking import (
    OTHERWISE,
    CannotError,
    Ground,
    addresses,
    callers,
    holds_rule,
    holds_trunk,
    key_for,
    login,
    numbers_of,
    refuse_unknown,
)
from telephony.routing.wish import Line
from veyra.livekit.types import DispatchRule, InboundTrunk
from veyra.sentences import Sentence

ROOM = "call-"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Connections and rules of LiveKit that belong together."""

    trunks: tuple[InboundTrunk, ...]
    rules: tuple[DispatchRule, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.trunks) | {each.id for each in self.rules}


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The rows to be made, the key that each object of LiveKit has then, and what cannot be taken
    and why, by LiveKit's ids.
    """

    edit: Edit
    claims: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Sentence] = field(default_factory=dict)


NO_NUMBERS = gettext_noop(
    "“%(name)s” takes calls to every number. Veyra publishes numbers one by one: write its numbers"
    " in LiveKit first, or create the connection here and delete it there."
)
NO_RULE = gettext_noop(
    "No rule answers the calls of “%(name)s”, so there is nothing to take over. Delete it in"
    " LiveKit, or create the connection here."
)
NO_TRUNK = gettext_noop(
    "“%(name)s” names no connection that could be taken over, so it answers no number. Delete it"
    " in LiveKit."
)
HERE_ALREADY = gettext_noop(
    "The number %(number)s of “%(name)s” is here already. Delete it here or there, then take over."
)
HALF_LOGIN = gettext_noop(
    "“%(name)s” has only one of login and password, so it asks nobody for them. Correct that in"
    " LiveKit first."
)
ROOMS = gettext_noop("“%(name)s” gives callers attributes that Veyra does not keep.")
MIXED = gettext_noop("“%(name)s” writes its callers in more than one way.")
NOT_AS_IT_IS = gettext_noop("“%(name)s” would not come out as it stands in LiveKit: %(why)s")
TOGETHER = gettext_noop("It belongs together with another one that cannot be taken over: %(why)s")


def groups(actual: Actual, ids: Iterable[str]) -> list[Group]:
    """What of these ids belongs together. A rule without connections is for all of them."""
    wanted = set(ids)
    trunks = [each for each in actual.trunks if each.id in wanted]
    rules = [each for each in actual.rules if each.id in wanted]
    known = {each.id for each in trunks}
    named = {each.id: set(each.trunk_ids) & known if each.trunk_ids else known for each in rules}
    found: list[set[str]] = [{each.id} for each in trunks]
    for rule in rules:
        joined = [part for part in found if part & named[rule.id]]
        found = [part for part in found if part not in joined]
        found.append({rule.id}.union(*joined))
    return [
        Group(
            trunks=tuple(each for each in trunks if each.id in part),
            rules=tuple(each for each in rules if each.id in part),
        )
        for part in found
    ]


def adopt(ground: Ground, actual: Actual, ids: Iterable[str], agent: str) -> Adoption:
    """`agent`: the key of the assistant that answers from then on."""
    changes: list[Change] = []
    claims: dict[str, str] = {}
    refused: dict[str, Sentence] = {}
    for group in groups(actual, ids):
        now = replace(ground, line=laid_over(ground.line, Edit(changes=tuple(changes))))
        try:
            edit, keys = _taken(now, group, agent)
        except _RefusedError as error:
            together = Sentence(TOGETHER, {"why": str(error.sentence)})
            refused |= dict.fromkeys(group.ids, together) | {error.livekit_id: error.sentence}
            continue
        changes += edit.changes
        claims |= keys
    return Adoption(edit=Edit(changes=tuple(changes)), claims=claims, refused=refused)


class _RefusedError(Exception):
    def __init__(self, livekit_id: str, sentence: Sentence) -> None:
        super().__init__(livekit_id)
        self.livekit_id, self.sentence = livekit_id, sentence


def _refuse(found: InboundTrunk | DispatchRule, msgid: str, **values: str) -> _RefusedError:
    return _RefusedError(found.id, Sentence(msgid, {"name": found.name or found.id, **values}))


def _taken(ground: Ground, group: Group, agent: str) -> tuple[Edit, dict[str, str]]:
    """The rows of one group, and the keys of its objects. Raises _RefusedError."""
    keys = {each: key_for(ground.line, each) for each in sorted(group.ids)}
    changes: list[Change] = []
    for trunk in group.trunks:
        try:
            changes += _trunk_rows(ground, group, trunk, keys)
        except CannotError as error:
            raise _RefusedError(trunk.id, error.sentence) from error
    for rule in group.rules:
        try:
            changes.append(_rule_row(ground.line, group, rule, keys, agent))
        except CannotError as error:
            raise _RefusedError(rule.id, error.sentence) from error
    edit = Edit(changes=tuple(changes))
    return edit, dict(_claims(ground.compiled(edit), group, keys))


def _trunk_rows(
    ground: Ground, group: Group, trunk: InboundTrunk, keys: Mapping[str, str]
) -> Iterator[Change]:
    line = ground.line
    refuse_unknown(trunk)
    if not trunk.numbers:
        raise _refuse(trunk, NO_NUMBERS)
    if bool(trunk.auth_username) != bool(trunk.auth_password):
        raise _refuse(trunk, HALF_LOGIN)
    rules = [each for each in group.rules if trunk.id in each.trunk_ids or not each.trunk_ids]
    if not rules:
        raise _refuse(trunk, NO_RULE)
    numbers = numbers_of(trunk)
    here = {each.number for each in line.numbers if not each.archived} & numbers
    if here:
        raise _refuse(trunk, HERE_ALREADY, number=pretty(min(here)))
    taken = {each.name for each in line.trunks}
    values: dict[str, Any] = {
        "name": _free(trunk.name or trunk.id, taken, trunk.id),
        "addresses": addresses(trunk, ground.admit),
        "spelling": _spelling(rules),
        **login(trunk),
    }
    yield Change(model="trunk", key=keys[trunk.id], values=values)
    for number in sorted(numbers):
        row = {"number": number, "trunk": keys[trunk.id]}
        yield Change(model="number", key=key_for(line, trunk.id, number), values=row)


def _free(name: str, taken: Iterable[str], livekit_id: str) -> str:
    """The name, or where another row has it, the name with LiveKit's id behind it."""
    name = name[:70]
    return f"{name} ({livekit_id})"[:100] if name in set(taken) else name


def _spelling(rules: Iterable[DispatchRule]) -> str:
    """How the provider writes callers, as far as the rules' lists of callers tell."""
    for rule in rules:
        for spelling in ("plus", "digits", "national"):
            numbers = callers(rule).splitlines()
            written = sorted(spelled(each, spelling) for each in numbers)
            if numbers and written == sorted(rule.inbound_numbers):
                return spelling
        if rule.inbound_numbers:
            raise _refuse(rule, MIXED)
    return "any"


def _rule_row(
    line: Line, group: Group, rule: DispatchRule, keys: Mapping[str, str], agent: str
) -> Change:
    refuse_unknown(rule)
    if rule.attributes:
        raise _refuse(rule, ROOMS)
    trunks = [
        keys[each.id] for each in group.trunks if each.id in rule.trunk_ids or not rule.trunk_ids
    ]
    if not trunks:
        raise _refuse(rule, NO_TRUNK)
    taken = {each.name for each in line.rules}
    values = {
        "name": _free(rule.name or rule.id, taken, rule.id),
        "agent": agent,
        "trunks": trunks,
        "kind": rule.kind,
        "room": rule.room or ROOM,
        "pin": rule.pin,
        "callers": callers(rule),
    }
    return Change(model="rule", key=keys[rule.id], values=values)


def _claims(after: Desired, group: Group, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(LiveKit's id, our key) of each object, which must come out as it stands."""
    why = next((str(each.sentence) for each in after.problems if each.stops), "")
    for trunk in group.trunks:
        made = [each for each in after.trunks if each.source == keys[trunk.id]]
        if len(made) != 1 or not holds_trunk(made[0], trunk):
            raise _refuse(trunk, NOT_AS_IT_IS, why=why or str(Sentence(OTHERWISE)))
        yield trunk.id, made[0].key
    for rule in group.rules:
        rows = [each for each in after.rules if each.source == keys[rule.id]]
        same = replace(rule, room=rule.room or ROOM)
        if len(rows) != 1 or not holds_rule(rows[0], same):
            raise _refuse(rule, NOT_AS_IT_IS, why=why or str(Sentence(OTHERWISE)))
        yield rule.id, rows[0].key
