"""The route test, the light and the command, at a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import translation

from agentworker.hours import week
from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentVersion, Closure, Place, Worker
from monitoring import synthetic
from monitoring.diagnosis import probing
from monitoring.health.base import Status
from telephony import opening, probes
from telephony.lights import lights
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.readiness import Colour, Facts, readiness
from telephony.routetest import ask
from telephony.routing.route import Mark, Question
from tests.wish.lines import number as wished
from tests.wish.lines import rule
from tests.wish.lines import trunk as of_trunk
from veyra.models import User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db

NUMBER = "+74991124148"
# A Sunday and a Monday, 15:00 in Moscow.
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(days=1)
QUESTION = Question(called=NUMBER)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Sales")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello.")
    return agent


@pytest.fixture
def number(agent: Agent) -> PhoneNumber:
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number=NUMBER, trunk=trunk)
    DispatchRule.objects.create(name="Sales", agent=agent).numbers.add(number)
    return number


def place(number: PhoneNumber, **values: Any) -> Place:
    own = {"name": "Shop", "time_zone": "Europe/Moscow", "week": week.to_json(week.OFFICE)}
    row = Place(**own | {"calendar": ""} | values)
    opening.save_place(row, [number], [], 2026)
    return row


def test_a_route_leads_to_somebody_in_the_hours_and_to_a_message_outside(
    number: PhoneNumber,
) -> None:
    place(number, message="Call us tomorrow.")

    inside, outside = ask(QUESTION, MONDAY), ask(QUESTION, SUNDAY)

    assert (inside.answers, str(inside.headline)) == (True, "Sales answers this call.")
    assert inside.greeting == "Hello."
    assert "Open until 18:00." in [str(step.sentence) for step in inside.steps]
    assert not outside.answers
    assert str(outside.headline) == "Closed until tomorrow, 09:00: callers hear a message."
    assert outside.stop
    assert str(outside.stop.sentence).startswith("Outside the hours of “Shop”.")
    assert outside.greeting == "Call us tomorrow."


def test_a_route_leads_to_the_assistant_of_the_night(number: PhoneNumber) -> None:
    night = Agent.objects.create(name="Night")
    AgentVersion.objects.create(agent=night, number=1, language="en", greeting="Good night.")
    place(number, outside="agent", stand_in=night)

    found = ask(QUESTION, SUNDAY)

    assert (found.answers, found.greeting) == (True, "Good night.")
    assert str(found.headline) == "Closed until tomorrow, 09:00: Night answers."


def test_the_clock_of_the_place_is_told_where_it_is_not_the_readers(number: PhoneNumber) -> None:
    place(number, time_zone="Asia/Vladivostok")

    found = ask(QUESTION, SUNDAY)

    told = "Closed until tomorrow, 09:00 (Shop, now 22:00): callers hear a message."
    assert str(found.headline) == told


def test_now_the_free_places_are_told_and_of_another_moment_nobody_knows(
    number: PhoneNumber, settings: Any
) -> None:
    settings.LIVEKIT_SIMULATED = False
    now = [str(step.sentence) for step in ask(QUESTION).steps]
    then = [str(step.sentence) for step in ask(QUESTION, MONDAY).steps]

    assert "Free places of assistants now: 0 of 0." in now
    assert not any("Free places" in each for each in then)
    assert not Worker.objects.exists()


@pytest.mark.parametrize(("spare", "colour"), [(False, Colour.RED), (True, Colour.YELLOW)])
def test_a_key_that_does_not_work_is_told_by_route_and_light(
    number: PhoneNumber, agent: Agent, settings: Any, spare: bool, colour: Colour
) -> None:
    settings.LIVEKIT_SIMULATED = True
    why = Sentence("The key is refused.").to_json()
    key = ProviderKey.objects.create(name="Our key", provider="x", works=False, verdict=why)
    choices = [{"provider": "x", "key": str(key.key)}] + [{"provider": "offline"}] * spare
    AgentVersion.objects.update(speech={"voice": choices})
    told = "The key “Our key” does not work: The key is refused."

    found = next(step for step in ask(QUESTION, MONDAY).steps if str(step.sentence) == told)
    assert found.mark is Mark.PASSED
    probes.entrance.forget()
    light = lights([number], MONDAY)[number.pk]
    if colour is Colour.RED:
        assert (light.colour, str(light.sentence)) == (colour, told)
    ProviderKey.objects.update(archived_at=MONDAY)
    gone = [str(step.sentence) for step in ask(QUESTION, MONDAY).steps]
    assert any("is not there any more" in each for each in gone)


def test_the_light_of_a_closed_number_is_no_alarm(number: PhoneNumber) -> None:
    own = place(number)
    facts = Facts(
        number=wished(0),
        trunk=of_trunk(),
        rules=(),
        published="live",
        closed=Sentence("Closed."),
        closed_by=str(own.key),
    )

    assert readiness(replace(facts, rules=(rule(trunks=("t1",)),))).colour is Colour.CLOSED
    assert readiness(facts).colour is Colour.RED, "nobody answers it at any hour"


@pytest.mark.parametrize(("needed", "colour"), [(True, Colour.RED), (False, Colour.YELLOW)])
def test_a_key_is_an_alarm_where_nobody_else_is_named(needed: bool, colour: Colour) -> None:
    facts = Facts(
        number=wished(0),
        trunk=of_trunk(),
        rules=(rule(trunks=("t1",)),),
        published="live",
        keys=Sentence("No."),
        keys_are_needed=needed,
    )

    assert readiness(facts).colour is colour


def test_lights_are_of_the_moment_that_is_asked_for(number: PhoneNumber, settings: Any) -> None:
    settings.LIVEKIT_SIMULATED = True
    place(number)
    opening_at = {at: str(lights([number], at)[number.pk].sentence) for at in (SUNDAY, MONDAY)}

    assert "Closed" not in opening_at[MONDAY]


def test_the_command_answers_for_a_moment(number: PhoneNumber) -> None:
    place(number)
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("testroute", NUMBER, at="Saturday 20:00", stdout=out)
    assert "Closed until" in out.getvalue()
    call_command("testroute", NUMBER, at="2026-11-23 12:00", stdout=out)
    with pytest.raises(CommandError, match="no moment"):
        call_command("testroute", NUMBER, at="soon")


def test_the_page_answers_for_a_moment(number: PhoneNumber, client: Client) -> None:
    place(number)
    client.force_login(User.objects.create_superuser("anna", language="en"))
    sent = {"called": NUMBER, "at": "2026-11-22 15:00"}

    page = client.post("/numbers/test/", sent, headers={"accept-language": "en"})

    text = page.content.decode()
    assert "Sunday, 22 November, 15:00" in text
    assert "Closed until tomorrow, 09:00" in text
    wrong = client.post("/numbers/test/", {"called": NUMBER, "at": "soon"})
    assert wrong.status_code == 400


def test_a_closed_number_is_no_fault_and_is_not_called_by_night(
    number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each.number for each in synthetic.numbers()] == [NUMBER]
    opening.close(Closure(begins=SUNDAY - timedelta(days=900)), User.objects.create_user("anna"))

    assert synthetic.numbers() == []
    assert all(item.status != Status.FAILED for item in probing.numbers())
