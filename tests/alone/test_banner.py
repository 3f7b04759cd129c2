"""Where nobody can speak to callers, every page says so."""

import time
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from agentworker import standin
from agentworker.models import Worker
from monitoring.voices import nobody_speaks
from telephony import probes, watching
from veyra.models import Pulse, User

pytestmark = pytest.mark.django_db
TOLD = "Callers hear nothing."


def page(client: Client, path: str = "/admin/telephony/call/") -> str:
    return client.get(path).content.decode()


@pytest.fixture
def staff(client: Client) -> Client:
    user = User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    client.force_login(user)
    return client


def works(**values: object) -> Worker:
    wanted = {"started_at": timezone.now(), "seen_at": timezone.now(), "pid": 1, "capacity": 5}
    return Worker.objects.create(name="here:1", **wanted | {"registered": True} | values)


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/telephony/call/", "/live/", "/calls-out/", "/banner/"]
)
def test_every_page_tells_that_nobody_can_speak(staff: Client, path: str) -> None:
    assert TOLD in page(staff, path)
    works()
    assert TOLD not in page(staff, path)


def test_a_stranger_at_the_login_is_told_nothing(client: Client) -> None:
    assert TOLD not in page(client, "/admin/login/")


def test_one_worker_or_the_last_resort_is_enough() -> None:
    assert nobody_speaks()
    works()
    assert not nobody_speaks()
    Worker.objects.all().delete()
    Pulse.beat(watching.PULSE)
    Pulse.beat(standin.PULSE)
    assert not nobody_speaks()


def test_a_last_resort_that_no_watchdog_asks_speaks_to_nobody() -> None:
    Pulse.beat(standin.PULSE)
    assert nobody_speaks()


def test_signs_of_life_grow_old() -> None:
    old = timezone.now() - timedelta(seconds=11)
    works(seen_at=old)
    Pulse.beat(watching.PULSE)
    Pulse.objects.create(name=standin.PULSE, at=old)
    assert nobody_speaks()


@pytest.mark.parametrize("values", [{"registered": False}, {"draining": True}])
def test_a_worker_that_takes_no_calls_speaks_to_nobody(values: dict[str, bool]) -> None:
    works(**values)
    assert nobody_speaks()


def test_nothing_is_missed_a_moment_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.probes.BEGAN", float("inf"))
    assert not nobody_speaks()


def test_a_slow_start_is_no_alarm_while_a_worker_is_on_its_way_to_livekit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - probes.STARTING_SECONDS)
    assert nobody_speaks()
    works(registered=False)
    assert not nobody_speaks()
    Worker.objects.update(started_at=timezone.now() - probes.COMING)
    assert nobody_speaks()


def test_the_simulator_has_no_sound_anyway(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    assert not nobody_speaks()
