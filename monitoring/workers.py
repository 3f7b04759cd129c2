"""The programs that run assistants, as their page shows them. Pure, but for `seen`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from agentworker.models import StandIn, Worker
from telephony import probes
from veyra.models import User

# One that was killed leaves its row; after so long nobody looks for it any more.
GONE = timedelta(days=1)
# So much of its places, of the processor or of the memory is nearly all.
NEARLY = 80

State = Literal["works", "rests", "unknown", "silent"]


@dataclass(frozen=True)
class Shown:
    """A worker on the page. `state`: it takes calls; was told to take none; LiveKit does not know
    it; it shows no life.
    """

    row: Worker
    state: State

    @property
    def lives(self) -> bool:
        return self.state != "silent"

    @property
    def calls(self) -> int:
        return len(self.row.jobs)

    @property
    def is_tight(self) -> bool:
        return self.lives and self.calls * 100 >= NEARLY * self.row.capacity

    @property
    def is_busy(self) -> bool:
        return (self.row.load or 0) >= NEARLY

    @property
    def is_short_of_memory(self) -> bool:
        return (self.row.memory_taken or 0) >= NEARLY


@dataclass(frozen=True)
class Fleet:
    """All of them. `places` are those of workers that take calls."""

    shown: Sequence[Shown]
    waiting: int = 0

    @property
    def places(self) -> int:
        return sum(each.row.capacity for each in self._open)

    @property
    def taken(self) -> int:
        return sum(min(each.calls, each.row.capacity) for each in self._open)

    @property
    def free(self) -> int:
        return self.places - self.taken

    @property
    def is_tight(self) -> bool:
        return self.places > 0 and self.taken * 100 >= NEARLY * self.places

    @property
    def _open(self) -> list[Shown]:
        return [each for each in self.shown if each.state == "works"]


def shown(row: Worker, now: datetime) -> Shown:
    if row.seen_at < now - probes.WORKER_IS_OLD:
        return Shown(row, "silent")
    if row.is_resting or row.draining:
        return Shown(row, "rests")
    return Shown(row, "works" if row.registered else "unknown")


def seen(user: User, now: datetime) -> Fleet:
    """Two queries."""
    rows = Worker.objects.visible_to(user).seen_since(now - GONE).order_by("host", "name")
    return Fleet([shown(row, now) for row in rows], StandIn.objects.queued().count())
