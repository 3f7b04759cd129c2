"""What an assistant asks of the line is done, once, and it is told what came of it."""

import json
import sys
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker import standin
from agentworker.models import AgentRequest, StandIn
from telephony import acting, answering, introducing
from telephony.models import Call, CallAction, CallBack, CallEvent, Colleague, Member, Ring, Team
from tests.hands.conftest import MakeCall, Room
from veyra.livekit.types import LiveKitError
from veyra.models import Pulse, SecurityEvent

pytestmark = pytest.mark.django_db
Answer = AgentRequest.Answer


@pytest.fixture
def olga() -> Colleague:
    for name in (standin.PULSE, introducing.WATCHDOG):
        Pulse.beat(name)
    return Colleague.objects.create(name="Olga", phone="+79160000009")


def request(call: Call, kind: str, *, ago: float = 0, **params: Any) -> AgentRequest:
    leg = call.legs.get()
    return AgentRequest.objects.create(
        key=uuid.uuid4(),
        job_id="AJ_1",
        room_name=call.room_name,
        room_sid=call.room_sid,
        sip_call_id=leg.sip_call_id or "",
        kind=kind,
        params=params,
        asked_at=timezone.now() - timedelta(seconds=ago),
    )


def carried_out(row: AgentRequest) -> AgentRequest:
    """As the queue does it: begun, done by the task of staff's buttons, answered."""
    answering.look()
    for task in (acting.AT_ONCE, acting.RINGS):
        acting.run_next(task)
    answering.look()
    row.refresh_from_db()
    return row


def answers(room: Room) -> list[dict[str, str]]:
    return [json.loads(data) for _room, _who, topic, data in room.data if topic == "veyra.answer"]


def test_a_colleague_is_rung_as_by_the_button_and_the_assistant_hears_of_it(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call()
    row = request(call, "transfer", to=f"colleague:{olga.key}", whom="Olga", note="A crown")
    assert carried_out(row).state == "done"
    assert Ring.objects.get().note == "A crown"
    assert StandIn.objects.get().is_transfer
    assert answers(room) == [{"id": str(row.key), "answer": "done"}]
    told = CallEvent.objects.get(kind="staff_introduce").payload
    assert told == {"who": "", "whom": "Olga"}
    answering.look()
    assert Ring.objects.count() == CallAction.objects.count() == len(answers(room)) == 1


def test_a_group_of_whom_nobody_is_free_is_told_as_such(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    Colleague.objects.update(away=True)
    team = Team.objects.create(name="Sales")
    Member.objects.create(team=team, colleague=olga)
    row = carried_out(request(make_call(), "transfer", to=f"team:{team.key}"))
    assert (row.state, row.answer) == ("failed", Answer.NOBODY_FREE)
    assert answers(room)[0]["answer"] == "nobody_free"


@pytest.mark.parametrize("target", ["", "colleague:", "team:0", "colleague:x", "nonsense", "12"])
def test_who_is_nobody_is_not_rung(make_call: MakeCall, room: Room, target: str) -> None:
    row = carried_out(request(make_call(), "transfer", to=target))
    assert (row.state, row.answer) == ("failed", Answer.FAILED)
    assert not CallAction.objects.exists() and answers(room)[0]["answer"] == "failed"


def test_a_number_that_the_connection_may_call_is_asked_of_the_provider(
    make_call: MakeCall, room: Room
) -> None:
    row = carried_out(request(make_call(), "transfer", to="+74951234567"))
    assert row.state == "done" and room.transfers[0].to.startswith("sip:")
    assert CallAction.objects.get().params == {"target": "+74951234567"}


def test_a_number_that_it_may_not_call_is_not_and_that_is_kept(
    make_call: MakeCall, room: Room
) -> None:
    row = carried_out(request(make_call(), "transfer", to="+19005551234"))
    assert row.answer == Answer.FAILED and not room.transfers
    assert SecurityEvent.objects.count() == 1


def test_a_message_outlives_whoever_died_while_he_wrote_it_down(
    make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = request(make_call(), "message", text="The tooth aches again")
    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(answering, "finish", lambda *_: sys.exit())
        answering.look()
    answering.look()
    row.refresh_from_db()
    assert row.state == "done" and CallBack.objects.get().message == "The tooth aches again"


def test_nobody_is_rung_for_an_assistant_that_has_given_up(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    row = carried_out(request(make_call(), "transfer", ago=30, to=f"colleague:{olga.key}"))
    assert row.state == "failed" and not Ring.objects.exists()


def test_a_request_waits_for_a_call_that_is_not_known_yet(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call()
    leg = call.legs.get()
    row = request(call, "transfer", to=f"colleague:{olga.key}")
    AgentRequest.objects.update(sip_call_id="SCL_late")
    assert carried_out(row).state == "waiting"
    call.legs.filter(pk=leg.pk).update(sip_call_id="SCL_late")
    assert carried_out(row).state == "done"


def test_an_answer_is_sent_again_where_livekit_was_away(make_call: MakeCall, room: Room) -> None:
    row = request(make_call(), "transfer", to="+74951234567")
    answering.look()
    acting.run_next(acting.RINGS)
    room.fails = [LiveKitError("away", code="unavailable", permanent=False)]
    answering.look()
    row.refresh_from_db()
    assert row.state == "doing"
    assert carried_out(row).state == "done"


def test_a_message_stands_in_the_list_of_calls_to_return(make_call: MakeCall, room: Room) -> None:
    call = make_call()
    rows = [
        request(call, "message", text="Перенести приём", when="завтра утром"),
        request(call, "message", text="И взять снимок"),
        request(call, "call_back"),
    ]
    for row in rows:
        assert carried_out(row).state == "done"
    back = CallBack.objects.get()
    assert back.message == "Перенести приём (завтра утром)\nИ взять снимок"
    assert (back.caller, back.call, back.times) == ("+79161234567", call, 1)
    assert str(back.why) == "The caller asked the assistant to be called back."
    assert answers(room) == []


def test_a_caller_with_a_withheld_number_is_called_on_the_one_that_he_names(
    make_call: MakeCall, room: Room
) -> None:
    call = make_call(from_number="anonymous")
    assert carried_out(request(call, "message", text="Позвоните")).state == "failed"
    assert carried_out(request(call, "message", text="Ждём", number="8 916 555-44-33")).done_at
    assert CallBack.objects.get().caller == "+79165554433"


def test_of_an_erased_caller_no_message_is_kept(make_call: MakeCall, room: Room) -> None:
    call = make_call(erased_at=timezone.now())
    carried_out(request(call, "message", text="Поздно"))
    assert not CallBack.objects.exists()
