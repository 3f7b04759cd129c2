"""A channel to a server of ours on loopback, and incidents to tell of."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import translation

from monitoring.alarms.forms import put
from monitoring.alarms.models import AlertChannel
from monitoring.incidents.models import Incident
from tests.alarms.servers import Proxy, Web, serve
from tests.monitoring.conftest import logged_in, make_user
from veyra.models import User
from veyra.sentences import Sentence

__all__ = ["logged_in", "make_user"]

# A Wednesday, in Moscow three hours later.
NOON = datetime(2026, 3, 4, 9, tzinfo=UTC)
MakeChannel = Callable[..., AlertChannel]
MakeIncident = Callable[..., Incident]


@pytest.fixture(autouse=True)
def _place(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.STATE, settings.ALARM_HOSTS = tmp_path, ["127.0.0.1"]
    settings.TIME_ZONE = "Europe/Moscow"
    with translation.override("en"):
        yield


@pytest.fixture
def web() -> Iterator[Web]:
    with serve(Web()) as found:
        yield found


@pytest.fixture
def telegram(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Telegram, as it stands behind a proxy."""
    proxy = Proxy(web, "api.telegram.org", tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.authority))
    yield proxy
    proxy.close()


@pytest.fixture
def make_channel(db: None, web: Web) -> MakeChannel:
    """A channel to /<name> of `web`."""

    def make(name: str = "duty", kind: str = "webhook", **fields: Any) -> AlertChannel:
        values = fields.pop("values", {"url": f"{web.url}/{name}"})
        given = {"name": name, "kind": kind, "language": "en", "severity": 4}
        channel = AlertChannel(**{**given, **fields})
        put(channel, values)
        channel.save()
        made = fields.get("made_at", NOON)
        AlertChannel.objects.filter(pk=channel.pk).update(made_at=made)
        channel.refresh_from_db()
        return channel

    return make


@pytest.fixture
def make_incident(db: None) -> MakeIncident:
    def make(text: str = "No assistant comes.", severity: int = 1, **fields: Any) -> Incident:
        given = {
            "rule": "no-agent",
            "cause": f"no-agent:{text}",
            "sentence": Sentence(text).to_json(),
            "opened_at": NOON,
            "seen_at": NOON,
        }
        return Incident.objects.create(severity=severity, **{**given, **fields})

    return make


def person(name: str, **fields: Any) -> User:
    return User.objects.create_user(name, is_staff=True, language="en", password=None, **fields)


def after(**span: float) -> datetime:
    return NOON + timedelta(**span)
