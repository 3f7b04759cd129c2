"""What the rules look at: the facts of this moment, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from veyra.sentences import Sentence


@dataclass(frozen=True)
class Found:
    """What a health check says, and since when. `title`: how people call what it checks."""

    name: str
    title: str
    status: str
    sentence: Sentence
    since: datetime


@dataclass(frozen=True)
class Fate:
    """What became of a call from outside, at the moment when that was known.

    `what`: answered, silent (nobody came), failed, gave_up, or refused; `by_provider`: it came from
    a connection of ours.
    """

    call: UUID
    what: str
    at: datetime
    by_provider: bool = True


@dataclass(frozen=True)
class Knock:
    """Who could not log in, how often: the address, or the name that was tried."""

    what: str
    times: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything but `health` is of the last ten minutes. Fates: the oldest first."""

    now: datetime
    health: Mapping[str, Found] = field(default_factory=dict)
    fates: Sequence[Fate] = ()
    # Calls whose recording is missing or failed.
    unrecorded: Sequence[UUID] = ()
    # Milliseconds that a caller waited for an answer -> how often.
    delays: Mapping[int, int] = field(default_factory=dict)
    # Calls to which an assistant came that could not start.
    stillborn: Sequence[UUID] = ()
    # Calls whose assistant died or hung in the midst of the talk, so that another one was sent.
    bereft: Sequence[UUID] = ()
    # How often each program was started: {"standby@host": 3}.
    starts: Mapping[str, int] = field(default_factory=dict)
    # Seconds for which the oldest fact about a call has waited to be looked at.
    backlog: float = 0.0
    knocks: Sequence[Knock] = ()
    # Files and tables in which the last nightly look found a secret of ours.
    leaks: Sequence[str] = ()
    # Security events that somebody should hear of, by their number.
    alarming: Mapping[int, Sentence] = field(default_factory=dict)
    # Programs that take no webhooks for long, by name; True: Veyra has switched them off.
    deaf: Mapping[str, bool] = field(default_factory=dict)
    # Our numbers whose last test call failed, those that Veyra places by itself.
    failed_tests: Sequence[str] = ()
    # How much of today's budget is spent; None: there is no limit.
    spent_percent: int | None = None
