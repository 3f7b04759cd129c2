"""What LiveKit has, and which of it is ours."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from veyra.livekit.conflicts import normalized
from veyra.livekit.types import DispatchRule, InboundTrunk, OutboundTrunk

Object = InboundTrunk | OutboundTrunk | DispatchRule
Found = TypeVar("Found", bound=Object)
# Fields whose order means nothing.
UNORDERED = (
    *("numbers", "allowed_addresses", "headers_to_attributes"),
    *("trunk_ids", "inbound_numbers", "attributes"),
)


@dataclass(frozen=True, kw_only=True)
class Actual:
    """LiveKit's three lists."""

    trunks: tuple[InboundTrunk, ...] = ()
    rules: tuple[DispatchRule, ...] = ()
    outbound: tuple[OutboundTrunk, ...] = ()


def mark_of(metadata: str) -> dict[str, Any]:
    """What a Veyra wrote into an object's metadata; {} where none did."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return {}
    key = found.get("veyra") if isinstance(found, dict) else None
    return found if isinstance(key, str) and key else {}


def key_of(metadata: str, installation: str) -> str | None:
    """The key of an object of ours; None: it is somebody else's, maybe another Veyra's."""
    mark = mark_of(metadata)
    return mark["veyra"] if mark.get("installation") == installation else None


def normals(numbers: Iterable[str]) -> set[str]:
    """Numbers as LiveKit compares those of trunks."""
    return {*map(normalized, numbers)}


def same_trunk(one: InboundTrunk, other: InboundTrunk) -> bool:
    return plain(one) == plain(other)


def same_rule(one: DispatchRule, other: DispatchRule) -> bool:
    return plain(one) == plain(other)


def plain(found: Found) -> Found:
    """The object without its id, its seal and the order of its lists."""
    unordered: dict[str, Any] = {
        name: tuple(sorted(getattr(found, name))) for name in UNORDERED if hasattr(found, name)
    }
    return replace(found, id="", metadata=_unsealed(found.metadata), **unordered)


def _unsealed(metadata: str) -> str:
    mark = mark_of(metadata)
    return json.dumps({**mark, "seal": ""}, sort_keys=True) if mark else metadata
