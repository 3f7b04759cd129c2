"""A LiveKit for steps that ask one, and sentences in English."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.utils import translation

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
