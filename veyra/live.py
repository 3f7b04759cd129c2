"""Telling open pages that a row changed. The message has no content but kind and pk."""

import asyncio
import logging
import threading
from functools import cache, partial
from typing import Literal

from channels.layers import get_channel_layer
from django.db import transaction

from veyra.outage import Outage

outage = Outage(logging.getLogger(__name__), "live messages are not sent")

GROUP, RINGS = "live", "rings"
# "rights": what a person may see changed; pk is his, or EVERYBODY. "ring": whose browser rings; it
# has listeners of its own.
Kind = Literal["call", "session", "rights", "ring"]
EVERYBODY = ""


def changed(kind: Kind, pk: object) -> None:
    """Announce, after commit, that the row `pk` of `kind` should be rendered again.

    Nobody waits for the broker, and a message may be lost: boards look for themselves every few
    seconds.
    """
    transaction.on_commit(partial(_send, kind, str(pk)))


def _send(kind: Kind, pk: str) -> None:
    asyncio.run_coroutine_threadsafe(
        _tell({"type": "row.changed", "kind": kind, "pk": pk}), _loop()
    )


async def _tell(message: dict[str, str]) -> None:
    group = RINGS if message["kind"] == "ring" else GROUP
    try:
        await get_channel_layer().group_send(group, message)
    except Exception as error:  # pages look by themselves, so a lost message only delays them
        outage.felt(error)
    else:
        outage.over()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop in a thread of its own: the layer keeps a connection for as long as its loop lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="live", daemon=True).start()
    return loop
