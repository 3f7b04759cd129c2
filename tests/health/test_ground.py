"""What carries everything, each well and not well: database, queue, disk, memory, clocks, TLS."""

import collections
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis
import time_machine
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.utils import timezone

from agentworker.models import Worker
from monitoring.health import redises
from monitoring.health.checks.ground import Broker, Database, Queues, pulse_of
from monitoring.health.checks.machine import Certificates, Clocks, Disk, Memory
from monitoring.tasks import pulse
from recordings.models import Part, Storage
from tests.health.made import verdict_of
from tests.health.world import Authority, Pages, secure, valkey
from veyra.models import Program, Pulse
from veyra.stopping import Attendant

pytestmark = pytest.mark.django_db
NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(scope="module")
def _valkey() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def broker(_valkey: str, settings: LazySettings) -> Iterator[redis.Redis]:
    settings.REDIS_URL = _valkey
    client = redis.Redis.from_url(_valkey)
    client.flushall()
    yield client
    client.close()
    redises.client_of.cache_clear()


def test_a_database_that_answers_is_well() -> None:
    found = verdict_of(Database)
    assert found.status == "ok" and found.value is not None and found.value < 500


def test_a_database_that_answers_late_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> object:
        traveller.shift(2)
        return original()

    original = connection.cursor
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        monkeypatch.setattr(connection, "cursor", slow)
        monkeypatch.setattr("monitoring.health.checks.ground.perf_counter", _seconds)
        assert verdict_of(Database).status == "warning"


def _seconds() -> float:
    return timezone.now().timestamp()


def test_a_database_that_is_away_is_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", away)
    assert verdict_of(Database).status == "failed"


def test_the_broker_is_well_while_it_answers(broker: redis.Redis, settings: LazySettings) -> None:
    assert verdict_of(Broker).status == "ok"
    settings.REDIS_URL = NOBODY
    assert verdict_of(Broker).status == "failed"


def test_a_broker_that_is_back_is_well_again(settings: LazySettings) -> None:
    with valkey() as url:
        settings.REDIS_URL = url
        assert verdict_of(Broker).status == "ok"
    assert verdict_of(Broker).status == "failed"


def beat(settings: LazySettings, *but: str) -> None:
    for queue in settings.QUEUES:
        if queue not in but:
            Pulse.beat(pulse_of(queue))


def test_a_queue_that_nobody_works_off_is_named(
    broker: redis.Redis, settings: LazySettings
) -> None:
    beat(settings, "calls")
    found = verdict_of(Queues)
    assert found.status == "failed" and found.sentence.values == {"queues": "calls"}
    beat(settings)
    assert verdict_of(Queues).status == "ok"
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert verdict_of(Queues).sentence.values == {"queues": "default, livekit, hands, calls"}
    assert verdict_of(Queues, silence=400).status == "ok"


def test_work_that_piles_up_is_told_with_the_longest_queue(
    broker: redis.Redis, settings: LazySettings
) -> None:
    beat(settings)
    broker.rpush("slow", *range(12))
    found = verdict_of(Queues)
    assert (found.status, found.value) == ("ok", 12)
    found = verdict_of(Queues, waiting=10)
    assert (found.status, found.sentence.values["queue"]) == ("warning", "slow")


def test_the_sign_of_life_names_its_queue() -> None:
    pulse()
    assert set(Pulse.objects.values_list("name", flat=True)) == {"queue:default", "schedule"}


