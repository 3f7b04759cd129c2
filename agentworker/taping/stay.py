"""One room that is recorded: entered, entered again where the way was lost, and left."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from agentworker.taping.parts import Origin
from agentworker.taping.tap import NoSuchRoomError, Tap
from veyra.outage import Outage

log = logging.getLogger(__name__)

# After a failure of LiveKit; of the disk, in steps that double, up to the longest.
AGAIN_SECONDS, LONGEST_SECONDS = 2.0, 60.0
# LiveKit lets us in by then.
ENTER_SECONDS = 5.0
# Facts, each with the id of the part it is about; `stopped` with an error where one ended it.
STARTED, PAUSED = "recording_started", "recording_paused"
RESUMED, STOPPED = "recording_resumed", "recording_stopped"


class Stay:
    """`tell(kind, part=…)` is called with each fact; it raises nothing."""

    def __init__(self, origin: Origin, identity: str, tell: Callable[..., None]) -> None:
        self.origin, self.identity, self._tell = origin, identity, tell
        self.tap: Tap | None = None
        self._is_wanted = self._is_paused = self._room_is_gone = False
        # Of what was begun and has not ended.
        self._part = ""
        self._outage = Outage(log, f"room {origin.room_sid} is not recorded")
        # The disk took nothing: when that was, and after how long it is tried again.
        self._disk_failed_at, self._pause = float("-inf"), AGAIN_SECONDS
        self._next_try: asyncio.TimerHandle | None = None
        self._is_in = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def enter(self) -> None:
        """Begin to enter the room; of what is heard nothing is kept yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def start(self, patience: float) -> None:
        """Record from now on: in so many seconds or, if we are not let in by then, after them."""
        self.enter()
        self._is_wanted, self._is_paused = True, False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_in.wait(), patience)
        self._begin(STARTED)

    def pause(self) -> None:
        """Keep nothing until `resume`."""
        self._is_wanted, self._is_paused = False, True
        self._tell(PAUSED, part=self._end())

    def resume(self) -> None:
        if self._is_paused:
            self._is_wanted, self._is_paused = True, False
            self._begin(RESUMED)

    def stop(self, kind: str = STOPPED) -> None:
        """Keep nothing any more; `kind`: the fact that tells of it."""
        was_on, self._is_wanted = self._is_wanted or self._is_paused, False
        self._is_paused = False
        if was_on:
            self._tell(kind, part=self._end())

    async def leave(self, kind: str = STOPPED) -> None:
        """Stop, and leave the room."""
        self.stop(kind)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until_over(self) -> None:
        """Until the room is gone, or somebody else has our place in it."""
        if self._task:
            await asyncio.wait([self._task])

    async def until_hears(self, identity: str, patience: float) -> None:
        """Until this one's sound reaches us, or for so many seconds."""
        if self.tap:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.tap.until_hears(identity), patience)

    @property
    def is_over(self) -> bool:
        """It ended by itself."""
        return self._task is not None and self._task.done()

    @property
    def room_is_gone(self) -> bool:
        """Whoever came back would make a new room of its name."""
        return self._room_is_gone

    @property
    def is_recording(self) -> bool:
        return bool(self._part)

    async def _keep(self) -> None:
        while True:
            tap, error = Tap(self.origin, self.identity), "LostError"
            try:
                async with asyncio.timeout(ENTER_SECONDS):
                    await tap.enter()
                self.tap = tap
                self._begin(STARTED)
                self._is_in.set()
                await self._write(tap)
            except NoSuchRoomError:
                tap.is_over = True
            except Exception as failure:  # whatever it was, the talk goes on and is worth a try
                error = type(failure).__name__
                self._outage.felt(failure)
            finally:
                self._is_in.clear()
                await self._let_go(tap, error)
            if tap.is_over:
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _write(self, tap: Tap) -> None:
        """Until we are out of the room: no fault of the disk is a reason to leave it."""
        while not tap.is_lost:
            try:
                await tap.until_lost()
            except OSError as error:
                self._outage.felt(error)
                self._tell(STOPPED, part=self._end(), error=type(error).__name__)
                self._try_later()

    async def _let_go(self, tap: Tap, error: str) -> None:
        if self._part:
            told = {} if tap.is_over else {"error": error}
            self._tell(STOPPED, part=self._end(), **told)
        self._is_wanted = self._is_wanted and not tap.is_over
        self._room_is_gone = tap.is_over and not tap.was_replaced
        self.tap = None
        try:
            await tap.leave()
        except Exception as failure:  # its room is given up all the same
            log.warning("room %s was not left: %s", self.origin.room_sid, type(failure).__name__)

    def _begin(self, kind: str) -> None:
        if not self._is_wanted or self.tap is None or self._part:
            return
        try:
            self._part = self.tap.start()
        except OSError as error:
            self._outage.felt(error)
            self._try_later()
        else:
            self._outage.over()
            self._tell(kind, part=self._part)

    def _try_later(self) -> None:
        loop = asyncio.get_running_loop()
        # Where it works between two failures only for a moment, the steps grow all the same.
        is_again = loop.time() - self._disk_failed_at < 2 * LONGEST_SECONDS
        self._pause = min(2 * self._pause, LONGEST_SECONDS) if is_again else AGAIN_SECONDS
        self._disk_failed_at = loop.time()
        if self._next_try:
            self._next_try.cancel()
        self._next_try = loop.call_later(self._pause, self._begin, STARTED)

    def _end(self) -> str:
        """The part that is ended; "" where there is none."""
        part, self._part = self._part, ""
        try:
            if part and self.tap:
                self.tap.stop()
        except Exception as error:  # who stops must be able to say so
            log.warning("part %s was cut short: %s", part, type(error).__name__)
        return part
