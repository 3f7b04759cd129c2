"""Doors for machines: health and figures, without a login."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from agentworker.models import Worker
from monitoring import checks, machines
from monitoring.models import HealthCheck
from monitoring.tasks import pulse
from recordings.models import Part
from telephony import probes, signing
from telephony.models import Call, Registration, Trunk
from tests.monitoring.conftest import MakeCall
from veyra.models import Pulse
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
WELL = (checks.OK, Sentence("Fine."))
ILL = (checks.FAILED, Sentence("Broken."))


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    checks.last.forget()
    machines._figures.cache_clear()
    yield
    checks.last.forget()


def found(monkeypatch: pytest.MonkeyPatch, **verdicts: checks.Verdict) -> None:
    """Every check finds what `verdicts` say of it; the others are well."""
    functions = []
    for name in ("database", "broker", "livekit"):
        verdict = verdicts.get(name, WELL)
        function = lambda verdict=verdict: verdict  # noqa: E731  # one for each name
        function.__name__ = name
        functions.append(function)
    monkeypatch.setattr(checks, "CHECKS", functions)
    monkeypatch.setattr(checks, "NEEDS_NO_DATABASE", functions[1:])


def test_health_names_every_check_with_its_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch)
    answer = client.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    names = [check["name"] for check in answer.json()["checks"]]
    assert names == ["database", "broker", "livekit"]
    assert set(answer.json()["checks"][0]) == {"name", "status", "sentence", "since"}


def test_livekit_away_is_ill_but_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, livekit=ILL)
    assert client.get("/health").status_code == 503
    assert client.get("/health/ready").status_code == 200
    assert client.get("/health/live").json() == {"status": "ok", "checks": []}


def test_without_its_broker_a_process_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, broker=ILL)
    assert client.get("/health/ready").status_code == 503


def test_whoever_asks_again_at_once_gets_the_last_look(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch)
    client.get("/health")
    found(monkeypatch, livekit=ILL)
    assert client.get("/health").status_code == 200


def test_since_is_kept_while_a_check_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, livekit=ILL)
    checks.look()
    earlier = timezone.now() - timedelta(hours=1)
    HealthCheck.objects.update(since=earlier)
    assert {check.since for check in checks.look()} == {earlier}
    found(monkeypatch)
    since = {check.name: check.since for check in checks.look()}
    assert since["broker"] == earlier and since["livekit"] != earlier


def test_a_worker_that_fell_silent_takes_no_calls() -> None:
    now = timezone.now()
    worker = Worker.objects.create(
        name="one", host="h", pid=1, started_at=now, seen_at=now, capacity=7, registered=True
    )
    status, sentence = checks.worker()
    assert status == checks.OK and sentence.values == {"places": 7}
    Part.objects.create(room_sid="RM_1", recorder="ours", began_at=now, clock_ahead=-90.2)
    status, sentence = checks.worker()
    assert status == checks.OK and sentence.values == {"places": 7, "seconds": 90}
    Worker.objects.filter(pk=worker.pk).update(seen_at=now - timedelta(seconds=10))
    assert checks.worker()[0] == checks.FAILED


def test_what_is_no_part_of_the_installation_is_off_and_not_missed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = (checks.OFF, Sentence("Not here."))
    found(monkeypatch, livekit=off)
    answer = client.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    assert [each["status"] for each in answer.json()["checks"]] == ["ok", "ok", "off"]


def test_what_was_started_a_moment_ago_is_starting_and_not_yet_missed(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.SIP_TEST_TO = "127.0.0.1:5060"
    monkeypatch.setattr(probes, "BEGAN", time.monotonic())
    assert [look()[0] for look in (checks.worker, checks.tap, checks.schedule)] == ["starting"] * 3
    found(monkeypatch, livekit=checks.worker())
    answer = client.get("/health")
    assert answer.status_code == 503 and answer.json()["status"] == "starting"
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - probes.STARTING_SECONDS)
    assert [look()[0] for look in (checks.worker, checks.tap, checks.schedule)] == ["failed"] * 3


def test_without_a_call_entrance_its_checks_are_off(settings: LazySettings) -> None:
    settings.SIP_TEST_TO = ""
    assert [checks.gateway()[0], checks.tap()[0]] == [checks.OFF, checks.OFF]
    assert checks.worker()[0] == checks.FAILED


def test_the_simulator_needs_neither_call_entrance_nor_worker(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    assert [checks.gateway()[0], checks.worker()[0]] == [checks.OFF, checks.OFF]
    # It publishes on the bus, so the tap hears it.
    assert checks.tap()[0] == checks.FAILED


def test_the_registrar_is_missed_only_where_a_connection_signs_in() -> None:
    assert checks.registrar()[0] == checks.OFF
    trunk = Trunk.objects.create(name="Novofon", register_at="sip.provider.example")
    assert checks.registrar()[0] == checks.FAILED
    Pulse.beat(signing.PULSE)
    assert checks.registrar()[0] == checks.OK
    Registration.objects.create(trunk=trunk, state=Registration.State.REFUSED, code=403)
    assert checks.registrar()[0] == checks.OK
    Registration.objects.update(state=Registration.State.AWAY)
    assert checks.registrar()[0] == checks.FAILED


def test_the_schedule_is_well_while_its_task_runs() -> None:
    assert checks.schedule()[0] == checks.FAILED
    pulse()
    assert checks.schedule()[0] == checks.OK
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert checks.schedule()[0] == checks.FAILED


def test_the_figures_count_calls_by_state_and_outcome(client: Client, make_call: MakeCall) -> None:
    make_call()
    make_call(state=Call.State.ENDED, outcome=Call.Outcome.ABANDONED, ended_at=timezone.now())
    figures = client.get("/metrics").content.decode()
    assert 'veyra_calls_now{state="ringing"} 1.0' in figures
    assert 'veyra_calls_total{outcome="abandoned"} 1.0' in figures
    assert "veyra_fold_backlog 0.0" in figures
