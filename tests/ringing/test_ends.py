"""How searches end where something does not go as it should, and nobody is left behind."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from agentworker.models import StandIn
from telephony import dialling, ringer, ringing, telephoning
from telephony.finding import ENTERS
from telephony.models import (
    Call,
    CallEvent,
    Colleague,
    DispatchRule,
    Ring,
    RungPhone,
    Trunk,
    Visit,
)
from tests.ringing.conftest import AGENT, House, MakeColleague
from tests.ringing.test_ringing import Desk, begin, desk, kinds, name_first, talking
from veyra.livekit.types import LiveKitError
from veyra.models import User

__all__ = ["desk"]

pytestmark = pytest.mark.django_db
LATE = LiveKitError("late", permanent=False, code="deadline_exceeded")


@pytest.fixture
def user(db: None) -> User:
    row = User.objects.create_user("olga", is_staff=True)
    row.user_permissions.add(Permission.objects.get(codename="view_call"))
    return row


def never_enters(desk: Desk, ring: Ring, olga: Colleague, monkeypatch: pytest.MonkeyPatch) -> None:
    """He presses Answer, and his browser does not get into the room."""
    desk.look()
    assert ringing.take(ring, olga, "colleague-1")
    desk.look()
    now = time.monotonic()
    late = now + ENTERS.total_seconds() + 1
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: late)
        desk.look()


def test_who_is_given_on_to_a_colleague_who_never_comes_goes_back_to_the_assistant(
    desk: Desk,
    house: House,
    call: Call,
    user: User,
    make_colleague: MakeColleague,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    StandIn.hold("RM_1", "call-1", "en", is_transfer=True)
    house.come("standby-1", "agent", **{"veyra.role": "standby"})
    house.people[AGENT.identity] = AGENT
    olga = make_colleague(user=user, phone="")
    never_enters(desk, ring := begin(call, olga), olga, monkeypatch)
    ring.refresh_from_db()
    hold = StandIn.objects.get()
    assert ring.over_at and hold.over_at and hold.kind == StandIn.Kind.HOLD
    assert not house.deleted


def test_in_need_whoever_waits_for_a_colleague_who_never_comes_is_told_so(
    desk: Desk,
    house: House,
    call: Call,
    user: User,
    make_colleague: MakeColleague,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    StandIn.hold("RM_1", "call-1", "en", is_transfer=False)
    house.come("standby-1", "sip", **{"veyra.role": "standby"})
    olga = make_colleague(user=user, phone="")
    never_enters(desk, begin(call, olga, why="fallback"), olga, monkeypatch)
    assert StandIn.objects.get().kind == StandIn.Kind.APOLOGY
    assert not house.deleted and "people_left" not in kinds()


def test_a_telephone_put_down_before_the_two_have_met_does_not_end_the_call(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    StandIn.hold("RM_1", "call-1", "en", is_transfer=True)
    ring = talking(desk, house, call, make_colleague())
    house.come("standby-1", "agent", **{"veyra.role": "standby"})
    del house.people["standby-1"], house.people[f"colleague-{ring.pk}-0"]
    desk.look()
    ring.refresh_from_db()
    assert ring.over_at and StandIn.objects.get().over_at and not house.deleted


def test_the_assistant_has_its_turn_where_who_took_the_call_first_never_comes(
    desk: Desk,
    house: House,
    call: Call,
    rule: DispatchRule,
    user: User,
    make_colleague: MakeColleague,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    olga = make_colleague(user=user, phone="")
    name_first(rule, olga)
    house.people[AGENT.identity] = AGENT
    desk.look()
    never_enters(desk, Ring.objects.get(), olga, monkeypatch)
    assert house.told == [("veyra.turn", "agent-1")] and not house.deleted


def test_a_caller_who_hears_the_dial_tone_does_not_wait_in_silence_for_a_browser(
    desk: Desk,
    house: House,
    call: Call,
    rule: DispatchRule,
    user: User,
    make_colleague: MakeColleague,
) -> None:
    name_first(rule, make_colleague(user=user), make_colleague("Ivan", phone=""))
    house.people[AGENT.identity] = AGENT
    desk.look()
    desk.look()
    house.answer("sip_1")
    del house.people[f"colleague-{Ring.objects.get().pk}-0"]
    desk.look()
    assert Ring.objects.get().state == "over" and house.told


def test_nobody_is_looked_for_longer_than_music_plays(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    desk.look(later=ringer.AT_MOST.total_seconds() + 1)
    assert Ring.objects.get().state == "over" and len(house.dialled) == 1


def test_a_talk_that_livekit_did_not_end_is_ended_at_the_next_look(
    desk: Desk,
    house: House,
    call: Call,
    make_colleague: MakeColleague,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring = talking(desk, house, call, make_colleague())
    del house.people["sip_1"]

    def fail(_room: str) -> None:
        raise LATE

    with monkeypatch.context() as patch:
        patch.setattr(house, "delete_room", fail)
        desk.look()
    assert Ring.objects.talking().get() == ring
    desk.look()
    assert house.deleted == ["call-1"] and not Ring.objects.talking()


def test_a_telephone_that_livekit_may_have_dialled_is_still_looked_after(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    house.fails = [LATE]
    ring = begin(call, make_colleague())
    desk.look()
    phone = RungPhone.objects.get()
    assert phone.state == "dialled" and phone.over_at is None and phone.result
    house.come(phone.identity, "sip", status="active", **{"veyra.role": "colleague"})
    desk.look()
    ring.refresh_from_db()
    assert ring.state == "taken" and ring.taken_as == phone.identity


def test_a_telephone_that_rings_only_after_it_was_given_up_is_stopped(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    house.fails = [LATE]
    begin(call, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    desk.look(later=6)
    late = RungPhone.objects.get(place=0)
    assert late.over_at
    house.come(late.identity, "sip", status="ringing", **{"veyra.role": "colleague"})
    desk.look(later=7)
    assert late.identity not in house.people


def test_a_busy_gateway_does_not_keep_those_who_ring_for_long(
    desk: Desk,
    house: House,
    call: Call,
    make_colleague: MakeColleague,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephoning, "BUSY_SECONDS", 0.0)
    busy = LiveKitError(dialling.TOO_BUSY, permanent=False, code="unavailable")
    house.fails = [busy, busy]
    begin(call, make_colleague())
    desk.look()
    assert len(house.fails) == 1


def test_without_the_watchdog_a_telephone_lasts_no_longer_than_it_may(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    talking(desk, house, call, make_colleague())
    assert telephoning.end_forgotten() == 0
    RungPhone.objects.update(answered_at=timezone.now() - timedelta(days=1))
    assert telephoning.end_forgotten() == 1 and RungPhone.objects.get().over_at


def test_a_telephone_that_was_never_called_is_not_said_to_be_unanswered(
    desk: Desk, house: House, call: Call, trunk: Trunk, make_colleague: MakeColleague
) -> None:
    Trunk.objects.update(out_address="")
    begin(call, make_colleague())
    desk.look()
    desk.look()
    assert kinds() == ["people_ring", "people_not_rung", "people_over"]
    told = CallEvent.objects.get(kind="people_not_rung").payload
    assert told["who"] == "Olga" and told["result"]["msgid"] == telephoning.NO_LINE


def test_a_test_call_from_the_browser_rings_nobody(
    desk: Desk, call: Call, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    name_first(rule, make_colleague())
    Call.objects.update(direction=Call.Direction.BROWSER)
    desk.look()
    assert not Ring.objects.exists()


@pytest.mark.parametrize("lack", ["is_active", "is_staff", "view_call"])
def test_a_login_that_cannot_answer_is_not_rung(
    lack: str, desk: Desk, call: Call, user: User, make_colleague: MakeColleague
) -> None:
    if lack == "view_call":
        user.user_permissions.clear()
    else:
        User.objects.update(**{lack: False})
    begin(call, make_colleague(user=user, phone=""))
    desk.look()
    assert str(Ring.objects.get().sentence) == ringing.NOT_FREE


def test_who_has_left_the_call_does_not_come_back_by_the_old_page(
    desk: Desk, house: House, call: Call, user: User, make_colleague: MakeColleague
) -> None:
    ring = begin(call, olga := make_colleague(user=user, phone=""))
    desk.look()
    now = timezone.now()
    visit = Visit.objects.create(call=call, user=user, kind="take", began_at=now, seen_at=now)
    ringing.take(ring, olga, visit.identity)
    ring.refresh_from_db()
    assert ringing.close(ring, ended=False)
    assert not Visit.objects.going_on()


def test_the_ringer_remembers_nothing_of_searches_that_are_over(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague())
    desk.look()
    desk.look()
    assert desk.ringer._seen
    del house.people["sip_1"]
    desk.look()
    assert not desk.ringer._seen and not desk.ringer._missed


def test_searches_that_are_over_are_read_only_for_the_calls_of_this_look(
    call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague())
    assert ringer.that_matter([]) == ringer.that_matter([call.pk]) == [ring]
    Ring.objects.update(state="over", over_at=timezone.now())
    assert ringer.that_matter([call.pk]) == [ring] and not ringer.that_matter([])
