"""What LiveKit refuses when a trunk or a rule is written, in its own words. Pure.

As livekit-server v1.13.5 does it, holes included: held against the real one by
tests/matching/test_against_livekit.py. The lists of stored objects may come in any order.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import TypeVar

from veyra.livekit.types import DispatchRule, InboundTrunk

PHONE = re.compile(r"\+?[0-9\- ()]+")
FORMATTING = str.maketrans("", "", " -()")
# Go's %q, as far as names and numbers need it.
QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})

Owned = TypeVar("Owned", InboundTrunk, DispatchRule)


@dataclass(frozen=True)
class Refusal:
    """LiveKit's answer to a write that it does not accept. `code` is Twirp's word.

    `between`: the ids of the two objects that take the same calls ("" is the one being made), or
    nothing.
    """

    message: str
    code: str = "invalid_argument"
    between: tuple[str, ...] = ()


@lru_cache(maxsize=1 << 16)
def normalized(number: str) -> str:
    """+79990001122 for its spellings with blanks, brackets and dashes, with or without the plus.

    8999… stays another number, and what is no number stays as it is.
    """
    if not PHONE.fullmatch(number):
        return number
    digits = number.translate(FORMATTING)
    return digits if digits.startswith("+") else f"+{digits}"


def creating_trunk(trunks: Iterable[InboundTrunk], new: InboundTrunk) -> Refusal | None:
    """Why LiveKit, having `trunks`, does not make `new`."""
    if new.id:
        return Refusal("trunk id must not be set")
    if refusal := _unsafe(new):
        return refusal
    return between_trunks(_with(_sharing_number(trunks, new.numbers), new))


def replacing_trunk(
    trunks: Iterable[InboundTrunk], livekit_id: str, new: InboundTrunk
) -> Refusal | None:
    """Why LiveKit does not put `new` in the place of the trunk with that id.

    Accepted even onto a number that another trunk has: LiveKit looks at the trunks that now have
    one of the new numbers, and the one being replaced is among them only if it has one already.
    """
    trunks = list(trunks)
    if not livekit_id:
        return Refusal("trunk id must be set")
    if new.id not in ("", livekit_id):
        return Refusal("trunk id in the info must be empty or match the id in the update")
    if refusal := _unsafe(new):
        return refusal
    if all(trunk.id != livekit_id for trunk in trunks):
        return Refusal("requested sip trunk does not exist", "not_found")
    return between_trunks(_replaced(_sharing_number(trunks, new.numbers), livekit_id, new))


def creating_rule(rules: Iterable[DispatchRule], new: DispatchRule) -> Refusal | None:
    """Why LiveKit, having `rules`, does not make `new`.

    LiveKit looks at all rules, so a pair in conflict on one trunk keeps it from making any rule.
    """
    if new.id:
        return Refusal("rule id must not be set")
    return between_rules(_with(_sorted(rules), new))


def replacing_rule(
    rules: Iterable[DispatchRule], livekit_id: str, new: DispatchRule
) -> Refusal | None:
    """Why LiveKit does not put `new` in the place of the rule with that id.

    With the hole that `replacing_trunk` has, for trunks newly named.
    """
    rules = list(rules)
    if not livekit_id:
        return Refusal("rule id must be set")
    if new.id not in ("", livekit_id):
        return Refusal("rule id in the info must be empty or match the id in the update")
    if all(rule.id != livekit_id for rule in rules):
        return Refusal("requested sip dispatch rule does not exist", "not_found")
    return between_rules(_replaced(_sharing_trunk(rules, new.trunk_ids), livekit_id, new))


def between_trunks(trunks: Iterable[InboundTrunk]) -> Refusal | None:
    """The first two of `trunks`, in this order, with a called number and a caller in common.

    LiveKit compares neither addresses, nor a trunk for certain callers with one for all.
    """
    seen: dict[tuple[str, str], InboundTrunk] = {}
    for trunk in trunks:
        called = dict.fromkeys(map(normalized, trunk.numbers)) or {"": None}
        callers: dict[str, str | None] = {}
        for number in trunk.allowed_numbers:
            callers.setdefault(normalized(number), number)
        for key in product(called, callers or {"": None}):
            other = seen.setdefault(key, trunk)
            if other.id != trunk.id:
                return _trunk_conflict(trunk, other, callers.get(key[1]))
    return None


def between_rules(rules: Iterable[DispatchRule]) -> Refusal | None:
    """The first two of `rules`, in this order, with trunk, caller, number and PIN in common.

    A rule that has a caller, a number or a trunk twice is in conflict with itself.
    """
    seen: dict[tuple[str, str, str, str], DispatchRule] = {}
    for rule in rules:
        for call in calls_of(rule):
            if call in seen:
                return _rule_conflict(rule, seen[call])
            seen[call] = rule
    return None


def calls_of(rule: DispatchRule) -> list[tuple[str, str, str, str]]:
    """What LiveKit compares rules by: (PIN, trunk, caller, called); "" stands for any."""
    callers = [normalized(number) for number in rule.inbound_numbers] or [""]
    called = [normalized(number) for number in rule.numbers] or [""]
    return list(product((rule.pin,), rule.trunk_ids or ("",), callers, called))


def _sharing_trunk(rules: Iterable[DispatchRule], trunk_ids: Sequence[str]) -> list[DispatchRule]:
    """LiveKit's list of rules for any of these trunks: those for every trunk are always in it."""
    wanted = set(trunk_ids)
    return _sorted(
        rule for rule in rules if not wanted or not rule.trunk_ids or wanted & set(rule.trunk_ids)
    )


