"""Calls that go on, and a LiveKit that only notes what it was asked to do to them."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone, translation

from agentworker.models import Agent, AgentVersion
from telephony import acting
from telephony.models import Call, Leg, PhoneNumber, Trunk
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, Participant, Transfer
from veyra.models import User

MakeCall = Callable[..., Call]
Person = Callable[..., User]


class Room:
    """Stands where LiveKit does; `fails` are the errors of the next requests."""

    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []
        self.transfers: list[Transfer] = []
        self.data: list[tuple[str, list[str], str, bytes]] = []
        self.agents = ["agent-AJ_1"]
        self.fails: list[LiveKitError] = []
        # How many more looks find the caller there.
        self.stays_for = 0

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    def remove_participant(self, room: str, identity: str) -> None:
        self.removed.append((room, identity))
        self._fail()

    def list_participants(self, room: str) -> list[Participant]:
        found = [Participant(sid="PA", identity=name, kind="agent") for name in self.agents]
        if self.stays_for:
            self.stays_for -= 1
            found.append(Participant(sid="PA_1", identity="sip_1", kind="sip"))
        return found

    def send_data(self, room: str, identities: list[str], topic: str, data: bytes) -> None:
        self.data.append((room, identities, topic, data))
        self._fail()

    def transfer(self, transfer: Transfer) -> None:
        self.transfers.append(transfer)
        self._fail()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    found = Room()
    monkeypatch.setattr(LiveKit, "from_settings", lambda *_: found)
    monkeypatch.setattr(acting, "wake", lambda task: None)
    return found


@pytest.fixture
def trunk(db: None) -> Trunk:
    return Trunk.objects.create(
        name="Novofon", addresses="10.0.0.1", out_address="sip.novofon.ru", out_refer=True
    )


@pytest.fixture
def make_call(trunk: Trunk) -> MakeCall:
    """A call that is answered, with its leg."""

    def make(**fields: object) -> Call:
        agent = Agent.objects.get_or_create(name="Support")[0]
        if not agent.versions.exists():
            AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
        number = PhoneNumber.objects.get_or_create(number="+74991124148", trunk=trunk)[0]
        now = timezone.now()
        values = {
            "state": Call.State.ANSWERED,
            "started_at": now,
            "answered_at": now,
            "from_number": "79161234567",
            "to_number": number.number,
            "room_name": "call-1",
            "room_sid": "RM_1",
            "unit": "room:RM_1",
        } | fields
        call = Call.objects.create(number=number, trunk=trunk, agent=agent, **values)
        name = f"SCL_{call.pk.hex[:12]}"
        party = {"participant_sid": f"PA_{call.pk.hex[:12]}", "identity": "sip_1"}
        Leg.objects.create(call=call, role="caller", sip_call_id=name, **party)
        return call

    return make


@pytest.fixture
def person(db: None) -> Person:
    """A member of staff with these permissions ("app.codename")."""

    def make(*permissions: str, name: str = "anna") -> User:
        user = User.objects.create_user(
            name, is_staff=True, language="en", set_up_at=timezone.now(), first_name="Anna"
        )
        for permission in permissions:
            app, codename = permission.split(".")
            found = Permission.objects.get(content_type__app_label=app, codename=codename)
            user.user_permissions.add(found)
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def log_in(person: Person) -> Callable[..., Client]:
    def make(*permissions: str) -> Client:
        client = Client()
        client.force_login(person(*permissions))
        return client

    return make
