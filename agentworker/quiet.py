"""The assistant is silent while one of our people talks to the caller himself, or while the caller
hears music because one is looked for.
"""

from collections.abc import Callable, Iterable
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession

from agentworker.people import Person
from agentworker.spool import Leg, Spool


class Quiet:
    """Follows who is in the room, and stops whatever `live` says when one of us joins.

    `people` tells who is there. `come_back` is called when the last of us has left: with False
    where somebody was looked for, and nobody came.
    """

    def __init__(
        self,
        live: AgentSession[Any],
        spool: Spool,
        people: Callable[[], Iterable[Person]],
        come_back: Callable[[bool], None],
    ) -> None:
        self._live, self._spool = live, spool
        self._people, self._come_back = people, come_back
        self.is_kept = self._was_reached = False

    def follow(self, room: rtc.Room) -> None:
        room.on("participant_attributes_changed", lambda _new, _who: self.look())
        room.on("participant_connected", self.look)
        room.on("participant_disconnected", self.look)
        self.look()

    def look(self, _who: rtc.RemoteParticipant | None = None) -> None:
        """Is one of us in the talk now? Without a caller there is none."""
        people = list(self._people())
        talks = any(person.is_supervisor or person.has_taken for person in people)
        here = talks or any(person.is_standby for person in people)
        if here:
            self._was_reached = talks
        if here == self.is_kept or not any(person.is_party for person in people):
            return
        self.is_kept = here
        if here:
            self._spool.event("agent_silent", Leg())
            # A goodbye too: he may be on his way to keep the caller.
            self._live.interrupt(force=True)
        else:
            self._spool.event("agent_back", Leg())
            # It may have run out while nobody waited for it.
            self._live.reset_away_timer()
            self._come_back(self._was_reached)