def _sharing_number(trunks: Iterable[InboundTrunk], numbers: Sequence[str]) -> list[InboundTrunk]:
    """LiveKit's list of trunks with any of these numbers: those without numbers always pass."""
    wanted = set(map(normalized, numbers))
    return _sorted(
        trunk
        for trunk in trunks
        if not wanted or not trunk.numbers or wanted & set(map(normalized, trunk.numbers))
    )


def _sorted(objects: Iterable[Owned]) -> list[Owned]:
    return sorted(objects, key=lambda each: each.id)


def _with(stored: list[Owned], new: Owned) -> list[Owned]:
    """LiveKit takes turns between its list and the new object, which so comes second."""
    stored.insert(1, new)
    return stored


def _replaced(objects: Iterable[Owned], livekit_id: str, new: Owned) -> Iterator[Owned]:
    new = replace(new, id=livekit_id)
    return (new if each.id == livekit_id else each for each in objects)


def _unsafe(trunk: InboundTrunk) -> Refusal | None:
    login = trunk.auth_username or trunk.auth_password
    if login or trunk.allowed_addresses or trunk.numbers:
        return None
    return Refusal(
        "for security, one of the fields must be set: "
        "AuthUsername+AuthPassword, AllowedAddresses or Numbers"
    )


def _trunk_conflict(trunk: InboundTrunk, other: InboundTrunk, caller: str | None) -> Refusal:
    tail = "without AllowedNumbers set" if caller is None else f"and AllowedNumber {_q(caller)}"
    pair = f"{_q(trunk.id or '<new>')} and {_q(other.id or '<new>')}"
    numbers = f"[{' '.join(map(_q, trunk.numbers))}]" if trunk.numbers else "<any>"
    message = f"Conflicting inbound SIP Trunks: {pair}, using the same number(s) {numbers} {tail}"
    return Refusal(message, between=(trunk.id, other.id))


def _rule_conflict(rule: DispatchRule, other: DispatchRule) -> Refusal:
    name, livekit_id = other.name or "<blank name>", other.id or "<new>"
    message = (
        "Dispatch rule for the same trunk, inbound number, number, and PIN combination "
        f"already exists in dispatch rule {_q(livekit_id)} {_q(name)}"
    )
    return Refusal(message, between=(rule.id, other.id))


def _q(text: str) -> str:
    return f'"{text.translate(QUOTED)}"'
