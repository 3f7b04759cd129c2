"""A small line, and programs with keys."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from agentworker.models import Agent, AgentVersion
from monitoring import roles
from telephony.models import DispatchRule, PhoneNumber, Trunk
from veyra.models import User
from veyra.rest import keys


class Program:
    """Asks the API with a key, as curl does. Answers are (status, body)."""

    def __init__(self, secret: str) -> None:
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        work = getattr(self.client, method)
        return work(f"/api/v1/{path}", body, format="json", **sent)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: Any = None, once: str = "") -> Any:
        return self.ask("post", path, body, **({"idempotency_key": once} if once else {}))

    def patch(self, path: str, body: Any) -> Any:
        return self.ask("patch", path, body)


def member(role: str, name: str = "anna") -> User:
    roles.make()
    user = User.objects.create_user(
        name, is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.add(Group.objects.get(name=role))
    return user


Let = Callable[..., Program]


@pytest.fixture
def let(db: None) -> Let:
    """Let a program in, as a service with this role."""

    def make(role: str = "Owner") -> Program:
        owner = User.objects.filter(username="boss").first() or member("Owner", "boss")
        group = Group.objects.get(name=role)
        row, secret = keys.make(f"a {role}", owner, 30, group)
        User.objects.filter(pk=row.user_id).update(language="en")
        return Program(secret)

    return make


@pytest.fixture
def agent(db: None) -> Agent:
    found = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=found, number=1, language="en", greeting="Hello")
    return found


@pytest.fixture
def line(agent: Agent) -> DispatchRule:
    trunk = Trunk.objects.create(name="Novofon", addresses="10.0.0.1")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(name="All", agent=agent)
    rule.trunks.add(trunk)
    return rule
