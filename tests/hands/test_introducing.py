"""A call is given to a colleague who is told of it first."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agentworker import standin
from agentworker.models import Session, StandIn, Turn
from telephony import acting, introducing, ringing
from telephony.colleagues import Found
from telephony.introducing import MOST, words
from telephony.models import (
    Call,
    CallAction,
    CallEvent,
    Colleague,
    OutboundCall,
    PhoneNumber,
    Ring,
    Team,
    Trunk,
)
from tests.hands.conftest import MakeCall, Room
from veyra.models import Pulse

pytestmark = pytest.mark.django_db
INTRODUCE = CallAction.Kind.INTRODUCE


@pytest.fixture
def olga() -> Colleague:
    for name in (standin.PULSE, introducing.WATCHDOG):
        Pulse.beat(name)
    return Colleague.objects.create(name="Olga", phone="+79160000009")


def introduce(call: Call, **params: object) -> CallAction:
    row = acting.ask(call, INTRODUCE, params, None, uuid.uuid4())
    assert acting.run_next(acting.AT_ONCE)
    row.refresh_from_db()
    return row


def test_the_caller_hears_music_while_a_colleague_is_rung(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call()
    row = introduce(call, colleague=olga.pk, note="A good customer")
    assert str(row.sentence) == "The caller hears music while “Olga” is rung."
    ring = Ring.objects.get()
    assert (ring.call, ring.why, ring.note) == (call, "transfer", "A good customer")
    assert [each["colleague"] for each in ring.people] == [olga.pk]
    hold = StandIn.objects.get()
    assert (hold.kind, hold.is_transfer, hold.room_sid) == ("hold", True, call.room_sid)
    assert "A good customer" in hold.summary and not hold.offers_call_back


def test_what_the_colleague_is_to_know_stands_in_no_fact(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    introduce(make_call(), colleague=olga.pk, note="A good customer")
    payloads = str(list(CallEvent.objects.values_list("payload", flat=True)))
    assert "Olga" in payloads and "customer" not in payloads


def refusal(row: CallAction) -> str:
    assert row.state == "failed"
    assert not Ring.objects.filter(call=row.call, why="transfer").exists()
    assert not StandIn.objects.exists()
    return str(row.sentence)


def test_nobody_waits_for_who_is_away_or_gone(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call()
    team = Team.objects.create(name="Sales")
    assert "no longer there" in refusal(introduce(call, team=team.pk))
    assert "no longer there" in refusal(introduce(call, colleague=0))
    Colleague.objects.update(away=True)
    assert "Nobody of “Olga” can be rung now" in refusal(introduce(call, colleague=olga.pk))


@pytest.mark.parametrize("gone", [standin.PULSE, introducing.WATCHDOG])
def test_nobody_waits_where_nobody_plays_or_rings(
    make_call: MakeCall, room: Room, olga: Colleague, gone: str
) -> None:
    Pulse.objects.filter(name=gone).delete()
    assert "does not work now" in refusal(introduce(make_call(), colleague=olga.pk))


def test_who_talks_with_others_in_one_room_is_not_put_on_hold(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call()
    make_call(room_sid=call.room_sid)
    assert "Several callers" in refusal(introduce(call, colleague=olga.pk))


def test_a_call_that_rings_is_not_given_over(
    make_call: MakeCall, room: Room, olga: Colleague
) -> None:
    call = make_call(answered_at=None)
    assert "still rings" in refusal(introduce(call, colleague=olga.pk))


def taken(call: Call, colleague: Colleague) -> None:
    row = ringing.begin(call, Ring.Why.FIRST, [Found(colleague.pk, 15)])
    Ring.objects.filter(pk=row.pk).update(state=Ring.State.TAKEN, taken_by=colleague)


def spoken(call: Call, colleague: Colleague) -> None:
    OutboundCall.objects.create(pk=call.pk, to_number="+79160000001", speaker="browser")
    Call.objects.filter(pk=call.pk).update(direction="outbound")


@pytest.mark.parametrize("talks", [taken, spoken])
def test_what_one_of_us_talks_in_already_is_not_introduced_to_another(
    make_call: MakeCall,
    room: Room,
    olga: Colleague,
    log_in: Callable[..., Client],
    talks: Callable[[Call, Colleague], None],
) -> None:
    call = make_call()
    boris = Colleague.objects.create(name="Boris", phone="+79160000008")
    client = log_in("telephony.view_call", "telephony.transfer_call")
    door = f"/calls/{call.pk}/hands/"
    assert "Introduce first" in client.get(door).content.decode()
    talks(call, boris)
    assert "A colleague talks in this call already" in refusal(introduce(call, colleague=olga.pk))
    text = client.get(door).content.decode()
    assert "Introduce first" not in text and "At once" in text and "A colleague talks" in text
    Trunk.objects.update(out_refer=False)
    assert "Give the call to a colleague" not in client.get(door).content.decode()


def test_somebody_is_looked_for_once(make_call: MakeCall, room: Room, olga: Colleague) -> None:
    call = make_call()
    introduce(call, colleague=olga.pk)
    again = introduce(call, colleague=olga.pk)
    assert again.state == "failed" and "already" in str(again.sentence)
    assert Ring.objects.count() == 1


def test_the_summary_has_the_last_words_of_both_sides(make_call: MakeCall) -> None:
    call = make_call(from_number="+79160000001", to_number="+74991124148")
    PhoneNumber.objects.update(label="Support 24/7")
    call.refresh_from_db()
    leg = call.legs.get()
    now = timezone.now()
    talk = Session.objects.create(
        job_id="AJ_1", sip_call_id=leg.sip_call_id or "", started_at=now, room_sid=call.room_sid
    )
    for index, (who, text) in enumerate(
        [("caller", "Hi"), ("agent", "Good day"), ("caller", "What does it cost?")]
    ):
        Turn.objects.create(session=talk, turn_id=str(index), speaker=who, text=text, at=now)
    said = introducing.summary_of(call, "")
    assert "The number called is Support 24/7." in said
    assert "What does it cost?" in said and "Good day" in said and "Hi." not in said
    assert "7, 916, 000, 00, 01" in said


def test_what_is_not_known_is_left_out() -> None:
    assert words("en", "anonymous", "", "", "", "") == (
        "A call for you, the number is withheld. I am connecting you."
    )
    assert words("fr", "", "", "", "", "").startswith("Вам звонок")


def test_a_label_with_digits_is_read_out_as_it_is() -> None:
    told = words("ru", "", "+74991124148", "", "", "", label="Линия 24/7")
    assert "Звонили на номер Линия 24/7." in told


def test_of_what_was_said_the_end_is_told_and_of_a_note_everything() -> None:
    text = "He asked for the price of " + "many " * 80 + "tables."
    assert "He asked" not in words("en", "", "", text, text, "")
    assert text in words("en", "", "", "", "", text)


@given(*[st.text()] * 5)
def test_the_summary_is_short_whatever_was_said(
    caller: str, number: str, said: str, answered: str, note: str
) -> None:
    told = words("en", caller[:100], number[:100], said, answered, note[:500])
    assert len(told) < MOST + 500 + 100


def test_what_is_worth_most_is_told_where_there_is_much() -> None:
    said = "He asked for the price of two tables and of twelve chairs, and when they come."
    told = words("en", "+79160000001", "+74991124148", said, "Good day. " * 8, "Be kind")
    assert "price of two tables" in told and "Be kind" in told
    assert "The assistant answered" not in told
