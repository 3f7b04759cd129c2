"""The last resort's own rows, read and written from its event loop."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from agentworker.standin import StandIn
from veyra.outage import Outage

log = logging.getLogger(__name__)
outage = Outage(log, "the database is away")
T = TypeVar("T")


async def read(ask: Callable[[], T]) -> T:
    """Ask the database, from the one thread that talks to it."""
    answer: T = await sync_to_async(ask, thread_sensitive=True)()
    return answer


async def note(row: StandIn, **values: Any) -> None:
    """Unless it was asked for anew meanwhile: then it tells of that."""
    same = StandIn.objects.filter(pk=row.pk, asked_at=row.asked_at)
    try:
        await read(lambda: same.update(**values))
    except DatabaseError as error:
        outage.felt(error)


async def refreshed(row: StandIn) -> StandIn | None:
    """As it stands now. None: it is gone, or the database is away and does not tell."""
    try:
        return await read(lambda: StandIn.objects.filter(pk=row.pk).first())
    except DatabaseError as error:
        outage.felt(error)
        return None
