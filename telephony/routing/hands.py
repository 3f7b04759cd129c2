"""Which of our objects somebody changed in LiveKit, and which of those wait for a person. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from telephony.routing.actual import Actual, Found, Object, key_of, mark_of, plain
from telephony.routing.compile import Desired, metadata
from telephony.routing.seal import is_intact
from telephony.routing.steps import source_of
from veyra.livekit.types import InboundTrunk, OutboundTrunk


@dataclass(frozen=True, kw_only=True)
class Held:
    """An object of ours that somebody changed in LiveKit: it stays until a person decides.

    `ours` is what should be there, as far as its trunks exist; None: it should not be there at all.
    """

    livekit_id: str
    key: str
    theirs: Object
    ours: Object | None

    @property
    def kind(self) -> Literal["trunk", "rule", "outbound"]:
        if isinstance(self.theirs, OutboundTrunk):
            return "outbound"
        return "trunk" if isinstance(self.theirs, InboundTrunk) else "rule"

    @property
    def source(self) -> str:
        return source_of(self.key)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """LiveKit's lists, where each object of ours carries our mark again, and who was at it.

    `touched`: ours and not as we left them; what is not held of them is written anew.
    `frozen`: the id of the held object that stands for a key, where there is no other.
    """

    actual: Actual
    installation: str
    touched: frozenset[str] = frozenset()
    held: Mapping[str, Held] = field(default_factory=dict)
    frozen: Mapping[str, str] = field(default_factory=dict)

    def may_change(self, found: Object) -> bool:
        return bool(self.key(found)) and found.id not in self.held

    def key(self, found: Object) -> str:
        """The key of an object of ours; "" for another's."""
        return key_of(found.metadata, self.installation) or ""


def look(
    desired: Desired, actual: Actual, known: Mapping[str, str], restore: Set[str] = frozenset()
) -> Hands:
    """`known`: the ids that we remember of our objects, by key. `restore`: ids of objects that a
    person wants as we had them, whatever is there.
    """
    keys = {livekit_id: key for key, livekit_id in known.items()}
    actual = replace(
        actual,
        trunks=tuple(_claimed(each, keys, desired.installation) for each in actual.trunks),
        rules=tuple(_claimed(each, keys, desired.installation) for each in actual.rules),
        outbound=tuple(_claimed(each, keys, desired.installation) for each in actual.outbound),
    )
    ours = Hands(actual=actual, installation=desired.installation)
    everything: tuple[Object, ...] = (*actual.trunks, *actual.rules, *actual.outbound)
    mine = [each for each in everything if ours.key(each)]
    touched = frozenset(each.id for each in mine if not is_intact(each, desired.seal))
    wanted = _wanted(desired, ours)
    held = {
        each.id: Held(
            livekit_id=each.id, key=ours.key(each), theirs=each, ours=wanted.get(ours.key(each))
        )
        for each in mine
        if each.id in touched - restore and not _is_as(each, wanted.get(ours.key(each)))
    }
    free = {ours.key(each) for each in mine if each.id not in held}
    frozen = {each.key: each.livekit_id for each in held.values() if each.key not in free}
    return replace(ours, touched=touched, held=held, frozen=frozen)


def _claimed(found: Found, keys: Mapping[str, str], installation: str) -> Found:
    """Who replaces an object of ours by hand loses its mark; we know it by its id."""
    key = keys.get(found.id)
    if key is None or mark_of(found.metadata):
        return found
    return replace(found, metadata=metadata(installation, key))


def _wanted(desired: Desired, ours: Hands) -> dict[str, Object]:
    ids = {ours.key(each): each.id for each in ours.actual.trunks}
    found: dict[str, Object] = {each.key: each.value for each in desired.trunks}
    found |= {each.key: each.value for each in desired.outbound}
    for rule in desired.rules:
        trunks = tuple(ids[key] for key in rule.trunks if key in ids)
        found[rule.key] = replace(rule.value, trunk_ids=trunks)
    return found


def _is_as(found: Object, wanted: Object | None) -> bool:
    if wanted is None or type(found) is not type(wanted):
        return False
    return plain(found) == plain(wanted)


def foreign(hands: Hands) -> tuple[str, ...]:
    """Ids of the objects that this Veyra does not manage, and never touches."""
    actual = hands.actual
    everything: tuple[Object, ...] = (*actual.trunks, *actual.rules, *actual.outbound)
    return tuple(each.id for each in everything if not hands.key(each))
