"""The mission's line, and a webhook's signature."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from livekit.api import AccessToken

from agentworker.models import Agent
from telephony import calls
from telephony.journal import CallState
from telephony.models import DispatchRule, PhoneNumber, PublishedObject, PublishedState, Trunk
from tests import webhooks
from tests.journal.record import AGENT, NUMBER, RULE

KEY, SECRET = "veyra", "a-secret-of-at-least-thirty-two-characters"


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET


@pytest.fixture
def rule(db: None) -> DispatchRule:
    """The rule that the recorded calls came by, with its number, trunk and assistant."""
    agent = Agent.objects.create(key=AGENT, name="Поддержка")
    trunk = Trunk.objects.create(name="trunk1", addresses="192.0.2.0/24")
    number = PhoneNumber.objects.create(number="+" + NUMBER, trunk=trunk)
    rule = DispatchRule.objects.create(key=RULE, name="Поддержка", agent=agent)
    rule.numbers.add(number)
    return rule


def publish(source: Trunk | DispatchRule, kind: str, livekit_id: str) -> None:
    PublishedObject.objects.create(
        kind=kind,
        key=livekit_id,
        source=source.key,
        livekit_id=livekit_id,
        state=PublishedState.LIVE,
    )


def sign(body: bytes, secret: str = SECRET) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return AccessToken(KEY, secret).with_sha256(digest).to_jwt()


def save(unit: str, state: CallState) -> calls.Saved:
    """One call, folded alone."""
    ledger = calls.Ledger([state])
    saved = ledger.save(unit, state)
    ledger.close()
    return saved


@pytest.fixture
def send() -> Callable[..., int]:
    """Post a webhook as LiveKit does; the status of the answer."""

    def post(event: object, *, authorization: str | None = None, secret: str = SECRET) -> int:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return webhooks.post(body, authorization or sign(body, secret))

    return post
