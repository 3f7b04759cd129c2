"""The voice of last resort: a process that only waits, enters a room when asked, and says that
nobody can answer, or plays music. It has no speech models and no job processes, so there is little
that can fail.
"""

import asyncio
import logging
import time
import uuid

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from agentworker import last_words
from agentworker.rows import note, outage, read
from agentworker.standin import PULSE, StandIn
from agentworker.visit import Visit
from veyra.models import Lease, Pulse

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
# Of a process that was killed another takes over after so long, and with it what it had begun.
LEASE, LEASE_SECONDS, RENEW_SECONDS = "standby", 4.0, 1.0


class Standby:
    """Stands in until `stop`."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._holder: uuid.UUID | None = None
        self._renewed = float("-inf")
        self._at_work: dict[int, asyncio.Task[None]] = {}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """What it has begun to say is said to the end, and meanwhile nobody else begins."""
        await asyncio.to_thread(last_words.prepare)
        while self._at_work or not self._stopping.is_set():
            try:
                for row in await read(self._look):
                    self._begin(row)
                outage.over()
            except DatabaseError as error:
                outage.felt(error)
                await read(close_old_connections)
            await asyncio.sleep(LOOK_SECONDS)
        if self._holder:
            await read(lambda: Lease.release(LEASE, self._holder))  # type: ignore[arg-type]  # not None

    def _look(self) -> list[StandIn]:
        """Rooms into which we are asked and have not gone. Raises DatabaseError."""
        if not self._is_ours() or self._stopping.is_set():
            return []
        return list(StandIn.objects.to_do(timezone.now()).exclude(pk__in=list(self._at_work)))

    def _is_ours(self) -> bool:
        """Do we hold the lease? While we do, we show life."""
        now = time.monotonic()
        if self._holder and now - self._renewed < RENEW_SECONDS:
            return True
        if self._holder and not Lease.renew(LEASE, self._holder, LEASE_SECONDS):
            log.warning("the lease was lost")
            self._holder = None
        if self._holder is None:
            self._holder = Lease.take(LEASE, LEASE_SECONDS)
        if self._holder:
            self._renewed = now
            Pulse.beat(PULSE)
            self._close_forgotten()
        return self._holder is not None

    def _close_forgotten(self) -> None:
        """So that no page tells of an apology that nobody speaks."""
        now = timezone.now()
        rows = StandIn.objects.forgotten(now).exclude(pk__in=list(self._at_work))
        rows.update(over_at=now, error="forgotten", summary="")

    def _begin(self, row: StandIn) -> None:
        task = asyncio.create_task(stand_in(row))
        self._at_work[row.pk] = task
        task.add_done_callback(lambda _done: self._at_work.pop(row.pk))


async def stand_in(row: StandIn) -> None:
    """Do what is to be done, and close the row, whatever happens."""
    visit, error = Visit(row), ""
    try:
        await visit.make()
    except Exception as failure:
        log.exception("the last resort failed in room %s", row.room_sid)
        error = type(failure).__name__
    if not visit.taken_over:
        # A summary is personal, and nobody needs it any more.
        await note(visit.row, over_at=timezone.now(), error=error, summary="")
