"""A LiveKit for steps that ask one."""

import pytest
from django.conf import LazySettings

from tests.simulator.conftest import KEY, SECRET, Simulated, simulated

__all__ = ["simulated"]


@pytest.fixture
def livekit(simulated: Simulated, settings: LazySettings) -> Simulated:
    settings.LIVEKIT_URL = simulated.url
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    return simulated
