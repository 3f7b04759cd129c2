"""Staff record a call that goes on, pause that, and see whether it is so."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone, translation

from agentworker.models import Agent, Worker
from agentworker.recording import RecordingPolicy as Policy
from monitoring import board
from recordings import expecting, orders
from recordings.deciding import Wanted
from recordings.models import Recording
from recordings.orders import Order
from telephony.models import Call, CallEvent
from tests.hands.conftest import *  # noqa: F403  # the same calls, people and room
from tests.hands.conftest import MakeCall, Person, Room

pytestmark = pytest.mark.django_db
SEES, MAY = "telephony.view_call", "recordings.record_call"
JOB = "AJ_1"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(orders, "wake", lambda task: None)
    with translation.override("en"):
        yield


@pytest.fixture
def call(make_call: MakeCall) -> Call:
    made = make_call()
    Agent.objects.update(recording=Policy.PRESSED)
    return Call.objects.select_related("agent", "rule").get(pk=made.pk)


def recorded_by(policy: str) -> None:
    Agent.objects.update(recording=policy)


def says(kind: str, number: int = 1) -> None:
    """The job of the call says so, and lives."""
    now = timezone.now()
    jobs = [{"job": JOB, "room": "call-1"}]
    # However slow the machine is that runs this.
    later = now + timedelta(hours=1)
    values = {"host": "h", "pid": 1, "capacity": 4, "started_at": now, "seen_at": later}
    Worker.objects.update_or_create(name="w", defaults=values | {"jobs": jobs})
    event = CallEvent(event_id=f"{JOB}:{number}", source="agent", kind=kind, at=now)
    event.room_sid = "RM_1"
    event.save()


def fresh(call: Call) -> Call:
    return Call.objects.select_related("agent", "rule").get(pk=call.pk)


def give(call: Call, order: Order, user: Any, ticket: uuid.UUID | None = None) -> None:
    orders.give(fresh(call), order, user, ticket or uuid.uuid4())


def press(client: Client, call: Call, order: str) -> tuple[int, str]:
    given = {"ticket": str(uuid.uuid4()), "order": order}
    answer = client.post(f"/calls/{call.pk}/record/?part=1", given)
    return answer.status_code, answer.content.decode()


def test_an_order_makes_the_row_a_fact_and_an_entry_of_the_audit(
    call: Call, person: Person
) -> None:
    anna, ticket = person(MAY), uuid.uuid4()
    give(call, Order.START, anna, ticket)
    give(call, Order.START, anna, ticket)
    row = Recording.objects.get()
    assert (row.policy, row.state, row.wanted) == (Policy.PRESSED, "expected", Wanted.ON)
    fact = CallEvent.objects.get(kind="record_start")
    assert (fact.source, fact.payload) == ("staff", {"who": "Anna"})
    assert LogEntry.objects.get().change_message == "Asked to record the call."


@pytest.mark.parametrize(
    ("policy", "possible", "why"),
    [
        (Policy.PRESSED, (Order.START,), None),
        (Policy.ALWAYS, (Order.PAUSE,), None),
        (Policy.NEVER, (), orders.NEVER),
        (Policy.AGREED, (), orders.NOT_AGREED),
    ],
)
def test_what_can_be_ordered_depends_on_what_holds_for_the_line(
    call: Call, policy: str, possible: tuple[Order, ...], why: str | None
) -> None:
    recorded_by(policy)
    found = orders.standing(fresh(call))
    assert found.orders == possible
    assert (found.no_start and found.no_start.msgid) == why


def test_who_agreed_may_be_paused_and_recorded_again(call: Call, person: Person) -> None:
    recorded_by(Policy.AGREED)
    says("recording_agreed")
    anna = person(MAY)
    assert orders.standing(fresh(call)).orders == (Order.PAUSE, Order.STOP)
    give(call, Order.STOP, anna)
    assert orders.standing(fresh(call)).orders == (Order.START,)


def test_what_is_recorded_whole_is_not_stopped(call: Call) -> None:
    recorded_by(Policy.ALWAYS)
    wrong = orders.why_not(fresh(call), Order.STOP)
    assert wrong is not None and wrong.msgid == orders.WHOLE


def test_nobody_is_recorded_before_somebody_talks(make_call: MakeCall) -> None:
    ringing = make_call(state=Call.State.RINGING, answered_at=None)
    recorded_by(Policy.PRESSED)
    wrong = orders.why_not(fresh(ringing), Order.START)
    assert wrong is not None and wrong.msgid == orders.NOBODY_TALKS


def test_a_call_in_which_only_people_of_ours_speak_may_be_recorded(call: Call) -> None:
    Call.objects.update(agent=None, rule=None)
    assert orders.standing(fresh(call)).orders == (Order.START,)


def test_an_assistant_that_records_is_told_until_it_says_that_it_did_so(
    call: Call, person: Person, room: Room
) -> None:
    recorded_by(Policy.ALWAYS)
    says("recording_started")
    give(call, Order.PAUSE, person(MAY))
    assert orders.standing(fresh(call)).waits
    orders.deliver()
    orders.deliver()
    told = [(name, to, topic, json.loads(data)) for name, to, topic, data in room.data]
    assert told == [("call-1", ["agent-AJ_1"], "veyra.record", {"do": "pause"})] * 2
    says("recording_paused", 2)
    orders.deliver()
    assert len(room.data) == 2
    found = orders.standing(fresh(call))
    assert (found.waits, found.orders) == (False, (Order.RESUME,))


def test_where_no_assistant_records_nobody_is_told(call: Call, person: Person, room: Room) -> None:
    give(call, Order.START, person(MAY))
    orders.deliver()
    assert room.data == []


# The page


def test_the_buttons_are_for_whoever_may_record(call: Call, log_in: Any) -> None:
    html = log_in(SEES, "telephony.hang_up_call").get(f"/calls/{call.pk}/").content.decode()
    assert "vy-recorder" not in html


def test_the_door_is_closed_without_the_right(call: Call, log_in: Any) -> None:
    assert press(log_in(SEES, "telephony.hang_up_call"), call, "start")[0] == 403
    assert not Recording.objects.exists()


def test_the_door_opens_by_no_link(call: Call, log_in: Any) -> None:
    assert log_in(SEES, MAY).get(f"/calls/{call.pk}/record/").status_code == 405


def test_a_press_is_answered_with_how_it_stands(call: Call, log_in: Any) -> None:
    client = log_in(SEES, MAY)
    status, html = press(client, call, "start")
    assert status == 200 and "Recording begins…" in html and "data-waiting" in html
    says("recording_started")
    expecting.look(timezone.now())
    html = client.get(f"/calls/{call.pk}/hands/").content.decode()
    assert "vy-record vy-on" in html and "Pause the recording" in html
    assert "data-waiting" not in html


def test_what_cannot_be_is_said_in_a_sentence(call: Call, log_in: Any) -> None:
    recorded_by(Policy.NEVER)
    client = log_in(SEES, MAY)
    assert (
        "Calls of this line are not recorded." in client.get(f"/calls/{call.pk}/").content.decode()
    )
    status, html = press(client, call, "start")
    assert status == 400 and "Calls of this line are not recorded." in html


@pytest.mark.parametrize("order", ["", "erase", "1"])
def test_an_order_that_nobody_knows_is_refused(call: Call, log_in: Any, order: str) -> None:
    assert press(log_in(SEES, MAY), call, order)[0] == 400


def test_a_call_that_is_over_is_not_recorded(call: Call, log_in: Any) -> None:
    Call.objects.update(state=Call.State.ENDED, ended_at=timezone.now())
    status, html = press(log_in(SEES, MAY), call, "start")
    assert status == 400 and "The call is over already." in html


def test_the_board_shows_a_red_dot_while_sound_is_written(call: Call) -> None:
    viewer = board.Viewer("en", reads_words=False)
    [before] = board.read()
    assert "vy-record" not in board.render(before, viewer)
    recorded_by(Policy.ALWAYS)
    says("recording_started")
    expecting.look(timezone.now())
    [row] = board.read()
    assert row.version != before.version
    assert 'vy-record vy-on">Recording<' in board.render(row, viewer)
    Call.objects.update(state=Call.State.ENDED, ended_at=timezone.now())
    [row] = board.read()
    assert "vy-record" not in board.render(row, viewer)


def test_the_story_tells_when_a_recording_broke_off(call: Call, log_in: Any) -> None:
    says("recording_stopped")
    CallEvent.objects.update(payload={"part": "", "error": "OSError"})
    html = log_in(SEES).get(f"/calls/{call.pk}/").content.decode()
    assert "Recording broke off (OSError)" in html and "Recording ended" not in html


def test_the_story_tells_who_asked_and_what_was_done(call: Call, log_in: Any) -> None:
    client = log_in(SEES, MAY)
    press(client, call, "start")
    says("recording_started")
    Call.objects.update(started_at=timezone.now() - timedelta(seconds=3))
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "Anna asked to record the call" in html and "Recording began" in html


def test_nobody_records_a_room_while_somebody_is_there_who_is_not_to_be(
    call: Call, make_call: MakeCall
) -> None:
    quiet = Agent.objects.create(name="Quiet", recording=Policy.NEVER)
    Call.objects.filter(pk=make_call().pk).update(agent=quiet)
    for policy in (Policy.PRESSED, Policy.ALWAYS):
        Agent.objects.exclude(pk=quiet.pk).update(recording=policy)
        found = orders.standing(fresh(call))
        assert found.orders == () and found.no_start and found.no_start.msgid == orders.BARRED
    wrong = orders.why_not(fresh(call), Order.RESUME)
    assert wrong and wrong.msgid == orders.BARRED
    forbids = orders.forbidding("RM_1")
    assert forbids and forbids.msgid == orders.NEVER
