"""The walk along the way of a call, and the programs that make it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.utils import timezone

from agentworker.models import Agent, Worker
from agentworker.services import Words, save_words
from monitoring.diagnosis import probing
from monitoring.diagnosis.walking import walk
from telephony.models import DispatchRule, PhoneNumber, TestCall, Trunk

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def listening() -> Iterator[int]:
    """A TCP port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def nowhere(settings: LazySettings) -> LazySettings:
    """An entrance, a LiveKit and a queue that are all away."""
    settings.LIVEKIT_SIMULATED = False
    settings.SIP_HOST, settings.SIP_PORT, settings.SIP_TEST_TO = "127.0.0.1", 9, "127.0.0.1:9"
    settings.LIVEKIT_URL = "ws://127.0.0.1:9"
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    return settings


def statuses() -> dict[str, str]:
    return {item.name: item.status for item in probing.entrance()}


def test_a_name_that_leads_nowhere_is_told(nowhere: LazySettings) -> None:
    nowhere.SIP_HOST = "no-such-host.invalid"
    assert statuses() == {"name": "failed", "udp": "failed", "tcp": "failed"}


def test_a_port_that_listens_is_told_apart(nowhere: LazySettings) -> None:
    with listening() as port:
        nowhere.SIP_PORT = port
        assert statuses() == {"name": "ok", "udp": "failed", "tcp": "ok"}


def test_an_entrance_that_answers_only_inside_is_no_fault(
    nowhere: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.probes.entrance_answers", lambda _seconds: True)
    assert statuses() == {"name": "ok", "udp": "warning", "tcp": "warning"}


def test_without_an_entrance_no_port_is_looked_at(nowhere: LazySettings) -> None:
    nowhere.SIP_TEST_TO = ""
    assert statuses() == {"name": "off"}


@pytest.mark.django_db
def test_more_places_than_ports_of_sound_are_told(nowhere: LazySettings) -> None:
    assert probing.sound_ports().status == "ok"
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    Worker.objects.create(name="w", host="h", pid=1, **wanted)
    nowhere.RTP_PORTS = (10000, 10003)
    assert "enough for 4 calls" in str(probing.sound_ports().sentence)
    assert probing.sound_ports().status == "warning"


@pytest.mark.django_db
def test_a_number_that_leads_nowhere_is_named(nowhere: LazySettings) -> None:
    assert [item.status for item in probing.numbers()] == ["failed"]
    trunk = Trunk.objects.create(name="Office", addresses="192.0.2.1")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    (item,) = probing.numbers()
    assert item.status == "failed" and number.number in str(item.sentence)
    agent = Agent.objects.create(name="Anna")
    save_words(agent, Words("en", "Hello!", [], []), None)
    DispatchRule.objects.create(name="Sales", agent=agent).numbers.add(number)
    assert [item.status for item in probing.numbers()] == ["warning"]  # not live yet


@pytest.mark.django_db(transaction=True)
def test_the_walk_stops_nowhere_and_says_the_worst_first(nowhere: LazySettings) -> None:
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("diagnose", stdout=said)
    lines = said.getvalue().splitlines()
    assert ended.value.code == 1 and lines[0].startswith("The line does not work. ")
    assert any("not reachable on UDP 9 of 127.0.0.1" in line for line in lines)
    titles = [line for line in lines if line and line[1:2] not in (" ", "")]
    assert titles[1:3] == ["The call comes to us", "Somebody answers it"]


@pytest.mark.django_db(transaction=True)
def test_the_last_call_of_our_own_telephone_is_part_of_it(nowhere: LazySettings) -> None:
    trunk = Trunk.objects.create(name="Office")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    result = {"msgid": "Nobody answered.", "values": {}}
    now = timezone.now()
    TestCall.objects.create(
        number=number, why="nightly", state="failed", result=result, judged_at=now
    )
    found = {item.name: item for item in walk().items}
    assert (found["call"].status, str(found["call"].sentence)) == ("failed", "Nobody answered.")
    TestCall.objects.update(judged_at=now - timedelta(days=3))
    assert {item.name: item for item in walk().items}["call"].status == "off"


def run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd="/",
        env=os.environ | environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def test_a_database_that_is_away_is_the_verdict_and_no_error(tmp_path: Path) -> None:
    script = str(ROOT / "scripts" / "diagnose_livekit_connection.py")
    away = {"DATABASE_URL": f"sqlite:///{tmp_path}/no/db.sqlite3", "VEYRA_STATE": str(tmp_path)}
    done = run([sys.executable, script, "--json"], **away)
    found = json.loads(done.stdout)
    assert done.returncode == 1 and found["ok"] is False
    database = next(item for item in found["items"] if item["name"] == "database")
    assert database["status"] == "failed" and database["sentence"] in found["verdict"]


def test_the_script_for_incidents_looks_heals_and_looks_again(tmp_path: Path) -> None:
    script = str(ROOT / "scripts" / "critical_incident_response.sh")
    away = {"DATABASE_URL": f"sqlite:///{tmp_path}/no/db.sqlite3", "VEYRA_STATE": str(tmp_path)}
    done = run([script, "--dry-run", "--json"], **away)
    lines = done.stdout.splitlines()
    healed = next(place for place, line in enumerate(lines) if line.startswith("[{"))
    assert done.returncode == 1 and json.loads(lines[healed])[0]["ok"] is False
    assert lines[0] == lines[healed + 1]
