"""A line, and an engineer before it."""

import pytest
from django.test import Client
from django.utils import timezone

from agentworker.models import Agent, AgentVersion
from telephony.models import Trunk
from veyra.models import User


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the queue; nothing runs in these tests."""
    asked: list[str] = []
    for door in ("telephony.changes", "telephony.learning", "telephony.intake"):
        monkeypatch.setattr(f"{door}.wake", asked.append)
    return asked


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(
        User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    )
    return client


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    return agent


@pytest.fixture
def trunk() -> Trunk:
    return Trunk.objects.create(
        name="Novofon", provider="novofon", addresses="37.139.38.0/24", learned_spelling="digits"
    )
