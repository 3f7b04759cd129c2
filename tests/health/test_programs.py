"""The programs that answer, look after callers and record."""

import time
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker import standin, taping
from agentworker.models import Worker
from monitoring.health.base import Check
from monitoring.health.checks.ground import Schedule
from monitoring.health.checks.line import Entrance, Registrar, Tap
from monitoring.health.checks.programs import Living, Recorder, Standby, Watchdog, Workers
from monitoring.tasks import pulse
from recordings.models import Part
from telephony import probes, signing, tapping, watching
from telephony.models import Registration, Trunk
from tests.health.made import verdict_of
from veyra.models import Pulse

pytestmark = pytest.mark.django_db


def worker(capacity: int = 7, jobs: int = 0) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name="one",
        host="h",
        pid=1,
        started_at=now,
        seen_at=now,
        capacity=capacity,
        registered=True,
        jobs=[f"AJ_{each}" for each in range(jobs)],
    )


def test_a_worker_that_fell_silent_takes_no_calls() -> None:
    row = worker()
    found = verdict_of(Workers)
    assert (found.status, found.sentence.values, found.value) == ("ok", {"places": 7}, 7)
    Worker.objects.filter(pk=row.pk).update(seen_at=timezone.now() - timedelta(seconds=10))
    assert verdict_of(Workers).status == "failed"


def test_a_wrong_clock_of_who_records_is_told_with_the_places() -> None:
    worker()
    Part.objects.create(
        room_sid="RM_1", recorder="ours", began_at=timezone.now(), clock_ahead=-90.2
    )
    found = verdict_of(Workers)
    assert found.status == "ok" and found.sentence.values == {"places": 7, "seconds": 90}


def test_a_full_line_is_told_before_callers_wait() -> None:
    worker(capacity=4, jobs=3)
    assert verdict_of(Workers).status == "ok"
    assert verdict_of(Workers, free=2).status == "warning"
    assert verdict_of(Workers, taken=75).status == "warning"
    Worker.objects.update(jobs=["AJ"] * 4)
    assert verdict_of(Workers).status == "warning"


@pytest.mark.parametrize("check", [Workers, Tap, Schedule], ids=lambda check: str(check.name))
def test_what_was_started_a_moment_ago_is_starting_and_not_yet_missed(
    check: type[Check], monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.SIP_TEST_TO = "127.0.0.1:5060"
    monkeypatch.setattr(probes, "BEGAN", time.monotonic())
    assert verdict_of(check).status == "starting"
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - probes.STARTING_SECONDS)
    assert verdict_of(check).status == "failed"


def test_assistants_on_their_way_to_livekit_are_starting_and_for_two_minutes_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker()
    Worker.objects.update(registered=False)
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - probes.STARTING_SECONDS)
    assert verdict_of(Workers).status == "starting"
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - probes.COMING.total_seconds())
    assert verdict_of(Workers).status == "failed"


def test_without_a_call_entrance_its_checks_are_off(settings: LazySettings) -> None:
    settings.SIP_TEST_TO = ""
    assert [verdict_of(Entrance).status, verdict_of(Tap).status] == ["off", "off"]
    assert verdict_of(Workers).status == "failed"


def test_the_tap_is_well_while_it_hears(settings: LazySettings) -> None:
    settings.SIP_TEST_TO = "127.0.0.1:5060"
    assert verdict_of(Tap).status == "failed"
    Pulse.beat(tapping.PULSE)
    assert verdict_of(Tap).status == "ok"


def test_the_simulator_needs_neither_call_entrance_nor_worker(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    assert [verdict_of(Entrance).status, verdict_of(Workers).status] == ["off", "off"]
    # It publishes on the bus, so the tap hears it.
    assert verdict_of(Tap).status == "failed"


@pytest.mark.parametrize(
    ("check", "name"),
    [(Watchdog, watching.PULSE), (Standby, standin.PULSE), (Recorder, taping.PULSE)],
    ids=["watchdog", "standby", "recorder"],
)
def test_a_program_that_shows_life_is_well(
    check: type[Living], name: str, settings: LazySettings
) -> None:
    assert verdict_of(check).status == "failed"
    Pulse.beat(name)
    assert verdict_of(check).status == "ok"
    Pulse.objects.update(at=timezone.now() - timedelta(seconds=11))
    assert verdict_of(check).status == "failed"
    settings.LIVEKIT_SIMULATED = True
    assert verdict_of(check).status == "off"


def test_the_registrar_is_missed_only_where_a_connection_signs_in() -> None:
    assert verdict_of(Registrar).status == "off"
    trunk = Trunk.objects.create(name="Novofon", register_at="sip.provider.example")
    assert verdict_of(Registrar).status == "failed"
    Pulse.beat(signing.PULSE)
    assert verdict_of(Registrar).status == "ok"
    Registration.objects.create(trunk=trunk, state=Registration.State.REFUSED, code=403)
    assert verdict_of(Registrar).status == "ok"
    Registration.objects.update(state=Registration.State.AWAY)
    assert verdict_of(Registrar).status == "failed"


def test_the_schedule_is_well_while_its_task_runs() -> None:
    assert verdict_of(Schedule).status == "failed"
    pulse()
    assert verdict_of(Schedule).status == "ok"
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert verdict_of(Schedule).status == "failed"
