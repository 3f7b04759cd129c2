"""A world that can be well or ill: checks that say what they are told, and calls that ended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.health import every
from monitoring.health.models import HealthCheck
from monitoring.incidents import watching
from monitoring.incidents.models import Incident
from telephony.models import Call
from veyra.models import User
from veyra.sentences import Sentence

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
Say = Callable[..., None]
Place = Callable[..., Call]
Watch = Callable[[float], list[Incident]]


@pytest.fixture
def watch(db: None) -> Watch:
    """Look, so many seconds after noon; what began."""

    def look(seconds: float) -> list[Incident]:
        now = NOON + timedelta(seconds=seconds)
        HealthCheck.objects.update(checked_at=now)
        return watching.watch(now)

    return look


@pytest.fixture
def say(db: None) -> Say:
    """Let checks say "failed", "warning" or what else; those that are not named are well."""

    def tell(**statuses: str) -> None:
        for check in every.CHECKS:
            status = statuses.get(check.name, "ok")
            sentence = Sentence(f"{check.name} is {status}.").to_json()
            told = {"status": status, "sentence": sentence, "since": NOON, "checked_at": NOON}
            HealthCheck.objects.update_or_create(name=check.name, defaults=told)

    tell()
    return tell


@pytest.fixture
def place(db: None) -> Place:
    """A call that ended so, so many seconds after noon."""

    def make(outcome: str, seconds: float = 0, **values: Any) -> Call:
        at = NOON + timedelta(seconds=seconds)
        made = {
            "state": "ended",
            "outcome": outcome,
            "started_at": at - timedelta(seconds=30),
            "answered_at": at - timedelta(seconds=20) if outcome == "answered" else None,
            "ended_at": at,
            "from_number": "+79160000001",
        }
        return Call.objects.create(**made | values)

    return make


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna", first_name="Anna", is_staff=True)
