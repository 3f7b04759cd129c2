"""Who comes to a conversation and who goes, and what follows for it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace

from livekit import rtc

from agentworker.background import Background
from agentworker.doorman import Doorman
from agentworker.people import Person, after_leaving
from agentworker.presence import people, person

# Who joins a shared room hears us a moment after his call was put through.
JOIN_SECONDS = 0.5


@dataclass(frozen=True)
class Host:
    """What the conversation does about guests: greets one who came later, turns to another caller
    (by his identity), stops recording when somebody came who was not asked, ends.
    """

    greet: Callable[[Person], None]
    turn_to: Callable[[str], None]
    others_came: Callable[[], Coroutine[None, None, None]] | None
    finish: Callable[[str], None]


class Guests:
    """`caller` is who is spoken to; `answered` is set once he is on the line: whom we call is in
    the room before his telephone rings.
    """

    def __init__(
        self,
        room: rtc.Room,
        caller: Person,
        doorman: Doorman,
        host: Host,
        answered: asyncio.Event,
    ) -> None:
        self._room, self._doorman, self._host = room, doorman, host
        self.caller, self._answered = caller, answered
        self._keep = Background().keep

    def follow(self) -> None:
        self._room.on("participant_connected", self._on_joined)
        self._room.on("participant_disconnected", self._on_left)
        self._room.on("participant_attributes_changed", self._on_attributes)
        self._look_again()
        self._look_whether_answered()

    def _look_again(self) -> None:
        """He may have picked up, or hung up, while we got ready to speak."""
        if here := self._room.remote_participants.get(self.caller.identity):
            self.caller = person(here)
        elif after_leaving(self.caller, self.caller.identity, self.here()).end:
            self._host.finish("caller left")

    def here(self) -> list[Person]:
        return people(self._room)

    @property
    def is_alone(self) -> bool:
        """Of several callers, none decides for the others."""
        return sum(someone.is_party for someone in self.here()) == 1

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        newcomer = person(participant)
        self._hand_over_to(newcomer)
        if newcomer.is_caller:
            if self._host.others_came:
                self._keep(self._host.others_came())
            self._keep(self._let_in(newcomer))

    async def _let_in(self, newcomer: Person) -> None:
        if not await self._doorman.lets_in(newcomer):
            return
        await asyncio.sleep(JOIN_SECONDS)
        if newcomer.identity in self._room.remote_participants:
            self._host.greet(newcomer)

    def _hand_over_to(self, someone: Person) -> None:
        if someone.has_taken:
            self._host.finish("handed over")

    def _on_attributes(self, _new: dict[str, str], participant: rtc.Participant) -> None:
        if isinstance(participant, rtc.RemoteParticipant):
            self._hand_over_to(person(participant))
        if participant.identity == self.caller.identity:
            self.caller = replace(self.caller, attributes=dict(participant.attributes))
            self._look_whether_answered()

    def _look_whether_answered(self) -> None:
        if self.caller.has_answered:
            self._answered.set()

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        decision = after_leaving(person(participant), self.caller.identity, self.here())
        if decision.end:
            self._host.finish("caller left")
        elif decision.turn_to:
            self.caller = decision.turn_to
            self._host.turn_to(self.caller.identity)
