"""Calls out in which one of us speaks: he is there first, and the call ends with him."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import acting, dialling, settling, speaking
from telephony.attending import NotNowError
from telephony.dialling import Wish
from telephony.models import Call, CallEvent, Leg, OutboundCall, PhoneNumber
from telephony.routing.tolls import Go, Limits, Refused, Usage, decide, decide_together
from tests.callout.conftest import PERSON, Exchange, MakeNumber
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Dial, Participant, Room
from veyra.models import SecurityEvent, User

State, Speaker = OutboundCall.State, OutboundCall.Speaker
MINE = "+79167654321"
pytestmark = pytest.mark.django_db


class House(Exchange):
    """As Exchange; `people` are in every room, and who is dialled rings or picks up."""

    def __init__(self) -> None:
        super().__init__()
        self.people: list[Participant] = []
        self.picks_up = True
        self.asked = 0

    def list_participants(self, room: str) -> list[Participant]:
        self.asked += 1
        return self.people

    def list_rooms(self) -> list[Room]:
        names = {f"out-{pk}" for pk in OutboundCall.objects.values_list("pk", flat=True)}
        left = sorted(names - {*self.deleted})
        return [Room(sid=f"RM_{name}", name=name, created_at=timezone.now()) for name in left]

    def dial(self, dial: Dial) -> str:
        status = {"sip.callStatus": "active" if self.picks_up else "ringing"}
        person = Participant(sid="PA", identity=dial.identity, kind="sip", attributes=status)
        self.people.append(person)
        return super().dial(dial)

    def comes(self, row: OutboundCall) -> None:
        self.people.append(Participant(sid="PB", identity=row.speaker_identity, kind="standard"))


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House()
    monkeypatch.setattr(LiveKit, "from_settings", lambda: found)
    monkeypatch.setattr(dialling, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(dialling, "PICKED_UP_SECONDS", -4.9)
    for module in (dialling, speaking, settling, acting):
        monkeypatch.setattr(module, "wake", lambda task: None)
    yield found


@pytest.fixture
def person(db: None) -> User:
    user = User.objects.create_user("anna", is_staff=True, first_name="Anna")
    user.user_permissions.add(Permission.objects.get(codename="add_outboundcall"))
    return user


def ask(number: PhoneNumber, person: User, speaker: str) -> OutboundCall:
    phone = MINE if speaker == Speaker.PHONE else ""
    return dialling.ask(Wish(PERSON, number, None, speaker, phone), person, uuid.uuid4())


def run() -> None:
    while dialling.run_next():
        pass


def fresh(row: OutboundCall) -> OutboundCall:
    return OutboundCall.objects.get(pk=row.pk)


def call_of(row: OutboundCall, **values: Any) -> Call:
    told = {"state": "answered", "started_at": timezone.now(), **values}
    call = Call.objects.create(
        pk=row.pk, direction="outbound", room_name=row.room, to_number=PERSON, **told
    )
    Leg.objects.create(call=call, role=Leg.Role.CALLEE, sip_call_id="SCL_1")
    return call


def test_nobody_is_called_before_the_browser_of_who_speaks_is_there(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    run()
    assert not house.dialled and fresh(row).state == State.WAITING
    house.comes(row)
    speaking.come(fresh(row))
    run()
    (dial,) = house.dialled
    assert dial.to == PERSON and dial.dialtone and dial.attributes["veyra.role"] == "callee"
    assert "veyra.agent" not in dial.attributes
    # No assistant was sent.
    assert house.rooms == [] and fresh(row).state == State.DIALLED


def test_a_browser_that_has_left_before_its_turn_calls_nobody(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    speaking.come(fresh(row))
    run()
    assert not house.dialled and fresh(row).state == State.FAILED
    assert fresh(row).sentence.msgid == dialling.NOT_HERE


def test_my_telephone_rings_first_and_both_calls_count(
    house: House, make_number: MakeNumber, person: User
) -> None:
    number = make_number(out_at_once=3, out_minutes=30)
    row = ask(number, person, Speaker.PHONE)
    run()
    mine, theirs = house.dialled
    assert (mine.to, mine.attributes["veyra.role"]) == (MINE, "colleague")
    assert (theirs.to, theirs.attributes["veyra.role"]) == (PERSON, "callee")
    assert mine.room == theirs.room and theirs.dialtone and not mine.dialtone
    found = fresh(row)
    assert found.here_at and found.seconds == 30 * 60
    assert mine.longest == theirs.longest == timedelta(minutes=15)
    usage = dialling.usage_of(number.trunk, timezone.now())
    assert (usage.going_on, usage.just_begun, usage.seconds) == (2, 2, 1800)


def test_who_does_not_pick_up_his_own_telephone_calls_nobody(
    house: House, make_number: MakeNumber, person: User
) -> None:
    house.picks_up = False
    row = ask(make_number(out_ringing=5), person, Speaker.PHONE)
    run()
    assert len(house.dialled) == 1 and house.deleted == [row.room]
    assert fresh(row).sentence.msgid == dialling.NOT_PICKED_UP and fresh(row).seconds == 0


def test_two_telephones_need_two_places(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(out_at_once=1), person, Speaker.PHONE)
    run()
    assert not house.dialled and fresh(row).state == State.REFUSED
    assert SecurityEvent.objects.get().kind == "dial_at_once"


def test_a_telephone_of_ours_that_may_not_be_called_is_not(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(out_prefixes="+7916123"), person, Speaker.PHONE)
    run()
    assert not house.dialled and fresh(row).state == State.REFUSED


def test_who_leaves_ends_the_call_and_the_call_says_who_it_was(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    house.comes(row)
    speaking.come(row)
    run()
    call = call_of(row, room_sid="RM_1")
    speaking.leave(fresh(row))
    speaking.leave(fresh(row))
    speaking.look()
    assert house.deleted == [row.room]
    assert CallEvent.objects.get().payload == {"who": "Anna"}
    assert CallEvent.objects.get().kind == speaking.LEFT
    # Its books stay open until the call has been seen to end, but nobody comes back to it.
    assert fresh(row).over_at is None
    with pytest.raises(NotNowError):
        speaking.enter(fresh(row))
    now = timezone.now()
    Call.objects.filter(pk=call.pk).update(
        state="ended", ended_at=now, answered_at=now - timedelta(seconds=5)
    )
    settling.settle()
    assert fresh(row).seconds == 60 and fresh(row).over_at == now


def test_a_browser_that_was_cut_off_ends_the_call_and_one_that_is_there_does_not(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    house.comes(row)
    speaking.come(row)
    run()
    call_of(row)
    speaking.look()
    assert house.deleted == []
    house.people.clear()
    speaking.look()
    assert house.deleted == [row.room]


@pytest.mark.parametrize("values", [{"is_active": False}, {"is_staff": False}])
def test_whose_right_is_withdrawn_speaks_no_more(
    house: House, make_number: MakeNumber, person: User, values: dict[str, bool]
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    house.comes(row)
    speaking.come(row)
    run()
    User.objects.filter(pk=person.pk).update(**values)
    speaking.look()
    assert house.deleted == [row.room]


def test_whom_the_other_side_has_left_is_not_left_alone_in_the_room(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.PHONE)
    run()
    now = timezone.now()
    ended = {"state": "ended", "ended_at": now, "reason": "hung_up_by_callee"}
    call_of(row, **ended, answered_at=now - timedelta(seconds=61), sip_status=200, rang=True)
    OutboundCall.objects.update(here_at=now - timedelta(seconds=90))
    settling.settle()
    # Two begun minutes of each telephone.
    assert fresh(row).seconds == 240 and fresh(row).over_at
    speaking.look()
    assert house.deleted == [row.room]


def test_the_reserve_does_not_try_for_people(
    house: House, make_number: MakeNumber, person: User
) -> None:
    reserve = make_number("+74991124149")
    row = ask(make_number(out_next=reserve.trunk), person, Speaker.PHONE)
    run()
    call_of(row, state="ended", ended_at=timezone.now(), reason="answer_503", sip_status=503)
    Call.objects.update(rang=False)
    settling.settle()
    assert OutboundCall.objects.count() == 1


def test_a_call_whose_browser_never_came_is_given_up(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(), person, Speaker.BROWSER)
    speaking.look()
    assert fresh(row).state == State.WAITING and house.asked == 0
    OutboundCall.objects.update(asked_at=timezone.now() - 2 * speaking.COMES)
    speaking.look()
    assert fresh(row).sentence.msgid == speaking.NEVER_CAME
    with pytest.raises(NotNowError):
        speaking.enter(fresh(row))


@pytest.mark.parametrize("speaker", [Speaker.PHONE, Speaker.BROWSER])
def test_who_is_there_and_for_whom_nobody_dials_is_not_left_in_silence(
    house: House, make_number: MakeNumber, person: User, speaker: str
) -> None:
    row = ask(make_number(), person, speaker)
    claimed = {"state": State.DIALLED, "claimed_at": timezone.now(), "seconds": 3600}
    OutboundCall.objects.update(**claimed)
    if speaker == Speaker.PHONE:  # which was dialled, before the process died
        status = {"sip.callStatus": "ringing"}
        house.people.append(
            Participant(sid="PA", identity=row.speaker_identity, kind="sip", attributes=status)
        )
        speaking.look()
        assert fresh(row).here_at is None
        status["sip.callStatus"] = "active"
        speaking.look()
    else:
        house.comes(row)
        OutboundCall.objects.update(here_at=timezone.now())
    assert fresh(row).here_at and not house.deleted
    before = timezone.now() - speaking.DIALS
    OutboundCall.objects.update(here_at=before, claimed_at=before)
    callee = Participant(sid="PC", identity=row.callee_identity, kind="sip")
    house.people.append(callee)
    speaking.look()
    assert not house.deleted  # it rings, and is only not known yet
    house.people.remove(callee)
    speaking.look()
    over = fresh(row)
    assert house.deleted == [row.room] and over.over_at
    assert over.sentence.msgid == dialling.CUT_SHORT
    assert over.seconds == (60 if speaker == Speaker.PHONE else 0)


def test_a_call_of_two_telephones_ends_by_the_first_that_was_picked_up(
    house: House, make_number: MakeNumber, person: User
) -> None:
    row = ask(make_number(out_minutes=30), person, Speaker.PHONE)
    run()
    call = call_of(row, answered_at=timezone.now())
    OutboundCall.objects.update(here_at=timezone.now() - timedelta(minutes=14))
    assert not settling.is_overdue(fresh(row), call, timezone.now())
    OutboundCall.objects.update(here_at=timezone.now() - timedelta(minutes=15))
    assert settling.is_overdue(fresh(row), call, timezone.now())


@given(
    st.integers(1, 4), st.integers(0, 6), st.integers(0, 5), st.integers(0, 90), st.integers(0, 90)
)
@settings(max_examples=150, deadline=None)
def test_telephones_of_one_call_never_take_more_than_the_connection_has(
    telephones: int, at_once: int, going_on: int, minutes: int, used: int
) -> None:
    limits = Limits(name="x", own=(PERSON,), at_once=at_once, minutes=minutes, pace=1)
    usage = Usage(going_on=going_on, seconds=used * 60)
    verdict = decide_together([PERSON] * telephones, limits, usage)
    if isinstance(verdict, Go):
        assert going_on + telephones <= at_once
        assert verdict.longest * telephones <= timedelta(minutes=minutes - used)
    else:
        assert isinstance(verdict, Refused)
    if telephones == 1:
        assert verdict == decide(PERSON, limits, usage)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="how other databases read a short table")
def test_no_look_reads_through_all_calls_in_which_one_of_us_spoke() -> None:
    calls = OutboundCall.objects.by_people().order_by()
    for rows in (calls.open(), calls.over_since(timezone.now())):
        assert "SEARCH telephony_outboundcall USING INDEX out_" in rows.explain()
