"""What heals without a person, and what `manage.py recover` does."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from agentworker.models import Worker
from monitoring.health import every
from monitoring.incidents import rulebook
from monitoring.incidents.models import Incident, RuleSetting
from monitoring.incidents.runbook import runbook
from monitoring.models import HealthCheck, RecoveryAction
from monitoring.recovery import recover
from monitoring.recovery.recover import REMEDIES
from telephony.models import Call
from veyra.models import Lease, Program, User

pytestmark = pytest.mark.django_db


def runs(name: str) -> Program:
    """For an hour by now."""
    program = Program.begin(name)
    program.started_at -= timedelta(hours=1)
    program.save()
    return program


def failing(name: str) -> None:
    now = timezone.now()
    HealthCheck.objects.create(name=name, status="failed", since=now, checked_at=now)


def critical(rule: str, **values: object) -> Incident:
    now = timezone.now()
    wanted = {"rule": rule, "cause": rule, "severity": 1, "opened_at": now, "seen_at": now}
    return Incident.objects.create(**wanted | values)


def test_every_remedy_belongs_to_a_check_or_a_rule() -> None:
    rules = {rule.slug for rule in rulebook.RULES}
    assert set(REMEDIES) <= {check.name for check in every.CHECKS} | rules


def test_a_watchdog_that_hangs_is_restarted_and_its_impossible_lock_released() -> None:
    failing("watchdog")
    program = runs("watchdog")
    Lease.take("watchdog", 3600)
    found = [(each.step, each.target) for each in recover.wanted(timezone.now())]
    assert found == [("release_lock", "watchdog"), ("restart", program.target)]


def test_a_program_that_hears_nothing_is_left_to_its_supervisor() -> None:
    failing("watchdog")
    runs("watchdog")
    Program.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    assert recover.wanted(timezone.now()) == []


def test_a_program_that_has_just_begun_is_given_time() -> None:
    failing("watchdog")
    Program.begin("watchdog")
    assert recover.wanted(timezone.now()) == []


def test_a_worker_that_rests_is_needed_when_nobody_takes_calls() -> None:
    failing("worker")
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    Worker.objects.create(name="w:1", host="h", pid=1, is_resting=True, draining=True, **wanted)
    assert [each.step for each in recover.wanted(now)] == ["take_calls_again"]


def test_a_critical_incident_heals_once_when_it_begins() -> None:
    program, incident = runs("watchdog"), critical("watchdog")
    recover.work()
    row = RecoveryAction.objects.get()
    assert (row.step, row.target, row.incident, row.by) == (
        "restart",
        program.target,
        incident,
        None,
    )
    recover.work()
    assert RecoveryAction.objects.count() == 1


@pytest.mark.parametrize("change", ["old", "high", "consequence", "put off", "not by itself"])
def test_what_a_person_has_to_decide_does_not_heal_by_itself(change: str) -> None:
    runs("watchdog")
    incident = critical("watchdog")
    found = Incident.objects.filter(pk=incident.pk)
    now = timezone.now()
    if change == "old":
        found.update(opened_at=now - timedelta(minutes=3))
    elif change == "high":
        found.update(severity=2)
    elif change == "consequence":
        found.update(part_of=critical("database"))
    elif change == "put off":
        found.update(snoozed_until=now + timedelta(minutes=5))
    else:
        RuleSetting.objects.create(rule="watchdog", heals_itself=False)
    recover.work()
    assert not RecoveryAction.objects.exists()


def test_the_command_says_before_and_does_then() -> None:
    failing("watchdog")
    runs("watchdog")
    said = StringIO()
    call_command("recover", "--dry-run", "--json", stdout=said)
    (first,) = json.loads(said.getvalue())
    assert first["step"] == "restart" and "is started again" in first["will"]
    assert not RecoveryAction.objects.exists()
    call_command("recover", stdout=StringIO())
    assert RecoveryAction.objects.get().step == "restart"


def test_the_command_fails_where_a_step_does() -> None:
    failing("tap")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("recover", "--json", stdout=said)
    assert ended.value.code == 1 and json.loads(said.getvalue())[0]["ok"] is False


def test_where_nothing_is_wrong_nothing_is_done() -> None:
    said = StringIO()
    call_command("recover", stdout=said)
    assert "nothing" in said.getvalue()


def test_a_conversation_that_hangs_is_ended_where_callers_hear_nobody(ringing_in: Call) -> None:
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    jobs = [{"job": "AJ_1", "room": ringing_in.room_name}]
    Worker.objects.create(name="w:1", host="h", pid=1, jobs=jobs, **wanted)
    Worker.objects.create(name="x:1", host="h", pid=1, **wanted)
    incident = critical("no_agent")
    offered = runbook(incident, User.objects.create_superuser("boss"), now).buttons
    assert [each.target for each in offered if each.step in ("end_hung", "drain_worker")] == [
        "w:1",
        "w:1",
    ]
    recover.work(now)
    assert RecoveryAction.objects.get().step == "end_hung"
    assert Worker.objects.get(name="w:1").rooms_to_end == [ringing_in.room_name]
