"""Who watches the watcher: alarms come where the schedule is dead, and where the database is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from monitoring.alarms import calling_out, copying, sharing
from monitoring.alarms.calling_out import Caller
from monitoring.alarms.chain import LOOKOUT
from monitoring.alarms.copying import Copy, Outage
from monitoring.alarms.lookout import DAMPING, Lookout
from monitoring.alarms.models import AlertChannel, Delivery, Watch
from monitoring.alarms.sharing import REMINDED
from monitoring.health import redises
from monitoring.health.checks.ground import SCHEDULE
from monitoring.health.models import HealthCheck
from tests.alarms.conftest import NOON, MakeChannel, MakeIncident, after
from tests.alarms.servers import Web
from tests.health.world import valkey
from tests.incidents.conftest import Say, say
from veyra.models import Pulse

__all__ = ["say"]


@pytest.fixture
def lookout(db: None) -> Lookout:
    return Lookout()


@pytest.fixture(autouse=True)
def _alone(settings: LazySettings) -> None:
    """Without a Redis, and so without another lookout."""
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


@pytest.fixture
def shared(settings: LazySettings) -> Iterator[None]:
    with valkey() as settings.REDIS_URL:
        yield
    redises.client_of.cache_clear()


@pytest.fixture
def host(
    shared: None, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Lookout]:
    """The lookout of this host, started anew."""

    def enter(name: str) -> Lookout:
        settings.STATE = tmp_path / name
        monkeypatch.setattr(sharing, "US", name)
        Copy().keep(NOON)
        there = Lookout()
        there._outage.since = NOON - DAMPING
        return there

    return enter


def felt(name: str, at: datetime) -> None:
    Pulse.objects.update_or_create(name=name, defaults={"at": at})


def test_the_copy_can_be_read_without_a_database_and_by_nobody_else(
    make_channel: MakeChannel, settings: LazySettings
) -> None:
    channel = make_channel(values={"url": "http://127.0.0.1:9/secret-path"}, language="ru")
    assert Copy().keep(NOON)
    file = copying.place() / "channels.sealed"
    assert "secret-path" not in file.read_text() and file.stat().st_mode & 0o077 == 0
    (found,) = copying.channels()
    assert (found.pk, found.language) == (channel.pk, "ru")
    assert found.parcel.address["fullpath"] == "/secret-path"
    settings.FIELD_KEYS = ["fJc8nvLa4JNcuKc4-nOqCCm0GEnXgZ3mZ7xzWgp8TfE="]
    assert copying.channels() == []


def test_the_copy_is_written_at_each_change_and_each_hour(make_channel: MakeChannel) -> None:
    channel, copy = make_channel(), Copy()
    assert [copy.keep(NOON), copy.keep(after(minutes=59))] == [True, False]
    AlertChannel.objects.filter(pk=channel.pk).update(changed_at=after(minutes=59))
    assert copy.keep(after(minutes=59))
    channel.delete()
    assert copy.keep(after(minutes=60)) and copying.channels() == []
    assert copy.keep(after(minutes=120))


def test_a_database_that_is_away_is_told_once_and_again_after_a_while(
    make_channel: MakeChannel, lookout: Lookout, web: Web
) -> None:
    make_channel()
    Copy().keep(NOON)
    lookout.miss_database(NOON)
    lookout.miss_database(NOON + DAMPING - timedelta(seconds=1))
    assert web.asked == []
    lookout.miss_database(NOON + DAMPING)
    lookout.miss_database(NOON + DAMPING + timedelta(seconds=5))
    assert web.titles == ["Critical: the database does not answer"]
    # One that was started anew knows whom it has told.
    again = Lookout()
    again.miss_database(after(minutes=20))
    assert len(web.asked) == 1
    again.miss_database(NOON + DAMPING + REMINDED)
    assert len(web.asked) == 2
    again.find_database(after(minutes=40))
    again.find_database(after(minutes=41))
    assert web.titles[2:] == ["It is over: the database answers again"]
    assert "12:00" in web.bodies[2] and "12:40" in web.bodies[2]
    assert Outage.read() == Outage()


def test_of_several_lookouts_one_tells_of_a_lost_database(
    make_channel: MakeChannel, host: Callable[[str], Lookout], web: Web
) -> None:
    make_channel()
    # Who does not reach it lets another one try.
    web.says(503)
    for name in ("one", "two", "one"):
        host(name).miss_database(NOON)
    host("one").miss_database(NOON + REMINDED)
    for name in ("one", "two"):
        host(name).find_database(after(minutes=40))
    told = [title.partition(":")[0] for title in web.titles]
    assert told == ["Critical", "Critical", "It is over"]


def test_nobody_is_told_of_a_database_that_starts_again_at_once(
    make_channel: MakeChannel, lookout: Lookout, web: Web
) -> None:
    make_channel()
    Copy().keep(NOON)
    lookout.miss_database(NOON)
    lookout.find_database(after(seconds=10))
    lookout.miss_database(after(seconds=20))
    assert web.asked == [] and lookout._outage.since == after(seconds=20)


def test_a_channel_that_fails_meanwhile_is_tried_again(
    make_channel: MakeChannel, lookout: Lookout, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel()
    Copy().keep(NOON)
    web.says(503)
    lookout.miss_database(NOON - DAMPING)
    lookout.miss_database(NOON)
    lookout.miss_database(after(seconds=5))
    assert len(web.asked) == 1
    later = time.monotonic() + 61
    monkeypatch.setattr("monitoring.alarms.lookout.time.monotonic", lambda: later)
    lookout.miss_database(after(seconds=61))
    assert len(web.asked) == 2


@pytest.mark.django_db(transaction=True)  # it puts old connections away
def test_it_does_the_work_of_a_schedule_that_is_dead(
    make_channel: MakeChannel, make_incident: MakeIncident, lookout: Lookout
) -> None:
    make_channel()
    make_incident()
    felt(SCHEDULE, after(hours=-1))
    lookout.look(NOON)
    assert HealthCheck.objects.exclude(checked_at=None).exists()
    assert Delivery.objects.get().state == "sent"
    assert Pulse.objects.filter(name=LOOKOUT).exists()


@pytest.mark.django_db(transaction=True)  # it puts old connections away
def test_it_leaves_a_schedule_that_lives_alone(
    make_channel: MakeChannel, make_incident: MakeIncident, lookout: Lookout, say: Say
) -> None:
    make_channel()
    make_incident()
    now = timezone.now()
    felt(SCHEDULE, now)
    HealthCheck.objects.update(checked_at=now)
    lookout.look(now)
    assert not Delivery.objects.exists()


@pytest.fixture
def watched(db: None, web: Web, say: Say) -> Iterator[Web]:
    """All is well, and an address outside is to be called."""
    Watch(pk=1, url=f"{web.url}/ping").save()
    HealthCheck.objects.update(checked_at=NOON)
    yield web


def test_another_host_is_called_in_each_well_minute(watched: Web) -> None:
    caller = Caller()
    for seconds in range(0, 125, 5):
        HealthCheck.objects.update(checked_at=after(seconds=seconds))
        caller.call(after(seconds=seconds))
    assert [asked.path for asked in watched.asked] == ["/ping"] * 3
    assert Watch.get().worked_at == after(seconds=120)


@pytest.mark.parametrize("part", calling_out.NEEDED)
def test_no_host_is_called_while_nobody_would_be_told(part: str, watched: Web, say: Say) -> None:
    say(**{part: "failed"})
    Caller().call(NOON)
    assert watched.asked == []


def test_no_host_is_called_while_an_alarm_reaches_nobody(
    watched: Web, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    waits = {"channel": channel, "name": "duty", "word": "alarm", "not_before": NOON}
    Delivery.objects.create(made_at=after(minutes=-6), **waits)
    Caller().call(NOON)
    assert watched.asked == []


def test_a_look_that_nobody_has_made_for_long_is_no_well_minute(watched: Web) -> None:
    Caller().call(after(minutes=10))
    assert watched.asked == []


def test_what_the_other_host_answers_is_told(watched: Web) -> None:
    watched.says(404)
    Caller().call(NOON)
    assert "404" in str(Watch.get().why) and Watch.get().worked_at is None


Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`manage.py lookout` with a database of its own."""
    begun: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "VEYRA_STATE": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "ALARM_HOSTS": "127.0.0.1",
        "DEBUG": "true",
    }

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", *arguments]
        process = subprocess.Popen(command, env=environment)
        begun.append(process)
        return process

    assert run("migrate", "-v", "0").wait(120) == 0
    yield lambda: run("lookout")
    for process in begun:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@pytest.mark.prove
