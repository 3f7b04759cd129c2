"""One reader and renderer for all boards that this process serves.

Sockets hold no queries. The hub hears which rows changed, reads the board, renders each changed row
once for each kind of viewer and hands everybody the same text. It reads at most four times a
second, so no row is sent more often; and it reads every few seconds whatever it heard, so a message
that the broker lost is made good.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from monitoring import board
from monitoring.board import Row, Viewer
from veyra.live import GROUP

log = logging.getLogger(__name__)

INTERVAL = 0.25
SWEEP = 5.0
AFTER_AN_ERROR = 1.0
KINDS = ("call", "session")


class Sink(Protocol):
    """Takes text without waiting; a reader who is too slow is its own concern."""

    def deliver(self, text: str) -> None: ...

    def rights_changed(self, user: str) -> None:
        """What this person (a key, or EVERYBODY) may see must be read anew."""


class Hub:
    """Members join with what they may see, get the whole board, then the changes."""

    def __init__(
        self,
        read: Callable[[], list[Row]] = board.read,
        *,
        interval: float = INTERVAL,
        sweep: float = SWEEP,
    ) -> None:
        self._read, self._interval, self._sweep = read, interval, sweep
        self._members: dict[Sink, Viewer] = {}
        self._newcomers: set[Sink] = set()
        self._versions: dict[uuid.UUID, tuple[int, int]] = {}
        self._html: dict[tuple[uuid.UUID, tuple[int, int], Viewer], str] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self, sink: Sink, viewer: Viewer) -> None:
        self._members[sink] = viewer
        self._newcomers.add(sink)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, sink: Sink) -> None:
        self._members.pop(sink, None)
        self._newcomers.discard(sink)
        if not self._members and self._task:
            self._task.cancel()
            self._task = None
            self._versions.clear()
            self._html.clear()

    async def _run(self) -> None:
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._wait()
                try:
                    await self._turn()
                    await asyncio.sleep(self._interval)
                except Exception as error:  # the database is away: the boards wait with it
                    log.warning("the board was not read: %s", type(error).__name__)
                    await asyncio.sleep(AFTER_AN_ERROR)
                    self._wake.set()
        finally:
            listener.cancel()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._sweep)
        self._wake.clear()

    async def _turn(self) -> None:
        """Read once; the whole board for newcomers, the difference for everybody else."""
        viewers = set(self._members.values())
        rows = await database_sync_to_async(self._read_and_render)(viewers)
        versions = {row.call.pk: row.version for row in rows}
        changed = [row for row in rows if self._versions.get(row.call.pk) != row.version]
        gone = [str(pk) for pk in self._versions if pk not in versions]
        self._versions = versions
        newcomers = {sink for sink in self._newcomers if self._members[sink] in viewers}
        self._newcomers -= newcomers
        old = [s for s in self._members if s not in newcomers and s not in self._newcomers]
        self._send(newcomers, rows, full=True)
        if changed or gone:
            self._send(old, changed, full=False, gone=gone)

    def _send(self, sinks: "set[Sink] | list[Sink]", rows: list[Row], **parts: object) -> None:
        """One text for all sinks of one kind."""
        texts: dict[Viewer, str] = {}
        for sink in sinks:
            viewer = self._members[sink]
            if viewer not in texts:
                pairs = [(row, self._html[row.call.pk, row.version, viewer]) for row in rows]
                texts[viewer] = board.message(pairs, **parts)  # type: ignore[arg-type]  # full and gone, by name
            sink.deliver(texts[viewer])

    def _read_and_render(self, viewers: set[Viewer]) -> list[Row]:
        """In a thread. Only what no viewer of its kind has had yet is rendered."""
        rows = self._read()
        kept = {}
        for row in rows:
            for viewer in viewers:
                key = (row.call.pk, row.version, viewer)
                kept[key] = self._html.get(key) or board.render(row, viewer)
        self._html = kept
        return rows

    async def _listen(self) -> None:
        """Hear of changes; after a broken connection subscribe again and look at everything."""
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            while True:
                try:
                    await layer.group_add(GROUP, channel)
                    self._wake.set()
                    while True:
                        told = await layer.receive(channel)
                        if told.get("kind") in KINDS:
                            self._wake.set()
                        elif told.get("kind") == "rights":
                            for sink in list(self._members):
                                sink.rights_changed(told["pk"])
                except Exception as error:  # the broker is away: the sweep goes on without it
                    log.warning("live messages are not heard: %s", type(error).__name__)
                    await asyncio.sleep(AFTER_AN_ERROR)
        finally:
            await layer.group_discard(GROUP, channel)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process's event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
