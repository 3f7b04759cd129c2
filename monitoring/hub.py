"""One reader and renderer for all boards that this process serves.

Sockets hold no queries. The hub hears which rows changed, reads those, renders each changed row
once for each kind of viewer and hands everybody the same text. A row that was sent rests for a
quarter of a second; what changed right behind another change is read together. Whoever comes gets
the board as the hub knows it; and every few seconds all of that is looked through, whatever was
heard, so a message that the broker lost is made good: some calls at a time and behind the news,
since to read hundreds of them at once would hold up what changes meanwhile.
"""

import asyncio
import contextlib
import logging
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from monitoring import board, needs
from monitoring.board import Named, Row, Version, Viewer
from monitoring.needs import Needs
from veyra.live import GROUP

log = logging.getLogger(__name__)

# A row is sent four times a second at most.
INTERVAL = 0.25
# A board rests so long once it was sent to, however many rows change meanwhile.
TOGETHER = 0.02
SWEEP = 5.0
# So many calls are looked through at once.
PART = 20
AFTER_AN_ERROR = 1.0


class Sink(Protocol):
    """Takes text without waiting; a reader who is too slow is its own concern."""

    def deliver(self, text: str) -> None: ...

    def rights_changed(self, user: str) -> None:
        """What this person (a key, or EVERYBODY) may see must be read anew."""


@dataclass(frozen=True)
class Rendered:
    """A row as it was last sent: its version then, and its HTML for each kind of viewer."""

    row: Row
    version: Version
    html: dict[Viewer, str]


