"""Webhooks of calls that never were, signed as LiveKit signs them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from veyra.livekit.matching import Invite
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.simulator.sequence import SimulatedAgent, SimulatedCall
from veyra.livekit.simulator.speaker import signed
from veyra.livekit.types import AGENT_NAME, AgentDispatch, DispatchRule, InboundTrunk, Room

CALLED = "74991124148"
callers = (f"7900{number:07d}" for number in count(1))


@dataclass(frozen=True)
class Webhook:
    body: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/webhook+json", "Authorization": self.token}


def new_call() -> SimulatedCall:
    """A caller in a room of his own."""
    now = datetime.now(UTC)
    call = SimulatedCall(
        invite=Invite(next(callers), CALLED, "37.139.38.224"),
        created_at=now,
        trunk=InboundTrunk(id=new_id("ST_")),
        rule=DispatchRule(id=new_id("SDR_"), room="support-room-"),
    )
    return replace(call, room=Room(sid=new_id("RM_"), name=call.wanted_room(), created_at=now))


def webhooks(said: list[sequence.Said], key: str, secret: str) -> list[Webhook]:
    """Those of `said` that go by HTTP."""
    bodies = [sequence.body(m) for m in said if not isinstance(m, BusMessage)]
    return [Webhook(body, signed(body, key, secret)) for body in bodies]


def whole_calls(number: int, key: str, secret: str) -> Iterator[Webhook]:
    """Every webhook of so many calls at once: the first of each, then the second of each."""
    calls = [webhooks(_whole(new_call()), key, secret) for _ in range(number)]
    for row in zip(*calls, strict=True):
        yield from row


def _whole(call: SimulatedCall) -> list[sequence.Said]:
    now = datetime.now(UTC)
    agent = SimulatedAgent(AgentDispatch(agent_name=AGENT_NAME))
    return [
        *sequence.rings(call, now, new_room=True),
        *sequence.agent_joins(call, agent, now),
        *sequence.hung_up(call, now),
        *sequence.agent_leaves(call, agent, now),
        *sequence.room_closes(call, now),
    ]
