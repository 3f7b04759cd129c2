"""Opening hours where the line is known: what the watchdog does, and what staff do."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from agentworker.hours import week
from agentworker.hours.models import Outside
from agentworker.models import Agent, AgentRequest, Closure, Company, NumberPlace, Place, StandIn
from agentworker.services import Words, save_words
from telephony import answering, changes, opening, stays
from telephony.hours_fields import MessageField
from telephony.keeping import panel
from telephony.models import (
    Call,
    CallBack,
    CallEvent,
    Colleague,
    DispatchRule,
    Leg,
    PhoneNumber,
    PublishedObject,
    Ring,
    Team,
    Trunk,
)
from telephony.ringer import Rings, begins
from telephony.verdict import Evidence, judge
from telephony.watchdog import Line, Step, decide
from telephony.watching import find_people, stand_in, told_lately, watched_rooms
from veyra.models import User

pytestmark = pytest.mark.django_db

NUMBER = "+74991124148"
# A Sunday, 15:00 in Moscow.
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(days=1)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Sales")
    save_words(agent, Words("ru", "Здравствуйте!", [], []), None)
    return agent


@pytest.fixture
def number() -> PhoneNumber:
    trunk = Trunk.objects.create(name="Novofon")
    return PhoneNumber.objects.create(number=NUMBER, trunk=trunk)


@pytest.fixture
def olga() -> Colleague:
    return Colleague.objects.create(name="Ольга", phone="+79160000009")


@pytest.fixture
def rule(agent: Agent, number: PhoneNumber) -> DispatchRule:
    rule = DispatchRule.objects.create(name="Sales", agent=agent)
    rule.numbers.add(number)
    return rule


def place(*numbers: PhoneNumber, **values: Any) -> Place:
    own = {"name": "Магазин", "time_zone": "Europe/Moscow", "week": week.to_json(week.OFFICE)}
    row = Place(**own | {"calendar": ""} | values)
    opening.save_place(row, numbers, [], 2026)
    return row


def call(rule: DispatchRule, at: datetime = SUNDAY, **values: Any) -> Call:
    own = {"agent": rule.agent, "rule": rule, "room_name": "call-1", "room_sid": "RM_1"}
    how = {"state": "ringing", "started_at": at, "direction": "inbound", "to_number": NUMBER[1:]}
    row = Call.objects.create(from_number="79160000001", **own | how | values)
    Leg.objects.create(call=row, role="caller", sip_call_id="SCL_1", room_sid="RM_1")
    return row


def carry_out(model: Any, key: str, values: dict[str, Any], revision: int) -> None:
    change = changes.Change(model=model, key=key, values=values, revision=revision)
    changes.carry_out(changes.Edit(changes=(change,)))


# Who is rung


def test_nobody_is_rung_first_while_it_is_closed(
    rule: DispatchRule, number: PhoneNumber, olga: Colleague
) -> None:
    rule.first_colleague = olga
    rule.save()
    place(number)

    assert not begins(call(rule), [])
    Call.objects.all().delete()
    assert begins(call(rule, MONDAY), [])


def test_nobody_is_rung_in_need_while_a_message_is_to_be_said(
    rule: DispatchRule, number: PhoneNumber, olga: Colleague
) -> None:
    rule.fallback_colleague = olga
    rule.save()
    place(number)

    called = call(rule)
    assert opening.people_in_need(called, opening.ruling_of(called)) == []


@pytest.mark.parametrize("named", ["rule", "colleague", "team"])
def test_outside_the_hours_those_are_rung_whom_the_place_names(
    rule: DispatchRule, number: PhoneNumber, olga: Colleague, named: str
) -> None:
    night = Colleague.objects.create(name="Дежурный", phone="+79160000008")
    team = Team.objects.create(name="Ночь")
    team.members.create(colleague=night)
    rule.fallback_colleague = olga
    rule.save()
    people = {"rule": "", "colleague": f"colleague:{night.key}", "team": f"team:{team.key}"}[named]
    place(number, outside=Outside.PEOPLE, people=people)

    called = call(rule)
    found = opening.people_in_need(called, opening.ruling_of(called))

    assert [each.colleague for each in found] == [olga.pk if named == "rule" else night.pk]


def test_a_job_that_leaves_the_call_to_people_has_them_rung_at_once(
    rule: DispatchRule, number: PhoneNumber, olga: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(number, outside=Outside.PEOPLE, people=f"colleague:{olga.key}")
    called = call(rule, timezone.now())
    PhoneNumber.objects.update(number=NUMBER)
    CallEvent.objects.create(
        event_id="x", source="agent", kind="closed_people", at=timezone.now(), room_sid="RM_1"
    )
    told = told_lately({"RM_1"}, timezone.now())
    (room,) = watched_rooms()
    watched = room.watched(timezone.now(), timedelta(seconds=2), told, Rings())

    assert decide(watched, Line(takes_calls=True, stands_in=True)) is Step.FIND_PEOPLE
    Call.objects.update(started_at=SUNDAY)
    (room,) = watched_rooms()
    monkeypatch.setattr("telephony.ringing.is_anybody_free", lambda people, _call: bool(people))
    assert find_people(room)
    assert Ring.objects.get().people == [{"colleague": olga.pk, "seconds": 15}]
    Ring.objects.update(state="over", over_at=timezone.now())
    assert not find_people(room), "whoever was tried is not rung again"
    assert called.pk


def test_the_last_resort_says_that_it_is_closed(rule: DispatchRule, number: PhoneNumber) -> None:
    place(number, message="Мы отдыхаем до понедельника.")
    rule.apology = "Извините!"
    rule.save()
    called = call(rule)

    stand_in(watched_rooms()[0])
    assert StandIn.objects.get().text == "Мы отдыхаем до понедельника."
    Call.objects.filter(pk=called.pk).update(answered_at=SUNDAY)
    stand_in(watched_rooms()[0])
    assert StandIn.objects.get().text == "Извините!", "he was cut off, and not turned away"


def test_places_in_closing_messages_and_apologies_are_filled(
    rule: DispatchRule, number: PhoneNumber
) -> None:
    Company.objects.create(name="Ромашка")
    place(number, message="{time_of_day}! Это {company}, мы закрыты.")
    rule.apology = "{company} перезвонит на {caller_number}."
    rule.save()
    called = call(rule)
    stand_in(watched_rooms()[0])
    said = StandIn.objects.get().text
    assert "{" not in said and said.endswith("! Это Ромашка, мы закрыты.") and said[0].isupper()
    Call.objects.filter(pk=called.pk).update(answered_at=SUNDAY)
    stand_in(watched_rooms()[0])
    assert StandIn.objects.get().text == "Ромашка перезвонит на 7 916 000 00 01."


def test_a_message_with_a_place_that_nobody_can_fill_is_refused() -> None:
    field = MessageField()
    for wrong in ("Это {compny}.", "Это {company."):
        with pytest.raises(ValidationError):
            field.clean(wrong)
    with pytest.raises(ValidationError, match="company"):
        field.clean("Это {company}.")
    Company.objects.create(name="Ромашка")
    assert field.clean("Это {company}.") == "Это {company}."


def test_calls_of_ours_are_at_any_hour(rule: DispatchRule, number: PhoneNumber) -> None:
    place(number)

    assert not opening.ruling_of(call(rule, direction="outbound")).is_closed


def test_a_call_that_was_told_so_is_known_by_it() -> None:
    evidence = Evidence(
        witness="tap",
        talked=timedelta(seconds=6),
        agent_came=True,
        agent_spoke=True,
        departure="ROOM_DELETED",
        deeds=frozenset({"closed_told"}),
    )

    assert (judge(evidence).reason, judge(evidence).outcome) == ("out_of_hours", "closed")


TAKEN, WAITED = {"people_ring", "people_taken", "people_left"}, {"people_ring", "on_hold"}


@pytest.mark.parametrize(
    ("deeds", "reason", "outcome"),
    [
        ({"closed_people", *TAKEN}, "out_of_hours_taken", "answered"),
        ({"closed_people", *WAITED, "stood_in"}, "out_of_hours_nobody", "no_agent"),
        ({"closed_people", *WAITED}, "out_of_hours_nobody", "abandoned"),
        ({"closed_people", *WAITED, "asked_back"}, "out_of_hours_back", "no_agent"),
        ({"closed_told", "stood_in"}, "out_of_hours", "closed"),
        ({"spent_told", "stood_in"}, "spent", "no_agent"),
        ({"spent_people", *TAKEN}, "spent_taken", "answered"),
        ({"spent_people", *WAITED, "stood_in"}, "spent_nobody", "no_agent"),
    ],
)
def test_what_staff_chose_for_that_hour_is_why_a_call_ended_so(
    deeds: set[str], reason: str, outcome: str
) -> None:
    talked = timedelta(seconds=20)
    evidence = Evidence(witness="tap", talked=talked, agent_came=True, deeds=frozenset(deeds))
    assert (judge(evidence).reason, judge(evidence).outcome) == (reason, outcome)


def test_who_heard_that_the_money_is_spent_was_answered_by_nobody() -> None:
    evidence = Evidence(
        witness="tap",
        talked=timedelta(seconds=6),
        agent_came=True,
        agent_spoke=True,
        departure="ROOM_DELETED",
        deeds=frozenset({"spent_told"}),
    )
    assert (judge(evidence).reason, judge(evidence).outcome) == ("spent", "no_agent")
    menu = replace(evidence, deeds=frozenset({"spent_menu"}))
    assert (judge(menu).reason, judge(menu).outcome) == ("spent_menu", "answered")


def test_that_staff_ended_a_call_says_more_than_that_it_was_closed() -> None:
    deeds = frozenset({"closed_people", "people_taken", "staff_transfer_done"})
    evidence = Evidence(witness="tap", talked=timedelta(seconds=6), deeds=deeds)
    assert judge(evidence).reason == "transferred"


@pytest.mark.parametrize(
    ("asked_back", "kind", "reason"),
    [
        (False, "closed_people", "out_of_hours_nobody"),
        (True, "closed_people", "out_of_hours_back"),
        (False, "spent_people", "spent_nobody"),
        (False, "closed_told", None),
    ],
)
def test_whom_no_person_answered_outside_the_hours_stands_in_the_list(
    rule: DispatchRule, asked_back: bool, kind: str, reason: str | None
) -> None:
    now = timezone.now()
    call(rule, now - timedelta(seconds=40))
    CallEvent.objects.create(event_id="x", source="agent", kind=kind, at=now, room_sid="RM_1")
    StandIn.ask("RM_1", "call-1", "ru", mid_call=False, will_call_back=True)
    StandIn.objects.update(spoke_at=now)
    if asked_back:
        StandIn.objects.update(kind="hold", asked_back_at=now)
    stays.tell(now)
    assert CallBack.objects.values_list("reason", flat=True).first() == reason


def test_who_leaves_a_message_with_the_assistant_of_the_night_stands_in_the_list(
    rule: DispatchRule,
) -> None:
    row = call(rule)
    own = {"key": uuid.uuid4(), "sip_call_id": "SCL_1", "asked_at": timezone.now()}
    AgentRequest.objects.create(kind="message", params={"text": "Перезвоните"}, **own)
    answering.look()
    waits = CallBack.objects.get()
    assert (waits.call, waits.message, waits.reason) == (row, "Перезвоните", "left_message")


# Numbers


def test_a_number_that_is_changed_keeps_its_hours(number: PhoneNumber, rule: DispatchRule) -> None:
    own = place(number)
    values = {"number": "+74950000000"}
    carry_out("number", str(number.key), values, number.revision)

    assert NumberPlace.objects.get().number == "+74950000000"
    assert list(own.numbers.all()) == [NumberPlace.objects.get()]


def test_a_number_in_the_archive_has_no_text_to_be_found_by(number: PhoneNumber) -> None:
    place(number)
    revision = number.revision
    for archived, text in ((True, ""), (False, NUMBER)):
        carry_out("number", str(number.key), {"archived": archived}, revision)
        revision += 1
        assert NumberPlace.objects.get().number == text


def test_a_number_that_leaves_a_place_works_at_any_hour(number: PhoneNumber) -> None:
    own = place(number)
    opening.save_place(own, [], [], 2026)

    assert not opening.rulings({str(number.key): [""]}, SUNDAY)[str(number.key)].is_closed


def test_hours_of_a_place_in_the_archive_hold_for_nobody(number: PhoneNumber, agent: Agent) -> None:
    own = place(number)
    opening.save_place(own, [number], [agent], 2026)
    opening.put_away(own)

    agent.refresh_from_db()
    assert (agent.hours, NumberPlace.objects.get().place) == (None, None)


def test_a_number_of_two_assistants_is_closed_where_both_are(
    number: PhoneNumber, agent: Agent
) -> None:
    other, key = Agent.objects.create(name="Other"), str(number.key)
    both = {key: [str(agent.key), str(other.key)]}
    own = place()
    opening.save_place(own, [], [agent], 2026)
    assert not opening.rulings(both, SUNDAY)[key].is_closed

    opening.save_place(own, [], [agent, other], 2026)
    assert opening.rulings(both, SUNDAY)[key].is_closed


def test_who_is_about_to_change_a_closed_number_is_told_so(
    number: PhoneNumber, rule: DispatchRule
) -> None:
    other = Agent.objects.create(name="Night")
    save_words(other, Words("ru", "Да?", [], []), None)
    place(number, week=[])
    change = changes.Change(model="rule", key=str(rule.key), values={"agent": str(other.key)})

    told = panel(changes.preview(changes.Edit(changes=(change,))))["hours"]

    assert [each.msgid for each in told] == ["Now %(number)s is closed: %(so)s"]
    NumberPlace.objects.update(place=None)
    assert panel(changes.preview(changes.Edit(changes=(change,))))["hours"] == []


# Closures


def test_a_closure_is_opened_once(user: User) -> None:
    closure = Closure(begins=timezone.now())
    opening.close(closure, user)

    assert opening.open_now(closure, user)
    assert not opening.open_now(closure, user)
    closure.refresh_from_db()
    assert (closure.made_by, closure.opened_by) == (user, user)


def test_hours_and_closures_touch_nothing_in_livekit(
    number: PhoneNumber, agent: Agent, rule: DispatchRule, user: User
) -> None:
    PublishedObject.objects.create(
        kind="number", key=f"number:{number.key}", source=number.key, state="live"
    )
    before = list(PublishedObject.objects.values())

    own = place(number)
    opening.save_place(own, [number], [agent], 2026)
    closure = Closure(begins=timezone.now(), number=opening.kept(number))
    opening.close(closure, user)
    opening.open_now(closure, user)
    opening.put_away(own)

    assert list(PublishedObject.objects.values()) == before
    for row in (rule, number):
        row.refresh_from_db()
        assert row.revision == 1
