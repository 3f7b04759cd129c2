"""A LiveKit for steps that ask one, a caller whom nobody greets, and sentences in English."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone, translation

from agentworker.models import Agent
from telephony.models import Call, Leg
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated

__all__ = ["simulated"]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def livekit(simulated: Simulated, settings: LazySettings) -> Simulated:
    settings.LIVEKIT_URL = simulated.url
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    return simulated


@pytest.fixture
def ringing_in(db: None) -> Call:
    """A caller for whom an assistant came, and has said nothing for too long."""
    long_ago = timezone.now() - timedelta(seconds=20)
    call = Call.objects.create(
        state="ringing",
        direction="inbound",
        started_at=long_ago,
        room_name="call-1",
        room_sid="RM_1",
        agent=Agent.objects.create(name="Anna"),
    )
    joined = {"joined_at": long_ago, "room_sid": "RM_1", "role": Leg.Role.CALLER}
    Leg.objects.create(call=call, identity="sip_1", **joined)
    return call