class Hub:
    """Members join with what they may see, get the whole board, then the changes."""

    def __init__(
        self,
        read: Callable[[Named | None], list[Row]] = board.read,
        read_needs: Callable[[], Needs] = needs.read,
        read_keys: Callable[[], set[uuid.UUID]] = board.keys,
        *,
        interval: float = INTERVAL,
        together: float = TOGETHER,
        sweep: float = SWEEP,
    ) -> None:
        self._read, self._interval, self._sweep = read, interval, sweep
        self._together = together
        self._read_needs, self._read_keys = read_needs, read_keys
        self._members: dict[Sink, Viewer] = {}
        self._newcomers: set[Sink] = set()
        self._rendered: dict[uuid.UUID, Rendered] = {}
        # For whom all of it is rendered.
        self._viewers: set[Viewer] = set()
        # What waits besides the calls, as it was last read; and the strip for each kind of viewer.
        self._needs: Needs | None = None
        self._strips: dict[Viewer, str] = {}
        self._heard = Named()
        # Until when the rows that were just sent rest, by the names that messages give them.
        self._rest: dict[str, float] = {}
        # The whole board is to be read at once.
        self._is_lost = True
        # What is still to be looked through in this round, and when, by the loop's clock.
        self._unseen: list[uuid.UUID] = []
        self._look_at = 0.0
        # Until when the boards rest, by the same clock.
        self._quiet_until = 0.0
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
            self._rendered = {}
            self._is_lost = True

    async def _run(self) -> None:
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._wait()
                try:
                    await self._tell()
                    await self._look_on()
                except Exception as error:  # the database is away: the boards wait with it
                    log.warning("the board was not read: %s", type(error).__name__)
                    await asyncio.sleep(AFTER_AN_ERROR)
                    self._look_at_everything()
        finally:
            listener.cancel()

    async def _wait(self) -> None:
        """Until there is something to read that does not rest."""
        rests = (self._rest.get(name, 0.0) for name in self._heard.names)
        until = min([0.0 if self._is_lost else self._look_at, *rests])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._wake.wait()
        self._wake.clear()

    def _look_at_everything(self) -> None:
        self._is_lost = True
        self._wake.set()

    async def _tell(self) -> None:
        """What was heard of, and the whole board for newcomers, once the boards have rested."""
        rest = self._quiet_until - asyncio.get_running_loop().time()
        if rest > 0:
            await asyncio.sleep(rest)
        named = self._due()
        if named is None or named or self._newcomers:
            await self._turn(named)

    async def _look_on(self) -> None:
        """Look through the next calls, if it is time to: it takes longer than one that changed."""
        if asyncio.get_running_loop().time() >= self._look_at:
            await self._turn(Named(), looks_on=True)

    async def _turn(self, named: Named | None, *, looks_on: bool = False) -> None:
        """Read once; the whole board for newcomers, the difference for everybody else."""
        viewers = set(self._members.values())
        before, needs_before = self._rendered, self._needs
        work = database_sync_to_async(self._read_and_render)
        rows = await work(viewers, named, looks_on=looks_on)
        changed = [row for row in rows if _version(before, row) != row.version]
        gone = [str(pk) for pk in before if pk not in self._rendered]
        # Who came meanwhile waits for the next turn.
        newcomers = {s for s in self._newcomers if self._members[s] in viewers}
        self._newcomers -= newcomers
        old = [s for s in self._members if s not in newcomers and s not in self._newcomers]
        has_news = self._needs != needs_before
        self._send(newcomers, self._known(), with_needs=True, full=True)
        if changed or gone or has_news:
            self._send(old, changed, with_needs=has_news, full=False, gone=gone)
        self._note_the_time(changed, looked_on=looks_on or named is None)

    def _note_the_time(self, sent: list[Row], *, looked_on: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._rest |= {name: now + self._interval for row in sent for name in row.names}
        if sent:
            self._quiet_until = now + self._together
        if looked_on:
            # A round of parts takes as long as one of a single part.
            parts = max(1, math.ceil(len(self._rendered) / PART))
            self._look_at = now + self._sweep / parts

    def _due(self) -> Named | None:
        """What is to be read now; None: the whole board. The rest is heard of once more."""
        now = asyncio.get_running_loop().time()
        self._rest = {name: until for name, until in self._rest.items() if until > now}
        if self._is_lost:
            self._is_lost, self._heard = False, Named()
            return None
        resting = {name for name in self._heard.names if name in self._rest}
        named, self._heard = self._heard.without(resting), self._heard.only(resting)
        return named

    def _known(self) -> list[Row]:
        """The board for who comes now."""
        rows, now = (known.row for known in self._rendered.values()), timezone.now()
        return [row for row in rows if board.is_shown(row.call, now)]

    def _send(
        self,
        sinks: "set[Sink] | list[Sink]",
        rows: list[Row],
        *,
        with_needs: bool,
        **parts: object,
    ) -> None:
        """One text for all sinks of one kind; none to whom nothing of it concerns."""
        texts: dict[Viewer, str] = {}
        for sink in sinks:
            viewer = self._members[sink]
            if viewer not in texts:
                seen = [row for row in rows if viewer.sees(row)]
                pairs = [(row, self._rendered[row.call.pk].html[viewer]) for row in seen]
                strip = self._strips[viewer] if with_needs else None
                is_news = pairs or with_needs or any(parts.values())
                text = board.message(pairs, needs=strip, **parts) if is_news else ""  # type: ignore[arg-type]  # full and gone, by name
                texts[viewer] = text
            if texts[viewer]:
                sink.deliver(texts[viewer])

    def _read_and_render(
        self, viewers: set[Viewer], named: Named | None, *, looks_on: bool
    ) -> list[Row]:
        """In a thread. Only what no viewer of its kind has had yet is rendered."""
        needs_before = self._needs
        if named is None:
            self._needs, self._unseen = self._read_needs(), []
        elif looks_on:
            named.calls |= self._next_part()
        rows = self._read(named) if named is None or named else []
        if named is None:
            kept = {}
        elif viewers <= self._viewers:
            kept = self._rendered
        else:
            kept = {pk: self._render(known.row, viewers) for pk, known in self._rendered.items()}
        if self._needs and (self._needs != needs_before or not viewers <= self._viewers):
            self._strips = {v: needs.render(self._needs, v) for v in viewers}
        self._rendered = kept | {row.call.pk: self._render(row, viewers) for row in rows}
        self._viewers = viewers
        return rows

    def _next_part(self) -> set[str]:
        """The calls that are now looked at in their turn; a new round begins with those that are
        on the board now.
        """
        if not self._unseen:
            here = self._read_keys()
            self._rendered = {pk: row for pk, row in self._rendered.items() if pk in here}
            self._unseen, self._needs = list(here), self._read_needs()
        part, self._unseen = self._unseen[:PART], self._unseen[PART:]
        return {str(pk) for pk in part}

    def _render(self, row: Row, viewers: set[Viewer]) -> Rendered:
        known, version = self._rendered.get(row.call.pk), row.version
        html = known.html if known and known.version == version else {}
        seen_by = [viewer for viewer in viewers if viewer.sees(row)]
        return Rendered(row, version, {v: html.get(v) or board.render(row, v) for v in seen_by})

    async def _listen(self) -> None:
        """Hear of changes; after a broken connection subscribe again and look at everything."""
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            while True:
                try:
                    await layer.group_add(GROUP, channel)
                    self._look_at_everything()
                    while True:
                        self._hear(await layer.receive(channel))
                except Exception as error:  # the broker is away: the sweep goes on without it
                    log.warning("live messages are not heard: %s", type(error).__name__)
                    await asyncio.sleep(AFTER_AN_ERROR)
        finally:
            await layer.group_discard(GROUP, channel)

    def _hear(self, told: dict[str, str]) -> None:
        kind, pk = told.get("kind"), told.get("pk", "")
        if kind == "call":
            self._heard.calls.add(pk)
        elif kind == "session":
            self._heard.sessions.add(pk)
        elif kind == "rights":
            for sink in list(self._members):
                sink.rights_changed(pk)
        if self._heard:
            self._wake.set()


def _version(rendered: dict[uuid.UUID, Rendered], row: Row) -> Version | None:
    known = rendered.get(row.call.pk)
    return known.version if known else None


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process's event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