def test_the_process_tells_of_a_queue_and_a_database_that_are_away(
    start: Start, tmp_path: Path, web: Web
) -> None:
    """No beat, no worker, no queue, and then no database either."""
    database = tmp_path / "db.sqlite3"
    script = (
        "from monitoring.alarms.models import AlertChannel as A; from monitoring.alarms.forms"
        f" import put; c = A(kind='webhook', name='duty', language='en');"
        f" put(c, {{'url': '{web.url}/'}}); c.save()"
    )
    environment = {
        **os.environ,
        "VEYRA_STATE": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{database}",
        "DEBUG": "true",
    }
    command = [sys.executable, "manage.py", "shell", "-c", script]
    subprocess.run(command, env=environment, check=True, timeout=120)
    process = start()
    sealed = tmp_path / "lookout" / "channels.sealed"
    wait_until(sealed.exists, 60)
    # Nobody but this process has looked at anything.
    wait_until(lambda: "queue" in "".join(bodies(web)), 120)
    away = database.rename(tmp_path / "away.sqlite3")
    database.mkdir()
    begun = time.monotonic()
    wait_until(lambda: "the database does not answer" in "".join(titles(web)), 60)
    assert time.monotonic() - begun < 30
    database.rmdir()
    away.rename(database)
    wait_until(lambda: "answers again" in "".join(titles(web)), 60)
    assert process.poll() is None


def bodies(web: Web) -> list[str]:
    return [asked.body for asked in web.asked]


def titles(web: Web) -> list[str]:
    return [json.loads(asked.body)["title"] for asked in web.asked]


def wait_until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
