"""Searches for our people, as the watchdog carries them on."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker.models import StandIn
from telephony import ringing, telephoning
from telephony.colleagues import Found
from telephony.finding import SHOWS
from telephony.models import (
    Call,
    CallEvent,
    Colleague,
    DispatchRule,
    Member,
    Ring,
    RungPhone,
    Team,
    Trunk,
)
from telephony.ringer import Ringer, Rings
from telephony.verdict import Evidence, judge
from tests.ringing.conftest import AGENT, House, MakeColleague
from veyra.livekit.types import LiveKitError
from veyra.models import SecurityEvent, User

pytestmark = pytest.mark.django_db


class Desk:
    """Looks as the watchdog does, and dials what is to be dialled."""

    def __init__(self) -> None:
        self.ringer = Ringer()

    def look(self, later: float = 0) -> Rings:
        calls = [Call.objects.select_related("rule").get()]
        rings = Rings(self.ringer.begin(calls))
        self.ringer.step(rings.rows, timezone.now() + timedelta(seconds=later))
        while telephoning.run_next():
            pass
        return rings


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk()


def begin(call: Call, *people: Colleague, why: str = "transfer", **more: Any) -> Ring:
    return ringing.begin(call, why, [Found(each.pk, 15) for each in people], **more)


def kinds() -> list[str]:
    rows = CallEvent.objects.filter(source="staff").order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_his_telephone_is_called_into_the_room(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague())
    desk.look()
    (dialled,) = house.dialled
    assert (dialled.to, dialled.room, dialled.shown) == ("+79160000001", "call-1", "+74991124148")
    assert dialled.identity == f"colleague-{ring.pk}-0"
    assert dialled.attributes == {
        "veyra.role": "colleague",
        "veyra.call": str(call.pk),
        "veyra.ring": str(ring.pk),
    }
    assert not dialled.dialtone and kinds() == ["people_ring"]


def test_who_picks_up_has_the_call(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, olga := make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    house.answer(f"colleague-{ring.pk}-0")
    desk.look()
    ring.refresh_from_db()
    assert (ring.state, ring.taken_by, ring.over_at) == ("taken", olga, None)
    assert str(ring.sentence) == "Olga took the call."
    assert RungPhone.objects.get().answered_at and len(house.dialled) == 1
    assert kinds() == ["people_ring", "people_taken"]


def test_after_his_seconds_his_telephone_stops_and_the_next_one_rings(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    desk.look(later=16)
    assert house.removed == [f"colleague-{ring.pk}-0"]
    assert [each.to for each in house.dialled] == ["+79160000001", "+79160000002"]
    assert RungPhone.objects.get(place=0).over_at and RungPhone.objects.get(place=0).seconds == 0
    assert kinds() == ["people_ring", "people_no_answer", "people_ring"]


def test_who_declines_makes_the_next_one_ring_at_once(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    desk.look()
    del house.people[f"colleague-{ring.pk}-0"]
    desk.look()
    assert [each.to for each in house.dialled] == ["+79160000001", "+79160000002"]


def test_when_all_were_tried_it_is_over(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague())
    desk.look()
    desk.look(later=16)
    ring.refresh_from_db()
    assert (ring.state, str(ring.sentence)) == ("over", ringing.NOBODY)
    assert list(house.people) == ["sip_1"]
    assert kinds() == ["people_ring", "people_no_answer", "people_over"]


@pytest.mark.parametrize(
    "how", [{"away": True}, {"archived_at": timezone.now()}, {"phone": ""}, {"days": "-"}]
)
def test_who_cannot_be_rung_now_is_passed_over(
    how: dict[str, Any], desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague(**how))
    desk.look()
    assert not house.dialled and str(Ring.objects.get().sentence) == ringing.NOT_FREE


def test_who_is_in_another_talk_is_not_rung(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    olga = make_colleague()
    other = Call.objects.create(started_at=timezone.now(), room_name="call-2", room_sid="RM_2")
    Ring.objects.create(
        call=other, why="first", started_at=timezone.now(), state="taken", taken_by=olga
    )
    assert ringing.in_other_talks([olga]) == {olga.pk}


def test_a_colleague_who_calls_us_is_not_called_himself(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague(phone="+79161234567"))
    desk.look()
    assert not house.dialled


def test_a_caller_who_leaves_stops_the_telephone(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, make_colleague())
    desk.look()
    del house.people["sip_1"]
    desk.look()
    assert house.removed == [f"colleague-{ring.pk}-0"]
    assert str(Ring.objects.get().sentence) == ringing.CALLER_LEFT


def test_who_has_no_page_open_is_not_rung_for_long(
    call: Call, desk: Desk, make_colleague: MakeColleague
) -> None:
    people = []
    for name in ("Olga", "Ivan"):
        user = User.objects.create_user(name, is_staff=True, is_superuser=True)
        people.append(make_colleague(name, phone="", user=user))
    ring = begin(call, *people)
    desk.look()
    desk.look(later=SHOWS.total_seconds() - 1)
    ring.refresh_from_db()
    assert ring.colleague == people[0]
    desk.look(later=SHOWS.total_seconds() + 1)
    ring.refresh_from_db()
    assert ring.colleague == people[1] and kinds()[:2] == ["people_ring", "people_no_page"]
    # His page is open, so he has his time.
    ringing.show(ring)
    desk.look(later=2 * SHOWS.total_seconds() + 5)
    assert Ring.objects.ringing().exists()
    desk.look(later=60)
    assert kinds()[-2:] == ["people_no_answer", "people_over"]


def test_only_one_search_goes_on_for_a_call(call: Call, make_colleague: MakeColleague) -> None:
    begin(call, olga := make_colleague())
    with pytest.raises(ringing.AlreadyRings):
        begin(call, olga)


def test_the_first_of_two_who_answer_has_the_call(
    desk: Desk, call: Call, make_colleague: MakeColleague
) -> None:
    user = User.objects.create_user("olga", is_staff=True)
    ring = begin(call, olga := make_colleague(user=user), ivan := make_colleague("Ivan"))
    desk.look()
    assert list(Ring.objects.for_user(user)) == [ring]
    assert not ringing.take(ring, ivan, "colleague-2")
    assert ringing.take(ring, olga, "colleague-1")
    assert not ringing.take(ring, olga, "colleague-3")
    assert not Ring.objects.for_user(user)


def test_who_answers_in_the_browser_silences_his_telephone(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    user = User.objects.create_user("olga", is_staff=True)
    ring = begin(call, olga := make_colleague(user=user))
    desk.look()
    ringing.take(ring, olga, "colleague-1")
    desk.look()
    assert house.removed == [f"colleague-{ring.pk}-0"]


def test_who_does_not_want_it_now_lets_the_next_one_ring(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, olga := make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    assert ringing.decline(ring, olga)
    desk.look()
    assert len(house.dialled) == 2 and not ringing.decline(ring, olga)


def talking(desk: Desk, house: House, call: Call, olga: Colleague) -> Ring:
    ring = begin(call, olga)
    desk.look()
    house.answer(f"colleague-{ring.pk}-0")
    desk.look()
    return ring


def test_a_colleague_who_hangs_up_ends_the_call(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = talking(desk, house, call, make_colleague())
    del house.people[f"colleague-{ring.pk}-0"]
    desk.look()
    ring.refresh_from_db()
    assert house.deleted == ["call-1"] and ring.over_at and RungPhone.objects.get().over_at
    assert RungPhone.objects.get().seconds == 60
    assert kinds()[-1] == "people_left"


def test_a_caller_who_hangs_up_does_not_leave_the_colleague_in_the_room(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = talking(desk, house, call, make_colleague())
    del house.people["sip_1"]
    desk.look()
    ring.refresh_from_db()
    assert house.deleted == ["call-1"] and ring.over_at and "people_left" not in kinds()


def test_a_colleague_who_leaves_the_caller_to_somebody_else_ends_nothing(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = talking(desk, house, call, make_colleague())
    del house.people[f"colleague-{ring.pk}-0"]
    house.come("supervisor-1", "standard", **{"veyra.role": "supervisor"})
    desk.look()
    ring.refresh_from_db()
    assert not house.deleted and ring.over_at


def test_a_page_that_is_loaded_anew_does_not_end_the_call(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    user = User.objects.create_user("olga", is_staff=True)
    ring = begin(call, olga := make_colleague(user=user, phone=""))
    desk.look()
    ringing.take(ring, olga, "colleague-1")
    house.come("colleague-1", "standard", **{"veyra.role": "colleague"})
    desk.look()
    del house.people["colleague-1"]
    desk.look()
    assert not house.deleted


def test_who_shares_a_room_does_not_lose_it_with_another_caller(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = talking(desk, house, call, make_colleague())
    house.come("sip_2", "sip", status="active")
    del house.people[f"colleague-{ring.pk}-0"]
    desk.look()
    assert house.removed == ["sip_1"] and not house.deleted


def name_first(rule: DispatchRule, *people: Colleague) -> None:
    team = Team.objects.create(name="Sales")
    for place, each in enumerate(people):
        Member.objects.create(team=team, colleague=each, place=place, seconds=10)
    DispatchRule.objects.filter(pk=rule.pk).update(first_team=team)


def test_people_whom_the_rule_names_first_are_rung_before_anybody_speaks(
    desk: Desk, house: House, call: Call, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    name_first(rule, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    rings = desk.look()
    assert house.dialled[0].dialtone and rings.held == {"RM_1"}
    desk.look(later=11)
    assert [each.to for each in house.dialled] == ["+79160000001", "+79160000002"]
    house.people[AGENT.identity] = AGENT
    desk.look(later=30)
    desk.look(later=31)
    assert house.told == [("veyra.turn", "agent-1")] and not desk.look().held
    assert Ring.objects.count() == 1


def test_an_assistant_that_comes_late_is_told_when_it_has_come(
    desk: Desk, house: House, call: Call, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    name_first(rule, make_colleague(away=True))
    desk.look()
    desk.look()
    assert not house.told
    house.people[AGENT.identity] = AGENT
    desk.look()
    desk.look()
    assert house.told == [("veyra.turn", "agent-1")]


def test_nobody_is_rung_first_for_a_call_that_somebody_has_answered(
    desk: Desk, house: House, call: Call, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    name_first(rule, make_colleague())
    Call.objects.update(answered_at=timezone.now(), state="answered")
    desk.look()
    assert not Ring.objects.exists()


def test_where_nobody_in_need_answers_whoever_waits_is_told_so(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    StandIn.hold("RM_1", "call-1", "en", is_transfer=False)
    begin(call, make_colleague(), why="fallback")
    desk.look()
    assert not house.dialled[0].dialtone
    desk.look(later=16)
    assert StandIn.objects.get().kind == StandIn.Kind.APOLOGY


def test_a_transfer_that_nobody_takes_ends_the_music(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    StandIn.hold("RM_1", "call-1", "en", is_transfer=True)
    begin(call, make_colleague(away=True))
    desk.look()
    assert StandIn.objects.get().over_at


def test_a_telephone_that_may_not_be_called_is_not_and_the_next_one_rings(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague(phone="+88216000000"), make_colleague("Ivan"))
    desk.look()
    assert SecurityEvent.objects.get().kind == "dial_prefix" and not house.dialled
    desk.look()
    assert [each.to for each in house.dialled] == ["+79160000001"]


def test_colleagues_telephones_take_their_places_and_minutes_of_the_connection(
    desk: Desk, house: House, call: Call, trunk: Trunk, make_colleague: MakeColleague
) -> None:
    Trunk.objects.update(out_at_once=1)
    ring = talking(desk, house, call, make_colleague())
    Ring.objects.filter(pk=ring.pk).update(over_at=timezone.now())
    begin(call, make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    assert len(house.dialled) == 1 and SecurityEvent.objects.get().kind == "dial_at_once"


def test_a_telephone_that_could_not_be_stopped_is_stopped_later(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    begin(call, make_colleague())
    desk.look()
    Ring.objects.update(state="over", over_at=timezone.now())
    assert telephoning.end_forgotten() == 1
    assert house.removed and RungPhone.objects.get().over_at


def test_a_provider_that_fails_is_not_waited_for(
    desk: Desk, house: House, call: Call, make_colleague: MakeColleague
) -> None:
    house.fails = [LiveKitError("no", permanent=True, code="invalid_argument")]
    begin(call, make_colleague(), make_colleague("Ivan", phone="+79160000002"))
    desk.look()
    desk.look()
    assert [each.to for each in house.dialled] == ["+79160000002"]
    assert RungPhone.objects.get(place=0).result


def test_a_telephone_that_nobody_wants_any_more_is_not_dialled(
    house: House, call: Call, make_colleague: MakeColleague
) -> None:
    ring = begin(call, olga := make_colleague())
    Ring.objects.update(place=0, colleague=olga)
    RungPhone.objects.create(ring=ring, place=0, phone=olga.phone, asked_at=timezone.now())
    Ring.objects.update(state="over", over_at=timezone.now())
    assert telephoning.run_next() and not house.dialled
    assert RungPhone.objects.get().state == "failed"


def outcome(*deeds: str, seconds: float | None = 20, **more: Any) -> tuple[str, str]:
    talked = None if seconds is None else timedelta(seconds=seconds)
    usual = {"witness": "tap", "departure": "ROOM_DELETED", "agent_came": True}
    verdict = judge(Evidence(talked=talked, deeds=frozenset(deeds), **usual | more))  # type: ignore[arg-type]  # as usual names them
    return verdict.outcome, verdict.reason


def test_a_call_that_a_colleague_took_is_answered_though_the_assistant_never_spoke() -> None:
    assert outcome("people_ring", "people_taken", "people_left") == (
        "answered",
        "hung_up_by_colleague",
    )
    by_caller: dict[str, Any] = {"departure": "CLIENT_INITIATED", "status_at_leaving": "hangup"}
    assert outcome("people_ring", "people_taken", **by_caller) == ("answered", "hung_up_by_caller")


def test_who_heard_our_apology_was_answered_by_nobody_though_a_colleague_took_the_call() -> None:
    deeds = ("people_ring", "people_taken", "stood_in")
    assert outcome(*deeds, agent_came=False) == ("no_agent", "nobody_came")


def test_a_caller_who_heard_only_how_it_rang_was_answered_by_nobody() -> None:
    left: dict[str, Any] = {"departure": "CLIENT_INITIATED", "status_at_leaving": "hangup"}
    left |= {"agent_came": False}
    assert outcome("people_ring", **left) == ("abandoned", "caller_gave_up")
    assert outcome("people_ring", seconds=None, **left) == ("abandoned", "caller_gave_up")
