"""What a tool may ask of the line on which its caller is. Pages read it: no library here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Unable(Exception):
    """It could not be done; the words say why, in the assistant's language, for its mind or for its
    caller. `values`: as in Use.
    """

    def __init__(self, words: str, values: Mapping[str, Any] | None = None) -> None:
        super().__init__(words)
        self.values = values or {}


@dataclass(frozen=True)
class Use:
    """A tool was used: for so many milliseconds. `values`: what else staff may know of it (which
    passage was found, what an address answered), nothing personal and nothing secret.
    """

    name: str
    kind: str
    ok: bool
    ms: int
    values: Mapping[str, Any] = field(default_factory=dict)


class Line(Protocol):
    """A call, or a rehearsal of one. What each method answers is for the mind to go on with, in
    the assistant's language. Each raises Unable.
    """

    async def transfer(self, target: str, whom: str, note: str) -> str:
        """Connect the caller with a target as tools name it; `whom`: how people call it; `note`:
        what is told there first. "": it is under way, and nothing more is to be said.
        """

    async def message(self, text: str, when: str, number: str) -> str:
        """Write down what he wants to be passed on; `when` he wants to be called, and on which
        other number than his own; "" each.
        """

    async def call_back(self, when: str, number: str) -> str:
        """Put him down as somebody who is to be called back."""

    async def end(self) -> None:
        """End the call, when what is being said has been heard."""

    async def press(self, digits: str) -> str:
        """Send these keys to the other side."""

    async def collect(self, count: int, seconds: float) -> str:
        """The keys that he presses: so many, or fewer where he ends with #, or waits so long."""

    def used(self, use: Use) -> None:
        """Write it down."""