def test_a_disk_that_fills_is_told_before_it_is_full(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disks = collections.namedtuple("Disks", "total used free")
    free = {str(tmp_path): 30e9}
    monkeypatch.setattr(
        "veyra.spare.shutil.disk_usage",
        lambda path: Disks(0, 0, free.get(path, 400e9)),
    )
    Storage.objects.create(folder=str(tmp_path))
    assert verdict_of(Disk).value == 30
    free[str(tmp_path)] = 3e9
    found = verdict_of(Disk)
    assert found.status == "warning" and found.sentence.values["folder"] == str(tmp_path)
    free[str(tmp_path)] = 0.5e9
    assert verdict_of(Disk).status == "failed"
    assert verdict_of(Disk, least=0.1, few=0.2).status == "ok"


def test_memory_that_fills_is_told_before_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    Memories = collections.namedtuple("Memories", "total available")
    for available, status in ((50, "ok"), (8, "warning"), (2, "failed")):
        monkeypatch.setattr(psutil, "virtual_memory", lambda left=available: Memories(100, left))
        assert verdict_of(Memory).status == status


def test_a_host_without_room_is_told_by_its_name_whoever_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Attendant("tap")._is_asked()
    row = Program.objects.get()
    assert row.spare["disk"] > 0 and row.spare["memory"] > 0
    assert ":" not in verdict_of(Disk, few=9999, least=0.05).sentence.values["folder"]
    spare = {"disk": 0.2, "folder": "/srv", "memory": 0.4}
    Program.objects.update(host="server2", spare=spare)
    for looks in (socket.gethostname(), "server3"):
        monkeypatch.setattr(socket, "gethostname", lambda name=looks: name)
        disk, memory = verdict_of(Disk), verdict_of(Memory)
        assert (disk.status, disk.sentence.values["folder"]) == ("failed", "server2:/srv")
        assert (memory.status, memory.sentence.values["free"]) == ("failed", "server2: 0")
    Program.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    assert verdict_of(Disk, few=0.2, least=0.1).status == "ok"


def test_a_clock_that_was_set_is_noticed_by_those_of_others(
    broker: redis.Redis, settings: LazySettings
) -> None:
    with Pages() as livekit:
        settings.LIVEKIT_URL = f"ws://127.0.0.1:{livekit.port}"
        assert verdict_of(Clocks).status == "ok"
        livekit.ahead = 90
        found = verdict_of(Clocks)
        assert found.status == "failed" and found.sentence.values["of"] == "LiveKit"
        assert verdict_of(Clocks, off=120).status == "ok"
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        found = verdict_of(Clocks)
        assert found.status == "failed" and found.sentence.values["of"] in ("Redis", "PostgreSQL")


def test_a_host_that_lives_in_the_future_is_named(
    broker: redis.Redis, settings: LazySettings
) -> None:
    settings.LIVEKIT_URL = "ws://127.0.0.1:9"
    now = timezone.now()
    Worker.objects.create(
        name="one", host="far", pid=1, started_at=now, seen_at=now, capacity=1, registered=True
    )
    assert verdict_of(Clocks).status == "ok"
    Worker.objects.update(seen_at=now + timedelta(seconds=40))
    assert verdict_of(Clocks).sentence.values == {"of": "far", "seconds": 40}
    Part.objects.create(room_sid="RM_1", recorder="ours", began_at=now, clock_ahead=-70)
    assert verdict_of(Clocks).sentence.values == {"of": "recorder", "seconds": 70}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("named", "days", "trusted", "status"),
    [
        ("127.0.0.1", 60, True, "ok"),
        ("127.0.0.1", 5, True, "warning"),
        ("127.0.0.1", -1, True, "failed"),
        ("127.0.0.2", 60, True, "failed"),
        ("127.0.0.1", 60, False, "failed"),
    ],
    ids=["good", "ends soon", "expired", "another name", "nobody trusts it"],
)
def test_a_certificate_is_looked_at_as_a_browser_does(
    named: str,
    days: float,
    trusted: bool,
    status: str,
    authority: Authority,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with secure(authority.sign(named, days)) as port:
        settings.PUBLIC_URL = f"https://127.0.0.1:{port}"
        assert verdict_of(Certificates).status == status


def test_the_certificate_of_a_bucket_is_looked_at_too(
    authority: Authority, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict_of(Certificates).status == "off"
    with secure(authority.sign("127.0.0.1", 60)) as port:
        Storage.objects.create(kind="s3", endpoint=f"https://127.0.0.1:{port}")
        assert verdict_of(Certificates).status == "failed"
    assert verdict_of(Certificates).status == "warning"
