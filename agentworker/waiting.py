"""Where people are rung first, the assistant enters and waits for its turn, without a sound: who
sends any answers the call.
"""

import asyncio
from contextlib import suppress

from livekit import rtc

from agentworker.brief import TURN_TOPIC
from agentworker.people import Outcome, music_plays, outcome_of_waiting
from agentworker.presence import people

# Who tells us looks once a second, for each person that is rung.
LATE = 8.0
# The watchdog sees within a second or two that we are there, and ends the music.
MUSIC_ENDS = 6.0


class Waiting:
    """Made before the room is entered, so that nothing is missed."""

    def __init__(self, room: rtc.Room) -> None:
        self._room, self._is_told, self._moved = room, False, asyncio.Event()
        room.on("data_received", self._read)
        room.on("participant_connected", self._look)
        room.on("participant_disconnected", self._look)
        room.on("participant_attributes_changed", self._look)

    def _read(self, packet: rtc.DataPacket) -> None:
        """Only our own server says whose turn it is: what people in the room send is not read."""
        if packet.topic == TURN_TOPIC and packet.participant is None:
            self._is_told = True
            self._moved.set()

    def _look(self, *_: object) -> None:
        self._moved.set()

    async def until_music_ends(self) -> None:
        """Who has waited for us with music is left by it now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MUSIC_ENDS):
                while music_plays(people(self._room)):
                    await self._moved.wait()
                    self._moved.clear()

    async def until_turn(self, seconds: float) -> Outcome:
        """What came of it. It is our turn when we are told so, and in any case soon after these
        seconds, for which people are rung; none: at once.
        """
        try:
            async with asyncio.timeout(seconds + LATE):
                while (outcome := outcome_of_waiting(people(self._room))) is None:
                    if self._is_told or not seconds:
                        break
                    await self._moved.wait()
                    self._moved.clear()
                return outcome or Outcome.TURN
        except TimeoutError:
            return Outcome.TURN
