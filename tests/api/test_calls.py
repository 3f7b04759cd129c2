"""Other programs see calls, and act on them as staff do."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agentworker.models import Agent
from monitoring.access import watch
from monitoring.incidents.models import Incident
from recordings.models import Ingress, Recording, Stream, StreamTarget
from telephony.models import Call, CallAction, OutboundCall, PhoneNumber, Trunk
from tests.api.conftest import Let
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, Room
from veyra.models import ReadSample, SecurityEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(agent: Agent) -> Call:
    now = timezone.now()
    trunk = Trunk.objects.create(name="Novofon", out_address="sip.example", out_refer=True)
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    return Call.objects.create(
        state="answered",
        started_at=now,
        answered_at=now,
        from_number="79161234567",
        room_name="call-1",
        unit="room:RM_1",
        trunk=trunk,
        number=number,
        agent=agent,
    )


def test_calls_are_found_by_state_time_and_digits(let: Let, caller: Call) -> None:
    program = let("Viewer")
    for query in ({"state": "answered"}, {"q": "916123"}, {"since": "2020-01-01T00:00:00Z"}):
        assert len(program.get("calls/", **query).json()["results"]) == 1, query
    for query in ({"state": "ended"}, {"until": "2020-01-01T00:00:00Z"}, {"agent": "99999"}):
        assert program.get("calls/", **query).json()["results"] == [], query
    assert program.get("calls/", state="tomato").json()["errors"]["state"]
    one = program.get(f"calls/{caller.pk}/").json()
    assert one["from_number"] == "79161234567" and one["state"] == "answered"


def test_who_reads_very_many_calls_is_told_of_and_who_asks_for_the_same_again_is_not(
    let: Let,
) -> None:
    """Each of these calls is one that stands for all those around it."""
    now, every, many = timezone.now(), ReadSample.EVERY, watch.MANY_CALLS // ReadSample.EVERY
    Call.objects.bulk_create(
        Call(id=UUID(int=every * number), state="ended", started_at=now - timedelta(days=number))
        for number in range(1, many + 1)
    )
    program, half = let("Viewer"), many // 2
    for _time in range(3):
        page = program.get("calls/", page_size=half).json()
        program.get(f"calls/{page['results'][0]['id']}/")
    watch.watch(timezone.now())
    assert not SecurityEvent.objects.filter(kind="mass_export").exists()
    assert len(program.client.get(page["next"]).json()["results"]) == half
    for _time in range(2):
        watch.watch(timezone.now())
    told = SecurityEvent.objects.get(kind="mass_export")
    assert str(told.sentence).startswith("a Viewer read about 5000 calls through the API")
    assert told.user is not None and told.user.username.startswith("service-")
    SecurityEvent.objects.all().delete()
    watch.watch(timezone.now() + watch.HOUR)
    assert not SecurityEvent.objects.exists()


def test_what_was_said_is_for_who_may_read_words(let: Let, caller: Call) -> None:
    found = let("Viewer").get(f"calls/{caller.pk}/transcript/")
    assert found.status_code == 200 and found.json()["lines"] == []
    assert let("Engineer").get(f"calls/{caller.pk}/transcript/").status_code == 200
    program = let("Viewer")
    Group.objects.get(name="Viewer").permissions.filter(codename="view_session").delete()
    assert program.get(f"calls/{caller.pk}/transcript/").status_code == 403


def test_a_call_is_placed_once_for_each_idempotency_key(let: Let, caller: Call) -> None:
    program, body = let("Operator"), {"to": "8 916 123-45-67"}
    first = program.post("calls/", body, once="order 15")
    assert first.status_code == 202, first.json()
    again = program.post("calls/", body, once="order 15")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Idempotent-Replay"] == "true"
    other = program.post("calls/", {"to": "+79160000002"}, once="order 15")
    assert other.status_code == 422 and other.json()["detail"]
    row = OutboundCall.objects.get()
    assert (row.to_number, str(row.pk)) == ("+79161234567", first.json()["id"])
    assert row.asked_by is not None and row.asked_by.username.startswith("service-")
    assert program.get(f"calls/{row.pk}/placing/").json()["state"] == "waiting"


def test_what_cannot_be_called_is_told_and_not_kept(let: Let, caller: Call) -> None:
    program = let("Operator")
    wrong = program.post("calls/", {"to": "tomato"}, once="a")
    assert wrong.status_code == 400 and wrong.json()["errors"]["to"]
    assert program.post("calls/", {"to": "+79161234567"}, once="a").status_code == 202


def test_a_simulated_line_says_that_it_calls_nobody(
    let: Let, caller: Call, settings: LazySettings
) -> None:
    settings.LIVEKIT_SIMULATED = True
    assert let("Operator").post("calls/", {"to": "+79161234567"}).status_code == 503
    assert not OutboundCall.objects.exists()


def test_who_may_not_dial_dials_nobody(let: Let, caller: Call) -> None:
    answer = let("Viewer").post("calls/", {"to": "+79161234567"})
    assert answer.status_code == 403 and answer.json()["detail"]
    assert not OutboundCall.objects.exists()


def test_a_call_is_ended_and_transferred_as_by_staff(let: Let, caller: Call) -> None:
    program = let("Supervisor")
    ended = program.post(f"calls/{caller.pk}/hang-up/", once="1")
    assert ended.status_code == 202, ended.json()
    assert program.post(f"calls/{caller.pk}/hang-up/", once="1").json() == ended.json()
    sent = program.post(f"calls/{caller.pk}/transfer/", {"to": "8 499 112-41-48"})
    assert sent.status_code == 202, sent.json()
    kinds = [each["kind"] for each in program.get(f"calls/{caller.pk}/actions/").json()]
    assert sorted(kinds) == ["hang_up", "transfer"]
    assert CallAction.objects.get(kind="transfer").params == {"target": "+74991124148"}
    Call.objects.update(ended_at=timezone.now(), state="ended")
    late = program.post(f"calls/{caller.pk}/hang-up/")
    assert late.status_code == 409 and late.json()["detail"] == "The call is over already."


def test_recordings_are_read_by_who_may(let: Let, caller: Call) -> None:
    row = Recording.objects.create(call=caller, state="missing")
    program = let("Manager")
    assert program.get("recordings/", call=caller.pk).json()["results"][0]["id"] == str(row.pk)
    assert program.get(f"recordings/{row.pk}/sound/").status_code == 404
    assert let("Operator").get("recordings/").status_code == 403


@pytest.mark.parametrize("door", ["calls/", "recordings/", "incidents/", "streams/", "ingresses/"])
def test_a_list_of_what_happened_asks_the_same_questions_however_long_it_is(
    let: Let, caller: Call, door: str
) -> None:
    program, now = let("Owner"), timezone.now()
    program.get(door)
    counts, rows = [], []
    for more in (1, 6):
        for index in range(more):
            call = Call.objects.create(state="ended", started_at=now, unit=f"{more}{index}")
            Recording.objects.create(call=call, state="missing")
            given = {"severity": 2, "opened_at": now, "seen_at": now}
            Incident.objects.create(rule="gateway_away", cause=f"{more}{index}", **given)
            stream = Stream.objects.create(room_name="r", room_sid=f"RM_{more}{index}")
            StreamTarget.objects.create(stream=stream, shown="rtmp://…")
            Ingress.objects.create(name=f"Camera {more}{index}", room_name="r")
        with CaptureQueriesContext(connection) as found:
            rows += [len(program.get(door).json()["results"])]
        counts += [len(found)]
    assert counts[0] == counts[1] and rows[1] == rows[0] + 6


class Away:
    """Stands where LiveKit does, and does not answer."""

    def __enter__(self) -> "Away":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def list_rooms(self, *_: object) -> None:
        raise LiveKitError("away", permanent=False, code="unavailable")


def test_rooms_of_a_livekit_that_is_away_are_a_problem_with_a_sentence(
    let: Let, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveKit, "from_settings", lambda *_: Away())
    answer = let("Engineer").get("rooms/")
    assert answer.status_code == 503 and answer.json()["detail"].endswith(".")


class Busy(Away):
    def list_rooms(self, *_: object) -> list[Room]:  # type: ignore[override]  # it answers
        now = timezone.now()
        return [Room(sid=f"RM_{n}", name=f"r{n}", created_at=now) for n in range(150)]


def test_a_program_is_told_of_every_room(let: Let, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveKit, "from_settings", lambda *_: Busy())
    assert len(let("Engineer").get("rooms/").json()) == 150
    assert [room["name"] for room in let("Engineer").get("rooms/", q="R149").json()] == ["r149"]


def test_the_line_s_health_is_told_in_the_account_s_language(let: Let) -> None:
    told = let("Viewer").get("health/").json()
    assert told["checks"] and all(check["sentence"] for check in told["checks"])
