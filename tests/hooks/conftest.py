"""Programs of others on loopback, and webhooks that lead to them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone, translation

from monitoring.hooks.kinds import READS
from monitoring.hooks.models import Hook
from telephony.models import Call
from tests.alarms.servers import Web, serve
from tests.monitoring.conftest import logged_in, make_user

__all__ = ["logged_in", "make_user"]

MakeHook = Callable[..., Hook]
MakeCall = Callable[..., Call]


@pytest.fixture(autouse=True)
def _place(settings: LazySettings) -> Iterator[None]:
    settings.ALARM_HOSTS = ["127.0.0.1"]
    with translation.override("en"):
        yield


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def web() -> Iterator[Web]:
    with serve(Web()) as found:
        yield found


@pytest.fixture
def make_hook(db: None, web: Web, now: datetime) -> MakeHook:
    def make(name: str = "crm", **fields: Any) -> Hook:
        given = {
            "url": f"{web.url}/{name}",
            "host": "127.0.0.1",
            "kinds": list(READS),
            "language": "en",
            "since": now - timedelta(hours=3),
        }
        return Hook.objects.create(name=name, **{**given, **fields})

    return make


@pytest.fixture
def make_caller(db: None, now: datetime) -> MakeCall:
    def make(**fields: Any) -> Call:
        begin = now - timedelta(minutes=3)
        given = {"state": "ended", "outcome": "answered", "from_number": "+79160000001"}
        moments = {"started_at": begin, "answered_at": begin, "ended_at": now}
        return Call.objects.create(**{**given, **moments, **fields})

    return make
