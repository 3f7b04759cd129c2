"""When checks run, what is stored of it, and what doors tell where nobody runs them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from monitoring import looking
from monitoring.health import every, history, reading, running
from monitoring.health.base import Asking, Check, Link, Status, Verdict
from monitoring.health.models import HealthCheck, HealthPoint
from monitoring.health.reading import latest
from monitoring.health.shown import shown
from telephony import probes
from tests.health.made import BROKEN, FINE, Made
from veyra.models import Lease

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_look_stores_what_every_check_found(three: Made) -> None:
    three["livekit"] = BROKEN
    assert running.look(NOON) == latest(NOON)
    assert [(each.name, each.status) for each in latest(NOON)] == [
        ("database", "ok"),
        ("broker", "ok"),
        ("livekit", "failed"),
    ]
    assert str(latest(NOON)[2].sentence) == "Broken." and latest(NOON)[2].value == 9.0


def test_a_check_is_not_asked_again_before_it_is_due(three: Made) -> None:
    running.look(NOON)
    running.look(NOON + timedelta(seconds=5))
    assert three.asked["broker"] == 1
    running.look(NOON + timedelta(seconds=9.5))
    assert three.asked["broker"] == 2


def test_a_clock_that_was_set_back_puts_no_look_off(three: Made) -> None:
    running.look(NOON)
    running.look(NOON - timedelta(hours=2))
    assert three.asked["broker"] == 2


def test_since_is_kept_while_a_check_says_the_same(three: Made) -> None:
    three["livekit"] = BROKEN
    for minutes in range(4):
        running.look(NOON + timedelta(minutes=minutes))
    three["broker"] = BROKEN
    later = NOON + timedelta(minutes=4)
    running.look(later)
    assert [each.since for each in latest(later)] == [NOON, later, NOON]


def test_what_nobody_looked_at_for_long_is_told_as_such(three: Made) -> None:
    three["livekit"] = BROKEN
    running.look(NOON)
    found = latest(NOON + timedelta(minutes=7))
    assert [each.status for each in found] == ["warning", "warning", "failed"]
    with translation.override("en"):
        assert "for 7 min" in str(found[0].sentence) and "Fine." in str(found[0].sentence)


def test_limits_that_staff_change_meanwhile_stay(three: Made) -> None:
    running.look(NOON)
    before = {row.name: row for row in HealthCheck.objects.all()}
    HealthCheck.objects.filter(name="broker").update(thresholds={"slow": 3})
    history.store([HealthCheck(name="broker", status="ok", since=NOON)], before, NOON)
    assert HealthCheck.objects.get(name="broker").thresholds == {"slow": 3}


def test_one_check_that_breaks_silences_no_other(
    three: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(self: Check, now: datetime) -> Verdict:
        raise ZeroDivisionError

    monkeypatch.setattr(every.CHECKS[1], "look", look)
    assert [each.status for each in running.look(NOON)] == ["ok", "warning", "ok"]


def test_without_the_database_the_rest_is_still_asked(
    three: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    three["livekit"] = BROKEN
    monkeypatch.setattr(connection, "cursor", broken)
    assert [each.status for each in running.look(NOON)] == ["ok", "ok", "failed"]


class Hanging(Asking):
    """It answers when it is released."""

    name, title, link = "hanging", "Hanging", Link.GROUND

    def ask(self, known: object) -> Verdict:
        asked.append(1)
        release.wait(10)
        return FINE


release, asked = Event(), list[int]()


@pytest.fixture
def _hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    release.clear()
    asked.clear()
    monkeypatch.setattr(running, "_asked", running._Asked())
    monkeypatch.setattr(every, "CHECKS", (Hanging,))
    monkeypatch.setattr(running, "WAIT_SECONDS", 0.05)
    yield
    release.set()


@pytest.mark.usefixtures("_hanging")
def test_what_hangs_holds_up_nobody_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "HANGS_SECONDS", 0.01)
    assert running.look(NOON)[0].status == Status.FAILED
    assert running.look(NOON + timedelta(minutes=1))[0].status == Status.FAILED
    assert len(asked) == 1


@pytest.mark.usefixtures("_hanging")
def test_an_answer_that_comes_late_counts_in_the_next_look() -> None:
    HealthCheck.objects.create(name="hanging", status="ok", since=NOON, checked_at=NOON)
    assert running.look(NOON + timedelta(seconds=10))[0].status == Status.OK
    release.set()
    time.sleep(0.05)
    found = running.look(NOON + timedelta(seconds=15))[0]
    assert found.checked_at == NOON + timedelta(seconds=15) and len(asked) == 1


def test_none_waits_for_another_that_asks_slowly() -> None:
    assert sum(issubclass(check, Asking) for check in every.CHECKS) < running.THREADS


def test_what_is_started_beside_us_is_missed_once_it_was_there_or_its_time_is_over(
    three: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "BEGAN", time.monotonic())
    three["livekit"] = BROKEN
    monkeypatch.setattr(every.CHECKS[2], "rises", True)
    now = timezone.now()
    assert running.look(now)[2].status == Status.STARTING
    three["livekit"] = FINE
    running.look(now + timedelta(seconds=10))
    three["livekit"] = BROKEN
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - 21)
    assert running.look(now + timedelta(seconds=20))[2].status == Status.FAILED
    HealthCheck.objects.all().delete()
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - 61)
    assert running.look(now + timedelta(seconds=61))[2].status == Status.FAILED


def test_what_was_down_before_us_stays_so(three: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    three["livekit"] = BROKEN
    monkeypatch.setattr(every.CHECKS[2], "rises", True)
    monkeypatch.setattr(probes, "BEGAN", time.monotonic() - 61)
    before = timezone.now() - timedelta(minutes=1)
    running.look(before)
    monkeypatch.setattr(probes, "BEGAN", time.monotonic())
    assert running.look(timezone.now())[2].status == Status.FAILED


def test_what_failed_only_now_is_looked_at_again_in_the_next_look(three: Made) -> None:
    three["livekit"] = BROKEN
    for seconds in (0, 5, 10):
        running.look(NOON + timedelta(seconds=seconds))
    assert three.asked["livekit"] == 3 and three.asked["broker"] == 2
    running.look(NOON + timedelta(seconds=15))
    assert three.asked["livekit"] == 3


def test_only_one_looks_at_a_time(three: Made) -> None:
    holder = Lease.take(looking.LEASE, 30)
    assert holder and not looking.look(NOON) and not three.asked
    Lease.release(looking.LEASE, holder)
    assert looking.look(NOON) and three.asked


def test_a_day_of_looks_keeps_a_point_a_minute_and_every_change(three: Made) -> None:
    for seconds in range(0, 180, 10):
        three["broker"] = BROKEN if seconds == 90 else FINE
        running.look(NOON + timedelta(seconds=seconds))
    kept = HealthPoint.objects.of("broker", NOON)
    assert [(int((point.at - NOON).total_seconds()), point.status) for point in kept] == [
        (0, "ok"),
        (60, "ok"),
        (90, "failed"),
        (100, "ok"),
        (120, "ok"),
    ]
    assert [str(point.told) for point in kept.changes()] == ["Fine.", "Broken.", "Fine."]


def test_older_history_is_thinner_and_ends_after_ninety_days(three: Made) -> None:
    for minutes in range(0, 130):
        running.look(NOON + timedelta(minutes=minutes))
    kept = []
    for days in (0, 2, 8, 91):
        history.thin(NOON + timedelta(days=days, hours=3))
        kept.append(HealthPoint.objects.of("livekit", NOON).count())
    assert kept == [130, 13, 3, 0]


def test_what_measures_nothing_keeps_only_its_changes(three: Made) -> None:
    three["broker"] = Verdict(Status.OK, FINE.sentence)
    for minutes in range(90):
        running.look(NOON + timedelta(minutes=minutes))
    assert HealthPoint.objects.of("broker", NOON).count() == 1


def test_a_look_asks_few_questions(
    three: Made, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    running.look(NOON)
    with django_assert_max_num_queries(5):
        running.look(NOON + timedelta(minutes=1))


def test_a_door_looks_itself_where_nobody_does(three: Made, client: Client) -> None:
    assert client.get("/health").json()["status"] == "ok" and three.asked["broker"] == 1
    HealthCheck.objects.update(checked_at=timezone.now() - timedelta(minutes=2))
    three["broker"] = BROKEN
    shown.forget()
    assert client.get("/health").json()["status"] == "failed"


def test_the_worst_counts_and_what_is_unused_or_only_warns_does_not() -> None:
    def status(*statuses: str) -> str:
        return reading.overall(reading.Finding("x", each, FINE.sentence) for each in statuses)

    assert status("ok", "off", "warning") == "ok"
    assert status("ok", "starting") == "starting"
    assert status("starting", "failed", "ok") == "failed"
