"""Rules that name people: how they are saved, shown before, and given to LiveKit."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agentworker.brief import read_brief
from agentworker.models import Agent
from telephony.line import read_line
from telephony.models import Colleague, DispatchRule, Member, PhoneNumber, Team
from telephony.models import Trunk as TrunkRow
from telephony.readiness import Colour, Facts, readiness
from telephony.routing import problems
from telephony.routing.compile import LONGEST_WAIT, RINGING, compile_line, waits_of
from telephony.routing.wish import Agent as Speaker
from telephony.routing.wish import Line, Number, People, Rule, Trunk
from tests.ringing.conftest import MakeColleague
from veyra.models import User

# What the person was shown before the last save.
SAID: list[str] = []


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(
        User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    )
    return client


def given_for(rule: DispatchRule, **more: Any) -> dict[str, Any]:
    numbers = [PhoneNumber.objects.get().pk]
    usual = {"name": "Sales", "agent": rule.agent_id, "numbers": numbers, "is_active": "on"}
    return usual | {"kind": "individual", "room": "call-", "revision": rule.revision} | more


def save(staff: Client, rule: DispatchRule, **more: Any) -> Any:
    """In two steps, where callers notice the change."""
    url = reverse("admin:telephony_dispatchrule_change", args=[rule.pk])
    answer = staff.post(url, given_for(rule, **more))
    if answer.status_code == 302:
        return answer
    form = answer.context["adminform"].form
    if not form.asks:
        return answer
    SAID[:] = [str(each) for each in form.impact.changes + form.impact.warnings]
    return staff.post(url, given_for(rule, **more, seen=form.impact.token, accepted="on"))


@pytest.mark.django_db
def test_a_rule_says_whether_its_calls_are_recorded(staff: Client, rule: DispatchRule) -> None:
    rule.numbers.set([PhoneNumber.objects.get()])
    assert save(staff, rule, recording="always").status_code == 302
    said = "+7 499 112-41-48: all calls are recorded. Let the greeting say so to the callers."
    assert said == SAID[0]
    desired = compile_line(read_line(), {})
    assert read_brief(desired.rules[0].value.agents[0].metadata).recording == "always"


@pytest.mark.django_db
def test_where_all_hear_each_other_one_cannot_agree_for_the_others(
    staff: Client, rule: DispatchRule
) -> None:
    answer = save(staff, rule, recording="agreed", kind="direct")
    assert "agree for the others" in str(answer.context["adminform"].form.errors["recording"])
    rule.refresh_from_db()
    assert rule.recording == ""


@pytest.mark.django_db
def test_people_are_named_and_it_is_shown_before(
    staff: Client, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    rule.numbers.set([PhoneNumber.objects.get()])
    team = Team.objects.create(name="Sales team")
    Member.objects.create(team=team, colleague=(olga := make_colleague()), seconds=20)
    more = {"first": f"team:{team.key}", "fallback": f"colleague:{olga.key}", "apology": "Sorry!"}
    assert save(staff, rule, **more).status_code == 302
    rule.refresh_from_db()
    assert (rule.first_team, rule.first_colleague) == (team, None)
    assert (rule.fallback_colleague, rule.fallback_team, rule.apology) == (olga, None, "Sorry!")
    assert SAID == [
        "+7 499 112-41-48: Sales team is rung first, then the assistant answers.",
        "+7 499 112-41-48: where no assistant can answer, Olga is rung.",
    ]
    desired = compile_line(read_line(), {})
    assert read_brief(desired.rules[0].value.agents[0].metadata).wait == 20
    assert desired.trunks[0].value.ringing_timeout.total_seconds() == RINGING.total_seconds() + 20
    assert save(staff, rule, first=f"colleague:{olga.key}").status_code == 302
    rule.refresh_from_db()
    assert (rule.first_team, rule.first_colleague, rule.fallback_colleague) == (None, olga, None)


@pytest.mark.django_db
def test_a_full_line_rings_people_only_where_some_are_named(
    staff: Client, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    rule.numbers.set([PhoneNumber.objects.get()])
    answer = save(staff, rule, when_full="people")
    assert "Choose above" in answer.context["adminform"].form.errors["when_full"][0]
    more = {"when_full": "people", "fallback": f"colleague:{make_colleague().key}"}
    assert save(staff, rule, **more).status_code == 302
    rule.refresh_from_db()
    assert rule.when_full == "people"
    assert "+7 499 112-41-48: when all assistants are busy, people are rung." in SAID


@pytest.mark.django_db
def test_people_whom_nobody_can_reach_are_warned_of(
    staff: Client, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    rule.numbers.set([PhoneNumber.objects.get()])
    olga = make_colleague(phone="")
    save(staff, rule, first=f"colleague:{olga.key}")
    assert any("cannot be reached" in each for each in SAID)
    desired = compile_line(read_line(), {})
    assert json.loads(desired.rules[0].value.agents[0].metadata).keys() == {"agent", "rule"}


@pytest.mark.django_db
def test_in_a_shared_room_nobody_is_rung_first(
    staff: Client, rule: DispatchRule, make_colleague: MakeColleague
) -> None:
    rule.numbers.set([PhoneNumber.objects.get()])
    answer = save(staff, rule, first=f"colleague:{make_colleague().key}", kind="direct")
    assert "shared room" in answer.context["adminform"].form.errors["first"][0]


def line(*people: People, **named: Any) -> Line:
    rule = Rule(key="r", name="Sales", agent="a", trunks=("t",), **named)
    return Line(
        trunks=(Trunk(key="t", name="Novofon", addresses=("10.0.0.1",)),),
        numbers=(Number(key="n", number="+74991124148", trunk="t"),),
        rules=(rule,),
        agents=(Speaker(key="a", name="Maria"),),
        people=people,
    )


@given(seconds=st.integers(0, 1000))
def test_nobody_waits_longer_than_callers_do(seconds: int) -> None:
    waits = waits_of(line(People(key="p", name="Olga", seconds=seconds), first_colleague="p"))
    assert waits == ({"r": min(seconds, LONGEST_WAIT)} if seconds else {})


def test_the_light_says_when_nobody_of_them_can_be_reached() -> None:
    mute = line(People(key="p", name="Olga", seconds=0), first_team="p")
    found = problems.unreached(mute, list(mute.rules))
    facts = Facts(
        number=mute.numbers[0],
        trunk=mute.trunks[0],
        rules=mute.rules,
        agents=mute.agents,
        published="live",
        unreached=found[0],
    )
    light = readiness(facts)
    assert light.colour is Colour.YELLOW and "Olga" in str(light.sentence)
    assert not problems.unreached(line(People(key="p", name="O", seconds=9), first_team="p"), [])


@pytest.mark.django_db
def test_the_light_says_when_no_connection_can_call_them(make_colleague: MakeColleague) -> None:
    Agent.objects.create(name="Maria")
    olga, ivan = make_colleague(), make_colleague("Ivan", phone="+79160000002")
    user = User.objects.create_user("ivan", is_staff=True)
    Colleague.objects.filter(pk=ivan.pk).update(user=user)
    team = Team.objects.create(name="Sales")
    Member.objects.create(team=team, colleague=olga)
    assert {each.name: each.needs_line for each in read_line().people} == {
        "Olga": True,
        "Ivan": False,
        "Sales": True,
    }
    Member.objects.create(team=team, colleague=ivan)
    assert not {each.name: each.needs_line for each in read_line().people}["Sales"]
    mute = line(People(key="p", name="Olga", seconds=15, needs_line=True), first_team="p")
    (found,) = problems.unreached(mute, list(mute.rules))
    assert "no connection places calls" in str(found.sentence)
    trunk = TrunkRow.objects.create(name="T", addresses="10.0.0.1", out_address="sip.t.ru")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    assert not any(each.needs_line for each in read_line().people)


@pytest.mark.django_db
def test_a_group_rings_as_long_as_those_of_it_who_can_be_reached(
    make_colleague: MakeColleague,
) -> None:
    Agent.objects.create(name="Maria")
    team = Team.objects.create(name="Sales")
    for place, phone in enumerate(("+79160000001", "", "+79160000002")):
        row = make_colleague(f"C{place}", phone=phone)
        Member.objects.create(team=team, colleague=row, place=place, seconds=10 + place)
    found = {each.name: each.seconds for each in read_line().people}
    assert found == {"C0": 15, "C1": 0, "C2": 15, "Sales": 22}
    Team.objects.update(archived_at=timezone.now())
    assert {each.name: each.seconds for each in read_line().people}["Sales"] == 0
