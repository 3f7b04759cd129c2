"""The line as staff saved it, as frozen values: what compile and the preview work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from veyra.sentences import Sentence

# Host name -> its addresses; an empty tuple: it could not be resolved.
Resolved = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A provider connection. `password` is None where it cannot be decrypted."""

    key: str
    name: str
    addresses: tuple[str, ...] = ()
    username: str = ""
    password: str | None = field(default="", repr=False)
    spelling: str = "any"
    learned_spelling: str = ""
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived

    @property
    def delivers(self) -> str:
        """The one spelling of callers that we count on; "any" where nobody knows."""
        return self.learned_spelling or "any" if self.spelling == "any" else self.spelling


@dataclass(frozen=True, kw_only=True)
class Number:
    """`trunk` and `reserve` by key; `reserve` is empty for most."""

    key: str
    number: str
    trunk: str
    reserve: str = ""
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who answers: `numbers` by key, and every number of `trunks`."""

    key: str
    name: str
    agent: str
    trunks: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    kind: Literal["direct", "individual"] = "individual"
    room: str = "call-"
    pin: str = ""
    callers: tuple[str, ...] = ()
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Who speaks. `has_words`: somebody wrote what it says; without words it cannot answer."""

    key: str
    name: str
    has_words: bool = True
    archived: bool = False

    @property
    def answers(self) -> bool:
        return self.has_words and not self.archived


@dataclass(frozen=True, kw_only=True)
class Line:
    """Everything that was saved; rules in the order in which they were made.

    `installation`: the id of this Veyra, which its objects in LiveKit carry.
    """

    installation: str = ""
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    rules: tuple[Rule, ...] = ()
    agents: tuple[Agent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a saved row. `stops`: it, or a part of it, is not published for this."""

    kind: Literal["trunk", "number", "rule"]
    key: str
    sentence: Sentence
    stops: bool = True
