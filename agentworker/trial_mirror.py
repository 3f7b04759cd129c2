"""Somebody of us talks to an assistant to try it: his page is told what its conversation does."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

from livekit import rtc

log = logging.getLogger(__name__)

TOPIC = "veyra.trial"
# A trial is over after so long, whatever page was left open.
LENGTH = timedelta(minutes=10)
OVER = "trial is over"
# Of a line of the spool: the others say how rows are kept.
TOLD = frozenset({"turn", "event"})


class Mirror:
    """Passes lines of a spool on into the room, in their order."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task = asyncio.create_task(self._send())

    def tell(self, line: dict[str, Any]) -> None:
        if line["type"] in TOLD:
            self._lines.put_nowait(line)

    async def _send(self) -> None:
        while True:
            text = json.dumps(await self._lines.get(), ensure_ascii=False)
            try:
                await self._room.local_participant.publish_data(text, topic=TOPIC)
            except Exception as error:  # who tries it has left, and the talk ends of itself
                log.info("a trial could not be followed: %s", type(error).__name__)
                return
