"""A call that may be recorded only when its caller has agreed: who asks him, and what follows.

He agrees by a key of his telephone that means nothing else: neither silence nor a choice of the
menu is ever taken for a yes.
"""

import asyncio
import logging
from typing import Protocol

from agentworker.script import Script, ask_to_record, consent_key
from agentworker.spool import Leg, Spool

log = logging.getLogger(__name__)

# The caller waits for our "thank you" no longer than this for the recorder.
START_SECONDS = 3.0


class Recorder(Protocol):
    async def start(self) -> None:
        """Write down what is heard from now on; it is being written when this returns."""

    async def end(self) -> None:
        """For good."""


class Consent:
    """Of one conversation. What came of it stands in the spool: `recording_asked`,
    `recording_agreed`, and `recording_refused` where somebody came in who was not asked.
    """

    def __init__(self, script: Script, spool: Spool, recorder: Recorder) -> None:
        self._script, self._spool, self._recorder = script, spool, recorder
        self._key = consent_key(script)
        self._was_asked = self._has_agreed = self._is_over = False

    def question(self) -> str:
        """What the greeting asks; "" where nothing is to be asked, or no more."""
        if self._has_agreed or self._is_over or not self._key:
            return ""
        if not self._was_asked:
            self._was_asked = True
            self._spool.event("recording_asked", Leg(), key=self._key)
        return ask_to_record(self._script)

    def is_yes(self, digit: str) -> bool:
        return self._was_asked and not self._is_over and digit == self._key

    async def agree(self, who: Leg) -> None:
        """He has pressed the key. Where our recorder fails, another process records."""
        # His key may come in the same moment as somebody who was not asked.
        if self._has_agreed or self._is_over:
            return
        self._has_agreed = True
        self._spool.event("recording_agreed", who)
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._recorder.start()
        except Exception:
            log.exception("a recording did not begin when its caller had agreed")

    async def others_came(self) -> None:
        """Somebody else is heard from now on, whom nobody asked."""
        if self._is_over:
            return
        self._is_over = True
        if self._has_agreed:
            self._spool.event("recording_refused", Leg(), why="others")
            await self._recorder.end()
