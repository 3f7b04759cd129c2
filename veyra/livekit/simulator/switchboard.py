"""Calls on the simulated line: who is let in, who rings, who talks, who left."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from veyra.livekit.matching import Decision, Invite, Outcome, asks_login
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.inputs import Inputs
from veyra.livekit.simulator.recorders import Recorders
from veyra.livekit.simulator.sequence import Said, SimulatedAgent, SimulatedCall, Speak
from veyra.livekit.simulator.store import Store, refused
from veyra.livekit.types import LiveKitError, Room

# LiveKit's own, where a trunk sets none.
RINGING_TIMEOUT = timedelta(minutes=3)

SILENCE = 486
LOOK_UP_FAILED = (Outcome.TWO_TRUNKS, Outcome.TWO_DEFAULTS, Outcome.NO_ADDRESS)


@dataclass
class Line:
    """A call that is going on, and what will end its ringing."""

    call: SimulatedCall
    timeout: asyncio.Task[None] | None = None


class Switchboard:
    """Places calls on a store's trunks and rules; `speak` sends what LiveKit would say of them.

    The seconds are those seen on a real stack: from the caller's ringing to the agent's first
    sound, and from the last caller's leaving to the end of the room.
    """

    def __init__(
        self,
        store: Store,
        speak: Speak,
        *,
        agent_seconds: float = 0.25,
        closing_seconds: float = 1.0,
        login_seconds: float = 30.0,
    ) -> None:
        self.store, self.speak = store, speak
        self.recorders, self.inputs = Recorders(store, speak), Inputs(store, speak)
        self.agent_seconds, self.closing_seconds = agent_seconds, closing_seconds
        self.login_seconds = login_seconds
        self.lines: dict[str, Line] = {}
        # By room name: a room has one agent, however many callers share it.
        self.agents: dict[str, SimulatedAgent] = {}
        self.waiting: set[asyncio.Task[None]] = set()

    async def place_call(
        self,
        invite: Invite,
        *,
        agent_comes: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The call as its caller and its agent see it, once it is answered, rings or is refused.

        {"status": 200|180|401|407|486|503, "sip_call_id", "room", "room_sid", "participant_sid",
        "job_id", "brief"}; what did not come to pass is empty. 486 stands for silence too, and
        200 without a room for a caller who was asked for a PIN and typed none, or a wrong one.
        """
        decision = self.store.exchange().decide(invite)
        call = SimulatedCall(
            invite=invite,
            trunk=decision.trunk,
            created_at=datetime.now(UTC),
            headers=headers or {},
        )
        await self._let_in(call, decision)
        if decision.outcome == Outcome.ACCEPTED:
            call = replace(call, rule=decision.rule)
            return await self._ring(call, decision, agent_comes)
        if decision.outcome == Outcome.LOGIN_NEEDED:
            self._later(self._give_up_login(call))
        elif decision.outcome == Outcome.PIN_NEEDED:
            await self.speak(sequence.left_before(call, datetime.now(UTC)))
        elif error := sequence.ERRORS.get(decision.outcome):
            await self.speak(sequence.refused(call, error, datetime.now(UTC)))
        return _seen(call, decision.status or SILENCE)

    async def _let_in(self, call: SimulatedCall, decision: Decision) -> None:
        """What the gateway asks, up to the point where the call is turned away."""
        now, outcome = datetime.now(UTC), decision.outcome
        await self.speak(sequence.invited(call, now))
        if outcome in LOOK_UP_FAILED:
            return
        if call.trunk and asks_login(call.trunk):
            await self.speak(sequence.looked_up(call, now))
            if outcome == Outcome.LOGIN_NEEDED:
                return
            await self.speak(sequence.invited(call, now))
        if outcome == Outcome.WRONG_LOGIN:
            await self.speak(sequence.looked_up(call, now))
        elif outcome != Outcome.ACCEPTED or decision.asked_pin:
            await self.speak(sequence.let_in(call, now))
        if decision.asked_pin:
            await self.speak(sequence.dispatched(call, call.invite.pin, now))

    async def _give_up_login(self, call: SimulatedCall) -> None:
        """The gateway waits for the same call with a login, and then takes it for refused."""
        await asyncio.sleep(self.login_seconds)
        await self.speak(sequence.refused(call, sequence.NO_PASSWORD, datetime.now(UTC)))

    async def _ring(
        self, call: SimulatedCall, decision: Decision, agent_comes: bool
    ) -> dict[str, Any]:
        name = call.wanted_room()
        new_room = name not in self.store.rooms
        call = replace(call, room=self.store.open_room(name))
        self.store.join(name, sequence.as_participant(call, "ringing"))
        now = datetime.now(UTC)
        if not decision.asked_pin:
            await self.speak(sequence.let_in(call, now))
        await self.speak(sequence.rings(call, now, new_room=new_room))
        line = self.lines[call.id] = Line(call)
        if decision.asked_pin:  # by a gateway that has answered
            await self._connect(line)
        # As in LiveKit, only a new room gets a job.
        if call.rule and call.rule.agents and agent_comes and new_room:
            await self._answer(line, SimulatedAgent(call.rule.agents[0]))
        elif line.call.answered_at:
            pass
        elif not new_room and self._answered_in(name):
            await self._connect(line)
        else:
            line.timeout = asyncio.create_task(self._give_up_later(line))
        status = 200 if line.call.answered_at else 180
        return _seen(line.call, status, self.agents.get(name))

    async def _answer(self, line: Line, agent: SimulatedAgent) -> None:
        await asyncio.sleep(self.agent_seconds)
        if line.call.id not in self.lines:  # gone while the agent was on its way
            return
        now = datetime.now(UTC)
        call = line.call
        self.agents[call.room_name] = agent
        self.store.join(call.room_name, sequence.agent_as_participant(agent, now))
        await self.speak(sequence.agent_joins(call, agent, now))
        if line.call.answered_at is None:
            await self._connect(line)

    async def _connect(self, line: Line) -> None:
        line.call = replace(line.call, answered_at=datetime.now(UTC))
        call = line.call
        self.store.join(call.room_name, sequence.as_participant(call, "active"))
        await self.speak(sequence.answered(call, datetime.now(UTC)))

    async def _give_up_later(self, line: Line) -> None:
        trunk = line.call.trunk
        after = (trunk and trunk.ringing_timeout) or RINGING_TIMEOUT
        await asyncio.sleep(after.total_seconds())
        line.timeout = None
        await self._end(line, sequence.nobody_came)

    async def hang_up(self, sip_call_id: str) -> bool:
        """The caller's BYE. False: there is no such call."""
        line = self.lines.get(sip_call_id)
        if line is None:
            return False
        await self._end(line, sequence.hung_up)
        return True

    async def remove_participant(self, room: str, identity: str) -> None:
        self.store.remove_participant(room, identity)
        for line in self._in_room(room):
            if line.call.identity == identity:
                await self._end(line, sequence.thrown_out)

    async def transfer(self, room: str, identity: str) -> None:
        """The provider connects the caller elsewhere, and hangs up here."""
        line = next((one for one in self._in_room(room) if one.call.identity == identity), None)
        if line is None:
            raise refused("participant does not exist", "not_found")
        if line.call.answered_at is None:
            raise refused("can't transfer non established call", "failed_precondition")
        await self._end(line, sequence.hung_up)

    async def delete_room(self, room: str) -> None:
        lines = self._in_room(room)
        for line in lines:
            await self._end(line, sequence.thrown_out, at_once=True)
        if not lines:
            await self._vanish(self.store.delete_room(room))

    async def _vanish(self, room: Room) -> None:
        """It was deleted; it has no calls."""
        await self.speak([sequence.of_room("room_finished", room, datetime.now(UTC))])
        await self._without(room)

    async def _without(self, room: Room) -> None:
        """What lived on a room that is gone ends."""
        await self.recorders.room_closed(room)
        await self.inputs.room_closed(room)

    async def _end(
        self,
        line: Line,
        how: Callable[[SimulatedCall, datetime], list[Said]],
        *,
        at_once: bool = False,
    ) -> None:
        call = line.call
        if self.lines.pop(call.id, None) is None:
            return
        if line.timeout:
            line.timeout.cancel()
        with suppress(LiveKitError):
            self.store.remove_participant(call.room_name, call.identity)
        await self.speak(how(call, datetime.now(UTC)))
        if not self._in_room(call.room_name):
            after = 0 if at_once else self.closing_seconds
            self._later(self._close(call, after))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)

    async def _close(self, last: SimulatedCall, after: float) -> None:
        """The room of `last`, unless somebody else has come into it meanwhile."""
        await asyncio.sleep(after)
        name, now = last.room_name, datetime.now(UTC)
        if self.store.rooms.get(name) != last.room or self._in_room(name):
            return
        if agent := self.agents.pop(name, None):
            await self.speak(sequence.agent_leaves(last, agent, now))
        room = self.store.delete_room(name)
        await self.speak(sequence.room_closes(last, now))
        await self._without(room)

    def _in_room(self, name: str) -> list[Line]:
        return [line for line in self.lines.values() if line.call.room_name == name]

    def _answered_in(self, name: str) -> bool:
        return any(line.call.answered_at for line in self._in_room(name))


def _seen(call: SimulatedCall, status: int, agent: SimulatedAgent | None = None) -> dict[str, Any]:
    return {
        "status": status,
        "sip_call_id": call.id,
        "room": call.room.name if call.room else "",
        "room_sid": call.room.sid if call.room else "",
        "participant_sid": call.participant_sid if call.room else "",
        "job_id": agent.job_id if agent else "",
        "brief": agent.dispatch.metadata if agent else "",
    }
