"""A line that may call out, colleagues, and a LiveKit that holds one room in memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.utils import timezone, translation

from agentworker.models import Agent, AgentVersion
from telephony import acting, ringing, telephoning
from telephony.models import (
    Call,
    Colleague,
    DispatchRule,
    Leg,
    PhoneNumber,
    PublishedObject,
    Trunk,
)
from telephony.routing.outgoing import key_of_outbound
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Dial, LiveKitError, Participant

CALLER = Participant(
    sid="PA_1", identity="sip_1", kind="sip", attributes={"sip.callStatus": "ringing"}
)
AGENT = Participant(sid="PA_2", identity="agent-1", kind="agent")
MakeColleague = Callable[..., Colleague]


class House:
    """One room: who is in it, and what was asked of LiveKit."""

    def __init__(self) -> None:
        self.people: dict[str, Participant] = {CALLER.identity: CALLER}
        self.dialled: list[Dial] = []
        self.removed: list[str] = []
        self.deleted: list[str] = []
        self.told: list[tuple[str, ...]] = []
        self.fails: list[LiveKitError] = []

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def together(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        return [work() for work in works]

    def list_participants(self, room: str) -> list[Participant]:
        return list(self.people.values())

    def remove_participant(self, room: str, identity: str) -> None:
        self.removed.append(identity)
        if self.people.pop(identity, None) is None:
            raise LiveKitError("no", permanent=True, code="not_found")

    def delete_room(self, room: str) -> None:
        self.deleted.append(room)
        self.people.clear()

    def send_data(self, room: str, identities: Sequence[str], topic: str, data: bytes) -> None:
        self.told.append((topic, *identities))

    def dial(self, dial: Dial) -> str:
        if self.fails:
            raise self.fails.pop(0)
        self.dialled.append(dial)
        self.come(dial.identity, "sip", status="dialing", **dial.attributes)
        return "SCL_9"

    def come(self, identity: str, kind: str = "sip", status: str = "", **attributes: str) -> None:
        told = attributes | ({"sip.callStatus": status} if status else {})
        who = Participant(sid=identity, identity=identity, kind=kind, attributes=told)  # type: ignore[arg-type]  # a kind
        self.people[identity] = who

    def answer(self, identity: str) -> None:
        attributes = self.people[identity].attributes | {"sip.callStatus": "active"}
        self.come(identity, "sip", **attributes)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    found = House()
    monkeypatch.setattr(LiveKit, "from_settings", lambda *_: found)
    for module in (acting, ringing, telephoning):
        monkeypatch.setattr(module, "wake", lambda task: None)
    return found


@pytest.fixture
def trunk(db: None) -> Trunk:
    row = Trunk.objects.create(
        name="Novofon", addresses="10.0.0.1", out_address="sip.novofon.ru", out_pace=100
    )
    PhoneNumber.objects.create(number="+74991124148", trunk=row)
    PublishedObject.objects.create(
        kind=PublishedObject.Kind.OUTBOUND,
        key=key_of_outbound(str(row.key)),
        source=row.key,
        livekit_id="ST_1",
        state="live",
    )
    return row


@pytest.fixture
def rule(trunk: Trunk) -> DispatchRule:
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    return DispatchRule.objects.create(name="Sales", agent=agent)


@pytest.fixture
def call(rule: DispatchRule, trunk: Trunk) -> Call:
    """It rings, and nobody has spoken."""
    row = Call.objects.create(
        state=Call.State.RINGING,
        started_at=timezone.now(),
        from_number="79161234567",
        to_number="+74991124148",
        number=PhoneNumber.objects.get(),
        room_name="call-1",
        room_sid="RM_1",
        unit="room:RM_1",
        trunk=trunk,
        agent=rule.agent,
        rule=rule,
    )
    Leg.objects.create(
        call=row,
        role="caller",
        sip_call_id="SCL_1",
        participant_sid="PA_1",
        identity="sip_1",
        room_sid="RM_1",
    )
    return row


@pytest.fixture
def make_colleague(db: None) -> MakeColleague:
    def make(name: str = "Olga", **fields: Any) -> Colleague:
        return Colleague.objects.create(name=name, **{"phone": "+79160000001"} | fields)

    return make
