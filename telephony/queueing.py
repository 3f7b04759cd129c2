"""Callers who wait with music because all assistants are busy: their places, and whose turn it
is.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentworker.models import StandIn, Worker

# An assistant that was sent to a caller is in the list of its worker by then, or does not come.
COMES = timedelta(seconds=6)


def is_open(worker: Worker) -> bool:
    return worker.registered and not worker.draining


def free_places(workers: Sequence[Worker]) -> int:
    return sum(max(0, each.capacity - len(each.jobs)) for each in workers if is_open(each))


@dataclass(frozen=True)
class Queue:
    """Who waits, the first of them first; each in a room of its own."""

    rows: Sequence[StandIn]

    @classmethod
    def of(cls, rooms: Collection[str]) -> "Queue":
        """In these rooms (their sids): others are over."""
        return cls([row for row in StandIn.objects.queued() if row.room_sid in rooms])

    def turns(self, free: int, now: datetime) -> list[StandIn]:
        """Whose turn it is, with so many places free. Pure."""
        coming = [row for row in self.rows if is_coming(row, now)]
        waiting = [row for row in self.rows if not is_coming(row, now)]
        return waiting[: max(0, free - len(coming))]

    def advance(self) -> set[str]:
        """Each is told the place that he has now; the sids of the rooms where it is another one."""
        moved = set()
        for place, row in enumerate(self.rows, 1):
            if row.place != place:
                StandIn.objects.queued().filter(pk=row.pk).update(place=place)
                moved.add(row.room_sid)
        return moved

    def relieve(self, is_served: Callable[[StandIn], bool]) -> "Queue":
        """Those to whom an assistant has come hear no more music."""
        for row in filter(is_served, self.rows):
            StandIn.release(row.room_sid)
        return Queue([row for row in self.rows if not is_served(row)])


def is_coming(row: StandIn, now: datetime) -> bool:
    return row.called_at is not None and row.called_at > now - COMES


def claim(row: StandIn, now: datetime) -> bool:
    """An assistant is sent to him now. False: he hung up, or somebody has sent one."""
    return bool(
        StandIn.objects.queued().filter(pk=row.pk, called_at=row.called_at).update(called_at=now)
    )
