"""People, and a simulated LiveKit that our settings lead to."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.livekit.simulator.recorders import Recorders
from veyra.livekit.types import Participant, Track
from veyra.models import User

__all__ = ["simulated"]

Person = Callable[..., Client]
CALLER = Participant(
    sid="PA_1",
    identity="sip_+79160000001",
    name="Phone +79160000001",
    kind="sip",
    has_sound=True,
    tracks=(Track(sid="TR_1", kind="audio", source="microphone"),),
)


@pytest.fixture(autouse=True)
def livekit(simulated: Simulated, settings: LazySettings, tmp_path: Path) -> Iterator[Simulated]:
    settings.LIVEKIT_URL, settings.LIVEKIT_SIMULATED = simulated.url, True
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    recorders = simulated.switchboard.recorders
    recorders.folder, recorders.start_seconds = tmp_path / "egress", 0.01
    yield simulated
    simulated.do(_settle(recorders))


async def _settle(recorders: Recorders) -> None:
    await asyncio.gather(*recorders.tasks)


@pytest.fixture
def room(livekit: Simulated) -> str:
    """A room with a caller in it."""
    livekit.store.join("support-room-1", CALLER)
    return "support-room-1"


@pytest.fixture
def person(db: None) -> Person:
    """A browser of somebody with these rights on recordings."""

    def make(*codenames: str, name: str = "anna") -> Client:
        user = User.objects.create_user(
            name, is_staff=True, language="en", set_up_at=timezone.now(), password=None
        )
        rights = Permission.objects.filter(
            content_type__app_label="recordings", codename__in=codenames
        )
        assert len(rights) == len(codenames)
        user.user_permissions.set(rights)
        client = Client()
        client.force_login(user)
        return client

    return make
