"""What is wrong becomes an incident with a story, once, and ends when it is well again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import tasks
from monitoring.health import running
from monitoring.health.models import HealthCheck
from monitoring.incidents import services
from monitoring.incidents.models import Incident, RuleSetting
from recordings.models import Recording
from telephony.models import CallEvent, FoldUnit, PhoneNumber, Ring, TestCall, Trunk
from telephony.watching import SENT_AGAIN
from tests.incidents.conftest import NOON, Place, Say, Watch
from veyra.models import FailedLogin, Program, User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db


def story(incident: Incident) -> list[str]:
    return [str(note.kind) for note in incident.notes.in_order()]


def only() -> Incident:
    return Incident.objects.get()


def test_a_line_that_is_well_has_no_incident(watch: Watch, say: Say, place: Place) -> None:
    for _ in range(20):
        place("answered")
    assert not watch(0) and not watch(20)


def test_a_check_that_stays_red_is_one_incident_until_it_is_green(watch: Watch, say: Say) -> None:
    say(gateway="failed")
    assert not watch(0)
    assert [each.rule for each in watch(5)] == ["gateway"]
    assert not watch(10) and only().opened_at == NOON + timedelta(seconds=5)
    say()
    watch(15)
    watch(50)
    assert only().is_over and only().resolved_by is None
    assert story(only()) == ["opened", "quiet", "closed"]


def test_what_comes_back_soon_is_the_same_incident(watch: Watch, say: Say) -> None:
    for start in (0, 100):
        say(gateway="failed")
        watch(start), watch(start + 5)
        say()
        watch(start + 10), watch(start + 45)
    assert (only().times, only().state) == (
        2,
        "open",
    )  # after its second time it must be quiet for longer
    watch(175)
    assert only().is_over


def test_consequences_join_what_explains_them(watch: Watch, say: Say, place: Place) -> None:
    hit = place("no_agent")
    say(livekit="failed", gateway="failed", worker="failed")
    watch(0), watch(5)
    root = Incident.objects.roots().get()
    assert root.rule == "livekit"
    assert {each.rule for each in root.consequences.all()} == {"gateway", "worker", "no_agent"}
    assert story(root).count("consequence") == 3
    assert [each.call for each in Incident.objects.get(rule="no_agent").hit.all()] == [hit]


def test_a_cause_that_is_found_late_takes_over_what_was_open(watch: Watch, say: Say) -> None:
    say(gateway="failed")
    watch(0), watch(5)
    say(gateway="failed", livekit="failed")
    watch(10), watch(15)
    assert Incident.objects.roots().get().rule == "livekit"


def test_what_a_cause_took_down_has_time_to_rise(watch: Watch, say: Say) -> None:
    say(gateway="failed", livekit="failed")
    watch(0), watch(5)
    say(gateway="failed", worker="failed")
    watch(10), watch(15)
    assert Incident.objects.roots().get().rule == "livekit"
    watch(45), watch(50)
    alone = Incident.objects.unresolved().roots().values_list("rule", flat=True)
    assert sorted(alone) == ["gateway", "worker"]


def test_what_grows_worse_is_told_and_never_grows_milder(watch: Watch, say: Say) -> None:
    say(uploading="warning")
    watch(0), watch(5)
    assert only().severity == 4
    say(uploading="failed")
    watch(10)
    say(uploading="warning")
    watch(15)
    assert only().severity == 2 and "fact" in story(only())


def test_what_a_person_closed_opens_anew_while_it_is_seen(
    watch: Watch, say: Say, anna: User
) -> None:
    say(gateway="failed")
    watch(0), watch(5)
    assert services.resolve(only(), anna)
    watch(10), watch(15)
    assert [each.state for each in Incident.objects.order_by("opened_at")] == ["resolved", "open"]


def test_what_a_person_closed_opens_anew_only_with_a_call_that_it_did_not_hit(
    watch: Watch, say: Say, place: Place, anna: User
) -> None:
    place("no_agent")
    watch(0)
    assert services.resolve(only(), anna)
    Incident.objects.update(resolved_at=NOON)
    assert not watch(5) and not watch(60)
    place("no_agent", 60)
    assert [each.rule for each in watch(65)] == ["no_agent"]


def test_a_check_that_nobody_runs_ends_no_incident(watch: Watch, say: Say) -> None:
    from monitoring.health.models import HealthCheck
    from monitoring.incidents import watching

    say(gateway="failed")
    watch(0), watch(5)
    say()
    HealthCheck.objects.update(checked_at=NOON)
    watching.watch(NOON + timedelta(hours=1))
    assert not only().is_over


def test_callers_who_ring_and_hear_nobody_are_seen_before_they_give_up(
    watch: Watch, say: Say, place: Place
) -> None:
    call = place("", state="ringing", started_at=NOON, ended_at=None)
    assert not watch(10)
    assert [each.rule for each in watch(13)] == ["no_agent"]
    assert [each.call for each in only().hit.all()] == [call]


def test_after_people_were_rung_in_vain_an_assistant_has_time_to_come(
    watch: Watch, say: Say, place: Place
) -> None:
    call = place("", state="ringing", started_at=NOON, ended_at=None)
    begun, over = NOON + timedelta(seconds=1), NOON + timedelta(seconds=40)
    Ring.objects.create(call=call, why="first", started_at=begun, over_at=over, state="over")
    assert not watch(41) and not watch(51)
    assert [each.rule for each in watch(53)] == ["no_agent"]


def test_what_could_not_be_looked_at_without_the_database_is_no_trouble(
    watch: Watch, say: Say
) -> None:
    say(worker="failed")
    unknown = Sentence(running.NO_DATABASE).to_json()
    HealthCheck.objects.filter(name="worker").update(sentence=unknown)
    assert not watch(0) and not watch(10)


@pytest.mark.parametrize(
    "values", [{"is_test": True}, {"is_demo": True}, {"direction": "outbound"}], ids=str
)
def test_calls_that_are_no_callers_are_not_counted(
    watch: Watch, say: Say, place: Place, values: dict[str, object]
) -> None:
    place("no_agent", **values)
    assert not watch(0)


def test_what_ended_over_a_year_ago_is_deleted_and_what_is_open_stays(
    watch: Watch, say: Say
) -> None:
    say(gateway="failed", disk="failed")
    watch(0), watch(5)
    services.resolve(Incident.objects.get(rule="disk"), None)
    Incident.objects.update(opened_at=NOON - timedelta(days=400))
    Incident.objects.filter(rule="disk").update(resolved_at=NOON - timedelta(days=367))
    tasks.tidy()
    assert only().rule == "gateway"


@pytest.mark.parametrize("hours", [0, 7])
def test_a_recording_that_is_missing_is_an_incident_however_late_that_is_found(
    watch: Watch, say: Say, place: Place, hours: int
) -> None:
    call = place("answered", -3600 * hours)
    row = Recording.objects.create(call=call, state="missing", decided_at=NOON)
    Recording.objects.filter(pk=row.pk).update(created_at=call.started_at)
    watch(0)
    assert [each.rule for each in watch(5)] == ["recording_missing"]


def test_a_recording_that_was_given_up_long_ago_is_none(
    watch: Watch, say: Say, place: Place
) -> None:
    given_up = NOON - timedelta(minutes=61)
    Recording.objects.create(call=place("answered"), state="missing", decided_at=given_up)
    watch(0)
    assert not watch(5)


def test_a_test_call_that_fails_twice_is_an_incident_until_one_succeeds(
    watch: Watch, say: Say
) -> None:
    trunk = Trunk.objects.create(name="trunk1", addresses="192.0.2.1")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    made = {"number": number, "why": TestCall.Why.NIGHTLY, "judged_at": NOON}
    TestCall.objects.create(state=TestCall.State.FAILED, **made)
    assert not watch(0)
    TestCall.objects.create(state=TestCall.State.FAILED, **made)
    assert [each.cause for each in watch(0)] == ["test_call:+74991124148"]
    TestCall.objects.create(state=TestCall.State.DONE, **made)
    watch(5), watch(40)
    assert only().is_over


def test_an_assistant_that_was_lost_in_the_midst_of_a_talk_is_an_incident(
    watch: Watch, say: Say, place: Place
) -> None:
    def sent_again(room: str, seconds: float) -> None:
        at = NOON + timedelta(seconds=seconds)
        given = {"source": "observer", "kind": SENT_AGAIN}
        CallEvent.objects.create(event_id=room, room_sid=room, at=at, **given)

    call, _other = (place("answered", room_sid=room) for room in ("RM_1", "RM_2"))
    # It did not come at the beginning, while it rang.
    sent_again("RM_2", -25)
    assert not watch(0)
    sent_again("RM_1", -5)
    assert [each.rule for each in watch(5)] == ["assistant_lost"]
    assert [hit.call_id for hit in only().hit.all()] == [call.pk]
    watch(600), watch(640)
    assert only().is_over


def test_a_program_that_starts_again_and_again_is_an_incident(watch: Watch, say: Say) -> None:
    row = Program.objects.create(name="tap", host="a", pid=1, started_at=NOON, seen_at=NOON)
    began = []
    for seconds in (0, 20, 40, 60):
        Program.objects.filter(pk=row.pk).update(started_at=NOON + timedelta(seconds=seconds))
        began += watch(seconds + 1)
    assert [each.cause for each in began] == ["crash_loop:tap@a"]
    watch(170)
    assert only().quiet_since is None
    watch(190)
    assert only().quiet_since is not None


def test_a_program_that_dies_within_seconds_is_seen_however_seldom_it_is_looked_at(
    watch: Watch, say: Say
) -> None:
    row = Program.objects.create(name="tap", host="a", pid=1, started_at=NOON, seen_at=NOON)
    began = []
    for second in range(0, 25):
        if second % 2 == 0:
            Program.objects.filter(pk=row.pk).update(started_at=NOON + timedelta(seconds=second))
        if second % 5 == 0:
            began += watch(second)
    assert [each.cause for each in began] == ["crash_loop:tap@a"]


def test_a_schedule_that_is_late_once_wakes_nobody(watch: Watch, say: Say) -> None:
    say(schedule="failed")
    assert not watch(0)
    say(schedule="ok")
    assert not watch(5)
    say(schedule="failed")
    watch(10)
    assert [each.rule for each in watch(15)] == ["schedule"]


def test_facts_that_nobody_works_off_are_an_incident(watch: Watch, say: Say) -> None:
    FoldUnit.objects.create(key="room:RM_1", dirty_at=NOON - timedelta(seconds=20))
    watch(0)
    assert [each.rule for each in watch(10)] == ["facts_late"]


def test_passwords_that_are_guessed_are_an_incident(watch: Watch, say: Say, anna: User) -> None:
    for _ in range(15):
        FailedLogin.note("198.51.100.7", anna, NOON)
    found = {each.cause for each in watch(0)}
    assert found == {"login_attack:198.51.100.7", "login_attack:anna"}


def test_a_rule_that_staff_switched_off_ends_its_incident(watch: Watch, say: Say) -> None:
    say(gateway="failed")
    watch(0), watch(5)
    RuleSetting.objects.create(rule="gateway", is_enabled=False)
    watch(10), watch(45)
    assert only().is_over


def test_a_look_costs_the_same_however_many_calls_there_are(
    watch: Watch, say: Say, place: Place
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            watch(1)
        return len(found)

    place("answered")
    few = queries()
    for _ in range(60):
        place("answered")
    assert queries() == few <= 25
