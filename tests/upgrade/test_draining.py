"""Calls come to their end before the programs are replaced."""

import fcntl
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from agentworker.models import Worker
from monitoring import draining
from monitoring.incidents.models import Silence
from monitoring.recovery.steps import STEPS
from telephony.models import Call
from veyra.models import User
from veyra.up import background

NO_PATIENCE = timedelta(0)


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name="one", host="here", pid=1, started_at=now, seen_at=now, capacity=5, registered=True
    )


def test_where_nobody_calls_no_new_call_is_taken_and_nobody_is_woken(worker: Worker) -> None:
    assert draining.drain(NO_PATIENCE) == 0
    worker.refresh_from_db()
    assert worker.is_resting and Silence.objects.in_force(timezone.now()).count() == 1


def test_a_call_that_goes_on_too_long_leaves_all_as_it_was(worker: Worker) -> None:
    Call.objects.create(state="answered", direction="inbound", started_at=timezone.now())
    assert draining.drain(NO_PATIENCE) == 1
    worker.refresh_from_db()
    assert not worker.is_resting and not Silence.objects.in_force(timezone.now()).exists()


def test_a_worker_that_somebody_put_to_rest_is_not_woken_by_the_end_of_an_upgrade(
    worker: Worker,
) -> None:
    now = timezone.now()
    seen = {"host": "here", "started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    Worker.objects.create(name="other", pid=2, **seen)
    STEPS["drain_worker"].run(now, "one")
    draining.drain(NO_PATIENCE)
    draining.end()
    assert list(Worker.objects.resting()) == [worker]
    STEPS["take_calls_again"].run(now, "one")
    draining.drain(NO_PATIENCE)
    draining.end()
    assert not Worker.objects.resting().exists()


def test_planned_work_of_people_goes_on_after_an_upgrade(worker: Worker, owner: None) -> None:
    draining.drain(NO_PATIENCE)
    draining.end()
    worker.refresh_from_db()
    told = list(Silence.objects.in_force(timezone.now()).values_list("why", flat=True))
    assert not worker.is_resting and told == ["We move the office"]


@pytest.fixture
def owner(db: None) -> None:
    now = timezone.now()
    person = User.objects.create(username="owner")
    Silence.objects.create(
        since=now, until=now + timedelta(hours=1), why="We move the office", by=person
    )


def test_who_runs_is_known_by_the_lock_he_holds_and_not_by_a_number_that_is_left(
    tmp_path: Path,
) -> None:
    assert background.running(tmp_path) is None
    with (tmp_path / background.LOCK).open("w") as lock:
        lock.write(str(os.getpid()))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert background.running(tmp_path) == os.getpid()
    assert background.running(tmp_path) is None and background.stop(tmp_path) is False
