"""Jobs are done when it is their time, once, and a dead one is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitoring import roles
from monitoring.upkeep import working
from monitoring.upkeep.job import Job, Outcome, Period, done, is_due, next_slot, slot
from monitoring.upkeep.jobs import JOBS
from monitoring.upkeep.models import JobRun
from veyra.models import Lease, User

MOSCOW = ZoneInfo("Europe/Moscow")
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("period", "last", "following"),
    [
        (Period.DAILY, "2026-11-25 03:00", "2026-11-26 03:00"),
        (Period.WEEKLY, "2026-11-22 03:00", "2026-11-29 03:00"),
        (Period.MONTHLY, "2026-11-01 03:00", "2026-12-01 03:00"),
    ],
)
def test_a_job_has_its_night(period: Period, last: str, following: str) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=MOSCOW)
    assert slot(period, now, MOSCOW).strftime("%Y-%m-%d %H:%M") == last
    assert next_slot(period, now, MOSCOW).strftime("%Y-%m-%d %H:%M") == following


@given(now=MOMENTS, period=st.sampled_from(Period))
def test_each_moment_lies_between_two_nights(now: datetime, period: Period) -> None:
    last, following = slot(period, now, MOSCOW), next_slot(period, now, MOSCOW)
    assert last <= now < following
    # Nothing lies between the two.
    assert slot(period, following, MOSCOW) == following
    assert slot(period, following - timedelta(seconds=1), MOSCOW) == last


@given(now=MOMENTS, period=st.sampled_from(Period), ok=st.booleans())
def test_what_was_done_is_not_due_before_the_next_night(
    now: datetime, period: Period, ok: bool
) -> None:
    assert not is_due(period, now, MOSCOW, now, ok)
    assert is_due(period, next_slot(period, now, MOSCOW), MOSCOW, now, ok)
    soon = now + timedelta(hours=1)
    if soon < next_slot(period, now, MOSCOW):
        assert is_due(period, soon, MOSCOW, now, ok) is not ok


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two jobs are all there are: one that works, and one that breaks."""
    found: list[str] = []

    def fine(now: datetime) -> Outcome:
        found.append("fine")
        return done("Fine, %(name)s.", name="Maria")

    def broken(now: datetime) -> Outcome:
        found.append("broken")
        raise ZeroDivisionError

    for name in list(JOBS):
        monkeypatch.delitem(JOBS, name)
    for run in (broken, fine):
        job = Job(run.__name__, run.__name__, "", Period.DAILY, run)
        monkeypatch.setitem(JOBS, run.__name__, job)
    monkeypatch.setattr(working, "began", lambda: timezone.now() - timedelta(days=2))
    yield found


pages = pytest.mark.django_db


@pages
def test_what_is_due_is_done_once_whoever_looks_and_one_that_breaks_stops_no_other(
    told: list[str],
) -> None:
    working.work()
    working.work()
    assert told == ["broken", "fine"]
    rows = {row.name: row for row in JobRun.objects.all()}
    assert rows["fine"].ok and str(rows["fine"].says) == "Fine, Maria."
    assert rows["broken"].ok is False and "ZeroDivisionError" in str(rows["broken"].says)


@pages
def test_before_the_first_night_nothing_is_overdue(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "began", timezone.now)
    working.work()
    assert told == []


@pages
def test_while_one_worker_is_at_it_no_other_is(told: list[str]) -> None:
    assert Lease.take(working.LEASE, 60)
    working.work()
    assert told == []


@pages
def test_a_job_whose_worker_died_says_so_and_is_done_within_the_hour(told: list[str]) -> None:
    now = timezone.now()
    dead = JobRun.objects.create(name="fine", at=now, started_at=now - timedelta(hours=2))
    working.work()
    dead.refresh_from_db()
    assert dead.ok is False and dead.says.msgid == working.CUT_SHORT
    assert "fine" in told


@pages
def test_who_presses_twice_asks_once_and_his_name_stands_there(told: list[str]) -> None:
    roles.make()
    user = User.objects.create_user("nina", is_staff=True, set_up_at=timezone.now(), language="en")
    user.groups.set(Group.objects.filter(name="Engineer"))
    client = Client()
    client.force_login(user)
    for _each in range(2):
        assert client.post("/maintenance/fine/run/").status_code == 302
    page = client.get("/maintenance/").content.decode()
    assert JobRun.objects.get().by == user and "waits" in page
    working.work()
    assert told[0] == "fine"
    page = client.get("/maintenance/?part=1").content.decode()
    assert "Fine, Maria." in page and "nina" in page
    assert "Fine, Maria." in client.get("/maintenance/fine/").content.decode()
    assert client.get("/maintenance/none/").status_code == 404


@pages
@pytest.mark.parametrize("role", ["Operator", "Manager", "Viewer", "Supervisor"])
def test_maintenance_is_for_engineers(role: str) -> None:
    roles.make()
    user = User.objects.create_user("x", is_staff=True, set_up_at=timezone.now(), language="en")
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    assert client.get("/maintenance/").status_code == 403
    assert client.post("/maintenance/backup/run/").status_code == 403
    assert client.get("/checklists/").status_code == 403
