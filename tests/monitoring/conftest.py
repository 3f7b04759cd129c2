"""Calls and people as the pages of monitoring meet them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from agentworker.models import Agent, AgentVersion, Session, Speaker, Turn
from monitoring.health.shown import shown
from telephony import probes
from telephony.models import Call, DispatchRule, Leg, PhoneNumber, Trunk
from veyra.models import User

MakeUser = Callable[..., User]
MakeCall = Callable[..., Call]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """A person with these permissions ("app.codename"), in English, set up."""

    def make(*permissions: str, name: str = "anna", is_staff: bool = True) -> User:
        user = User.objects.create_user(
            name, password="x", is_staff=is_staff, language="en", set_up_at=timezone.now()
        )
        for permission in permissions:
            app, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def logged_in(make_user: MakeUser) -> Callable[..., Client]:
    """A browser of a person with these permissions."""

    def make(*permissions: str, name: str = "anna") -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(make_user(*permissions, name=name))
        return client

    return make


@pytest.fixture
def agent(db: None) -> Agent:
    found = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=found, number=1, language="en", greeting="Hello")
    return found


@pytest.fixture
def number(db: None) -> PhoneNumber:
    trunk = Trunk.objects.create(name="trunk1", addresses="10.0.0.1")
    return PhoneNumber.objects.create(number="+74991124148", label="Support", trunk=trunk)


@pytest.fixture
def rule(agent: Agent, number: PhoneNumber) -> DispatchRule:
    made = DispatchRule.objects.create(name="Everybody", agent=agent, room="support-room-")
    made.trunks.add(number.trunk)
    return made


@pytest.fixture
def make_call(agent: Agent, number: PhoneNumber) -> MakeCall:
    """A call with its leg; `words` are said by caller and assistant in turn."""

    def make(words: Sequence[str] = (), seconds_ago: float = 60, **fields: object) -> Call:
        now = timezone.now()
        started = now - timedelta(seconds=seconds_ago)
        fields = {"state": Call.State.RINGING, "from_number": "+79161230001"} | fields
        call = Call.objects.create(
            to_number=number.number, number=number, agent=agent, started_at=started, **fields
        )
        name = f"SCL_{call.pk.hex[:12]}"
        Leg.objects.create(call=call, role=Leg.Role.CALLER, sip_call_id=name)
        session = Session.objects.create(
            job_id=f"AJ_{call.pk.hex[:12]}",
            version=agent.current(),
            sip_call_id=name,
            started_at=started,
        )
        for index, text in enumerate(words):
            say(session, text, Speaker.AGENT if index % 2 else Speaker.CALLER)
        return call

    return make


def say(session: Session, text: str, speaker: Speaker = Speaker.CALLER, **fields: object) -> Turn:
    count = session.turns.count()
    return Turn.objects.create(
        session=session,
        turn_id=f"{session.job_id}/{count}",
        speaker=speaker,
        text=text,
        at=session.started_at + timedelta(seconds=count),
        **fields,
    )


@pytest.fixture
def well(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Pages do not ask the network how the line is: nothing was found."""
    monkeypatch.setattr(shown, "get", lambda: [])
    settings.SIP_TEST_TO = ""
    probes.entrance.forget()
