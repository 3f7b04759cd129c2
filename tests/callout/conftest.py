"""A line that may call out, and a LiveKit that only notes whom it was asked to call."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone

from agentworker.models import Agent, AgentVersion, Worker
from telephony import dialling
from telephony.models import PhoneNumber, PublishedObject, Trunk
from telephony.routing.outgoing import key_of_outbound
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Dial, LiveKitError, Participant

PERSON = "+79161234567"


class Exchange:
    """Stands where LiveKit does; `fails` are the errors of the next requests to dial, `keeps` those
    of the next requests to close a room.
    """

    def __init__(self) -> None:
        self.dialled: list[Dial] = []
        self.rooms: list[str] = []
        self.deleted: list[str] = []
        self.agent_comes = True
        self.fails: list[LiveKitError] = []
        self.keeps: list[LiveKitError] = []

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def create_dispatch(self, agent_name: str, room: str, metadata: str) -> str:
        self.rooms.append(room)
        return "AD_1"

    def list_participants(self, room: str) -> list[Participant]:
        agent = Participant(sid="PA_1", identity="agent", kind="agent")
        return [agent] if self.agent_comes else []

    def delete_room(self, room: str) -> None:
        if self.keeps:
            raise self.keeps.pop(0)
        self.deleted.append(room)

    def dial(self, dial: Dial) -> str:
        self.dialled.append(dial)
        if self.fails:
            raise self.fails.pop(0)
        return f"SCL_{len(self.dialled)}"


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    found = Exchange()
    monkeypatch.setattr(LiveKit, "from_settings", lambda: found)
    monkeypatch.setattr(dialling, "AGENT_SECONDS", 0.05)
    monkeypatch.setattr(dialling, "LOOK_SECONDS", 0.01)
    yield found


@pytest.fixture
def agent(db: None) -> Agent:
    found = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=found, number=1, language="en", greeting="Hello")
    now = timezone.now()
    Worker.objects.create(
        name="w", host="h", pid=1, started_at=now, seen_at=now, capacity=5, registered=True
    )
    return found


MakeNumber = Callable[..., PhoneNumber]


@pytest.fixture
def make_number(db: None) -> MakeNumber:
    """A number of a connection of its own, which may call out and is published."""

    def make(number: str = "+74991124148", **fields: object) -> PhoneNumber:
        values = {"out_address": "sip.example", "out_pace": 100, **fields}
        trunk = Trunk.objects.create(name=f"trunk {number}", **values)
        PublishedObject.objects.create(
            kind=PublishedObject.Kind.OUTBOUND,
            key=key_of_outbound(str(trunk.key)),
            source=trunk.key,
            livekit_id=f"ST_{number}",
            state="live",
        )
        return PhoneNumber.objects.create(number=number, trunk=trunk)

    return make


def at_once(work: Callable[[], None], threads: int) -> None:
    """Do `work` in so many threads, each with a connection of its own."""

    def alone() -> None:
        try:
            work()
        finally:
            connection.close()

    workers = [threading.Thread(target=alone) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
