"""What each step does, and how often."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker.models import Agent, Worker
from agentworker.taping import stuck
from monitoring.incidents.models import Incident, IncidentNote
from monitoring.models import HealthCheck, RecoveryAction
from monitoring.recovery import services
from monitoring.recovery.installation import KUBERNETES, command_for
from monitoring.recovery.services import TooOftenError, carry_out, wait_for_ends
from monitoring.recovery.steps import STEPS
from monitoring.recovery.worker_steps import hanging
from recordings.models import Storage
from telephony.models import (
    Call,
    DispatchRule,
    Leg,
    PhoneNumber,
    PublishedObject,
    Ring,
    Trunk,
)
from tests.simulator.conftest import Simulated
from veyra.models import Lease, Program, Pulse, User

pytestmark = pytest.mark.django_db

AGREED = """publish_again dispatch_again resubscribe_tap release_lock restart drain_worker
take_calls_again observe_now storage_trial check_again free_disk sign_in_again run_task_again
send_uploads synthetic_call test_channel end_hung"""


@pytest.fixture
def incident() -> Incident:
    now = timezone.now()
    return Incident.objects.create(rule="r", cause="r", severity=1, opened_at=now, seen_at=now)


def told(row: RecoveryAction) -> tuple[bool | None, str]:
    """What came of it by now."""
    row.refresh_from_db()
    return row.ok, str(row.says)


def test_every_step_that_was_agreed_is_there() -> None:
    assert set(AGREED.split()) <= set(STEPS)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_says_before_what_it_will_do(name: str) -> None:
    said = str(STEPS[name].says("tap@host"))
    assert re.fullmatch(r"\S.+\.", said) and "%(" not in said


def test_what_was_done_is_recorded_and_told_in_the_story(incident: Incident) -> None:
    user = User.objects.create(username="engineer")
    row = carry_out("release_lock", "watchdog", incident, user)
    assert (row.ok, row.by, row.incident) == (True, user, incident)
    note = IncidentNote.objects.get()
    assert (note.kind, str(note.told), note.by) == ("step", str(row.says), user)


def test_a_step_is_done_at_most_so_often_on_one_target() -> None:
    for _time in range(STEPS["release_lock"].times):
        carry_out("release_lock", "watchdog")
    with pytest.raises(TooOftenError) as raised:
        carry_out("release_lock", "watchdog")
    assert "3 times within 10 minutes" in str(raised.value.sentence)
    assert carry_out("release_lock", "standby").ok
    RecoveryAction.objects.update(at=timezone.now() - timedelta(minutes=11))
    assert carry_out("release_lock", "watchdog").ok


def test_livekit_that_is_away_is_told_and_no_error(settings: LazySettings) -> None:
    settings.LIVEKIT_URL = "http://127.0.0.1:1"
    row = carry_out("observe_now")
    assert row.ok is False and "LiveKit does not answer" in str(row.says)


def test_what_is_saved_is_published_again(livekit: Simulated) -> None:
    trunk = Trunk.objects.create(name="Office", addresses="192.0.2.1")
    rule = DispatchRule.objects.create(name="Sales", agent=Agent.objects.create(name="Anna"))
    rule.trunks.add(trunk)
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    assert carry_out("publish_again").ok
    assert set(PublishedObject.objects.values_list("state", flat=True)) == {"live"}
    livekit.store.trunks.clear()
    assert carry_out("publish_again").ok
    assert len(livekit.store.trunks) == 1


def test_nobody_is_sent_to_a_call_that_is_over() -> None:
    now = timezone.now()
    Call.objects.create(state="ended", room_name="call-1", started_at=now, ended_at=now)
    assert "is over" in str(carry_out("dispatch_again", "call-1").says)


def test_a_program_that_listens_is_asked_and_waited_for() -> None:
    program = Program.begin("tap")
    row = carry_out("restart", program.target)
    program.refresh_from_db()
    assert row.ok is None and program.stop_asked_at is not None
    wait_for_ends(timezone.now())
    assert told(row)[0] is None
    Program.begin("tap")
    wait_for_ends(timezone.now())
    assert told(row) == (True, "It is back after 0 s.")


def test_for_a_program_that_hears_nothing_the_command_is_told() -> None:
    program = Program.begin("tap")
    long_ago = timezone.now() - timedelta(minutes=5)
    Program.objects.update(seen_at=long_ago, started_at=long_ago)
    Program.objects.update(pid_space="another")
    row = carry_out("restart", program.target)
    assert row.ok is None and command_for(Program.objects.get()) in str(row.says)
    wait_for_ends(row.at + timedelta(minutes=16))
    assert told(row)[0] is False and command_for(Program.objects.get()) in told(row)[1]


def test_for_a_program_that_was_asked_and_hears_nothing_the_command_is_told_soon() -> None:
    program = Program.begin("tap")
    row = carry_out("restart", program.target)
    wait_for_ends(row.at + timedelta(seconds=40))
    assert command_for(program) not in told(row)[1]
    wait_for_ends(row.at + timedelta(seconds=50))
    assert told(row)[0] is None and command_for(program) in told(row)[1]


def test_a_program_that_ended_has_time_to_be_started_again() -> None:
    program = Program.begin("tap")
    row = carry_out("restart", program.target)
    Program.objects.update(pid=2**22 + 1)
    wait_for_ends(row.at + timedelta(seconds=100))
    assert command_for(program) not in told(row)[1]
    wait_for_ends(row.at + timedelta(seconds=130))
    assert command_for(program) in told(row)[1].replace(str(2**22 + 1), str(program.pid))


def test_the_command_is_that_of_the_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = Program(name="worker-slow", host="pod-1", pid=17)
    docker = tmp_path / "dockerenv"
    monkeypatch.delenv(KUBERNETES, raising=False)
    monkeypatch.setattr("monitoring.recovery.installation.DOCKER", docker)
    assert command_for(program) == "kill -9 17"
    docker.touch()
    assert command_for(program) == "docker compose restart worker-slow"
    monkeypatch.setenv(KUBERNETES, "10.0.0.1")
    assert command_for(program) == "kubectl delete pod pod-1"


def test_a_program_that_tells_nothing_of_itself_is_told_by_its_check() -> None:
    row = carry_out("restart", "livekit-server")
    assert row.ok is None and "livekit-server" in str(row.says)
    check = HealthCheck.objects.create(
        name="livekit", status="ok", since=row.at, checked_at=row.at + timedelta(seconds=1)
    )
    wait_for_ends(timezone.now())
    assert told(row)[0] is None
    HealthCheck.objects.filter(pk=check.pk).update(checked_at=row.at + timedelta(seconds=6))
    wait_for_ends(timezone.now())
    assert told(row) == (True, "It answers.")


def test_a_tap_that_came_back_is_healed_when_it_hears() -> None:
    Program.begin("tap")
    row = carry_out("resubscribe_tap")
    Program.begin("tap")
    wait_for_ends(timezone.now())
    assert told(row)[0] is None
    Pulse.beat("tap")
    wait_for_ends(timezone.now())
    assert told(row)[0] is True


def worker(name: str) -> Worker:
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    return Worker.objects.create(name=name, host="h", pid=1, **wanted)


def test_a_worker_rests_only_where_another_one_takes_calls() -> None:
    first = worker("one:1")
    assert carry_out("drain_worker", "one:1").ok is False
    worker("two:1")
    assert carry_out("drain_worker", "one:1").ok
    first.refresh_from_db()
    assert first.is_resting
    assert carry_out("drain_worker", "two:1").ok is False
    assert carry_out("take_calls_again", "one:1").ok
    first.refresh_from_db()
    assert not first.is_resting


def test_a_lock_of_a_living_program_is_not_taken_from_it() -> None:
    Lease.take("watchdog", 8)
    assert carry_out("release_lock", "watchdog").ok is False
    assert Lease.objects.exists()


@pytest.mark.parametrize("minutes", [-1, 60])
def test_a_lock_that_nobody_living_can_hold_is_released(minutes: int) -> None:
    Lease.take("watchdog", 8)
    Lease.objects.update(until=timezone.now() + timedelta(minutes=minutes))
    assert carry_out("release_lock", "watchdog").ok
    assert Lease.take("watchdog", 8)


def test_a_storage_that_takes_files_is_told_and_one_that_does_not() -> None:
    storage = Storage.objects.current()
    assert carry_out("storage_trial", str(storage.pk)).ok
    Storage.objects.update(kind="s3", endpoint="http://127.0.0.1:1", bucket="none")
    assert carry_out("storage_trial", str(storage.pk)).ok is False
    assert carry_out("storage_trial", "999").ok is False


def test_waiting_sound_is_waited_for() -> None:
    Pulse.beat(stuck.SIGN + "host-1")
    row = carry_out("send_uploads")
    assert row.ok is None
    wait_for_ends(row.at + timedelta(minutes=4))
    assert told(row)[0] is False and "host-1" in told(row)[1]


def test_what_is_over_is_deleted_when_the_disk_is_to_be_freed(settings: LazySettings) -> None:
    folder = settings.MEDIA_ROOT
    folder.mkdir(parents=True)
    row = carry_out("free_disk")
    assert row.ok and "GB are free" in str(row.says)


def test_a_step_that_breaks_tells_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Lease, "objects")
    row = carry_out("release_lock", "watchdog")
    assert row.ok is False and "AttributeError" in str(row.says)


def test_a_step_whose_worker_died_is_told_as_cut_short() -> None:
    row = RecoveryAction.objects.create(step="publish_again")
    wait_for_ends(row.at + services.CUT_SHORT + timedelta(seconds=1))
    assert told(row)[0] is False and "cut short" in told(row)[1]


def test_a_worker_is_told_to_end_only_what_hangs(ringing_in: Call) -> None:
    row = worker("one:1")
    jobs = [{"job": "AJ_1", "room": "call-1"}, {"job": "AJ_2", "room": "call-2"}]
    Worker.objects.update(jobs=jobs)
    done = carry_out("end_hung", "one:1")
    row.refresh_from_db()
    assert (done.ok, row.rooms_to_end) == (None, ["call-1"])
    wait_for_ends(done.at + timedelta(seconds=10))
    assert told(done)[0] is None
    Worker.objects.update(rooms_to_end=None)
    wait_for_ends(done.at + timedelta(seconds=10))
    assert told(done)[0] is True


def test_a_worker_that_reads_nothing_is_told_to_be_restarted() -> None:
    worker("one:1")
    done = carry_out("end_hung", "one:1")
    wait_for_ends(done.at + timedelta(seconds=16))
    assert told(done) == (
        False,
        "The worker itself does not listen any more. Restart its program.",
    )


@pytest.mark.parametrize("change", ["answered", "just came", "another's", "ours are rung"])
def test_a_conversation_that_may_yet_begin_is_left_alone(change: str, ringing_in: Call) -> None:
    now, room = timezone.now(), "call-1"
    if change == "answered":
        Call.objects.update(state="answered", answered_at=now)
    elif change == "just came":
        Call.objects.update(started_at=now)
        Leg.objects.update(joined_at=now)
    elif change == "ours are rung":
        Ring.objects.create(call=ringing_in, why=Ring.Why.FIRST, started_at=now)
    else:
        room = "call-2"
    worker("one:1")
    Worker.objects.update(jobs=[{"job": "AJ_1", "room": room}])
    assert hanging(now) == []
