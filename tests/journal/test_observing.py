"""What the observer makes of LiveKit's rooms; the question itself is asked in a live test."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from telephony import intake
from telephony.folding import drain
from telephony.models import Call, CallEvent, Leg
from telephony.observing import Sight, missing, observe, seen
from tests.journal.witnesses import recording
from veyra.livekit.types import Participant, Room
from veyra.models import Lease

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOM = Room(sid="RM_1", name="support-room", created_at=NOW - timedelta(minutes=1), participants=2)
CALLER = Participant(
    sid="PA_1",
    identity="sip_79161230001",
    kind="sip",
    attributes={"sip.callID": "SCL_1", "sip.ruleID": "SDR_1", "sip.callStatus": "active"},
    joined_at=NOW - timedelta(seconds=30),
)
AGENT = Participant(sid="PA_2", identity="agent", kind="agent")


def leg(**fields: str) -> Leg:
    given = {"sip_call_id": "SCL_1", "participant_sid": "PA_1", "room_sid": "RM_1"}
    return Leg(**given | fields)


def test_callers_are_seen_and_assistants_are_not() -> None:
    (event,) = seen(Sight(NOW, [(ROOM, [CALLER, AGENT])]))
    assert (event.kind, event.sip_call_id, event.room_sid) == ("present", "SCL_1", "RM_1")
    assert event.payload["joined_at"] == "2026-11-21T11:59:30+00:00"


def test_the_same_sight_is_the_same_fact_until_the_status_changes() -> None:
    ringing = Participant(
        sid="PA_1", identity="x", kind="sip", attributes={"sip.callStatus": "ringing"}
    )
    later = NOW + timedelta(seconds=15)
    ids = [
        seen(Sight(at, [(ROOM, [who])]))[0].event_id
        for at, who in ((NOW, ringing), (later, ringing), (later, CALLER))
    ]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("role", ["listener", "supervisor", "standby", "recorder", ""])
def test_a_person_who_only_listens_is_not_seen_as_a_caller(role: str) -> None:
    listener = Participant(
        sid="PA_3", identity="x", kind="standard", attributes={"veyra.role": role}
    )
    assert seen(Sight(NOW, [(ROOM, [listener])])) == []


def test_a_browser_that_calls_is_seen() -> None:
    browser = Participant(
        sid="PA_3", identity="x", kind="standard", attributes={"veyra.role": "browser"}
    )
    assert len(seen(Sight(NOW, [(ROOM, [browser])]))) == 1


def test_a_caller_in_his_room_is_not_missing() -> None:
    assert missing(Sight(NOW, [(ROOM, [CALLER])]), [leg(), leg(participant_sid="")]) == []


def test_a_room_that_is_not_listed_is_gone() -> None:
    (event,) = missing(Sight(NOW, []), [leg()])
    assert (event.kind, event.room_sid, event.at) == ("room_gone", "RM_1", NOW)


def test_a_caller_who_left_a_room_that_stays_is_gone() -> None:
    (event,) = missing(Sight(NOW, [(ROOM, [AGENT])]), [leg()])
    assert (event.kind, event.sip_call_id) == ("participant_gone", "SCL_1")


def test_a_browser_is_missed_by_its_participant() -> None:
    browser = leg(sip_call_id="", participant_sid="PA_9")
    (event,) = missing(Sight(NOW, [(ROOM, [CALLER])]), [browser])
    assert (event.kind, event.participant_sid) == ("participant_gone", "PA_9")


@pytest.mark.django_db
def test_a_call_whose_last_webhooks_were_lost_ends_when_its_room_is_gone() -> None:
    events = recording("good_call").events("webhook")
    told = [event for event in events if event.kind not in ("participant_left", "room_finished")]
    intake.store(told)
    drain()
    assert Call.objects.get().state == "answered"
    at = timezone.now()
    intake.store(missing(Sight(at, []), Leg.objects.all()))
    drain()
    call = Call.objects.get()
    assert (call.state, call.outcome, call.ended_at) == ("ended", "answered", at)


@pytest.mark.django_db
def test_a_call_that_only_the_observer_saw_is_a_call() -> None:
    now = timezone.now()
    intake.store(seen(Sight(now, [(ROOM, [CALLER])])))
    drain()
    call = Call.objects.get()
    assert (call.state, call.answered_is_approximate) == ("answered", True)
    assert call.started_at == CALLER.joined_at


@pytest.mark.django_db
def test_only_one_observer_looks_at_a_time() -> None:
    assert Lease.take("observe", 60)
    assert observe() == 0


@pytest.mark.django_db
def test_a_livekit_that_is_away_is_observed_later(settings: object) -> None:
    settings.LIVEKIT_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]  # nobody listens there
    assert observe() == 0
    assert not CallEvent.objects.exists() and not Lease.objects.exists()
