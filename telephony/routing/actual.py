"""What LiveKit has, and which of it is ours."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from veyra.livekit.types import DispatchRule, InboundTrunk, OutboundTrunk


@dataclass(frozen=True, kw_only=True)
class Actual:
    """LiveKit's three lists."""

    trunks: tuple[InboundTrunk, ...] = ()
    rules: tuple[DispatchRule, ...] = ()
    outbound: tuple[OutboundTrunk, ...] = ()

    def foreign(self, installation: str) -> list[str]:
        """Ids of the objects that this Veyra does not manage, and never touches."""
        found = [(each.id, each.metadata) for each in self.trunks]
        found += [(each.id, each.metadata) for each in self.rules]
        found += [(each.id, each.metadata) for each in self.outbound]
        return [
            livekit_id for livekit_id, metadata in found if key_of(metadata, installation) is None
        ]


def key_of(metadata: str, installation: str) -> str | None:
    """The key of an object of ours; None: it is somebody else's, maybe another Veyra's."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("installation") != installation:
        return None
    key = found.get("veyra")
    return key if isinstance(key, str) and key else None


def normal(number: str) -> str:
    """A number as LiveKit compares trunks' numbers: without formatting, with a plus."""
    bare = number.translate(str.maketrans("", "", " -()"))
    return bare if bare.startswith("+") else f"+{bare}"


def normals(numbers: Iterable[str]) -> set[str]:
    return {normal(number) for number in numbers}


def same_trunk(one: InboundTrunk, other: InboundTrunk) -> bool:
    return _plain_trunk(one) == _plain_trunk(other)


def _plain_trunk(trunk: InboundTrunk) -> InboundTrunk:
    return replace(
        trunk,
        id="",
        numbers=tuple(sorted(trunk.numbers)),
        allowed_addresses=tuple(sorted(trunk.allowed_addresses)),
    )


def same_rule(one: DispatchRule, other: DispatchRule) -> bool:
    return _plain_rule(one) == _plain_rule(other)


def _plain_rule(rule: DispatchRule) -> DispatchRule:
    return replace(
        rule,
        id="",
        trunk_ids=tuple(sorted(rule.trunk_ids)),
        inbound_numbers=tuple(sorted(rule.inbound_numbers)),
        attributes=tuple(sorted(rule.attributes)),
    )
