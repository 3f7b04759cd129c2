"""Blocked callers are seen out before anybody speaks to them."""

import asyncio

from agentworker.people import Person
from agentworker.spool import Leg, Spool
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError


class Doorman:
    """`blocked` are numbers as callers bring them (BlockedCaller.spellings)."""

    def __init__(self, room: str, blocked: frozenset[str], spool: Spool) -> None:
        self._room, self._blocked, self._spool = room, blocked, spool

    async def lets_in(self, someone: Person) -> bool:
        """False: he is blocked, and gone by now. Raises LiveKitError."""
        if not someone.calls_by_telephone or someone.number not in self._blocked:
            return True
        self._spool.event("blocked", Leg(someone.sip_call_id, someone.sid))
        await asyncio.to_thread(self._see_out, someone.identity)
        return False

    def _see_out(self, identity: str) -> None:
        with LiveKit.from_settings() as livekit:
            try:
                livekit.remove_participant(self._room, identity)
            except LiveKitError as error:
                if error.code != "not_found":  # he has left himself
                    raise
