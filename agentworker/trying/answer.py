"""What an assistant did at one line of its caller. Plain data: kept as JSON, read by pages."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Used:
    """A tool that it used. `asked`: what its mind filled in, by name."""

    name: str
    kind: str = ""
    ok: bool = True
    ms: int = 0
    asked: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """`transferred`: to whom, as people call him; "": not at all. `ended`: the call is over, by a
    goodbye or by a transfer. `ms`: from the line to the last word of the answer.
    """

    said: tuple[str, ...] = ()
    used: tuple[Used, ...] = ()
    transferred: str = ""
    ended: bool = False
    ms: int = 0

    @property
    def text(self) -> str:
        return " ".join(self.said)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        used = tuple(Used(**each) for each in stored.get("used", ()))
        return cls(**{**stored, "said": tuple(stored.get("said", ())), "used": used})
