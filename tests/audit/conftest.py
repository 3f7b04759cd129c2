"""A rule at night, and somebody who changes it."""

import pytest
from django.test import Client
from django.utils import timezone

from agentworker.models import Agent, AgentVersion
from telephony.models import DispatchRule, PhoneNumber, Trunk
from veyra.models import AuditEntry, User


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_superuser(
        "anna", first_name="Anna", language="en", set_up_at=timezone.now()
    )


@pytest.fixture
def staff(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


@pytest.fixture
def rule(db: None) -> DispatchRule:
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello.")
    row = DispatchRule.objects.create(name="Night", agent=agent)
    row.trunks.add(trunk)
    AuditEntry.objects.all().delete()
    return row
