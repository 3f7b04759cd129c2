"""What a conversation is given besides its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentworker.providers.catalog import Access


@dataclass(frozen=True)
class Means:
    """What its mind is told, and by what foreign addresses let us in (by ProviderKey.key). In a
    trial nobody is rung, and nothing is passed on.
    """

    instructions: str = ""
    accesses: Mapping[str, Access] = field(default_factory=dict)
    is_trial: bool = False
