"""What a job reads of the hours when somebody calls."""

import io
import uuid
import wave
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agentworker.brief import Brief, read_brief
from agentworker.hours import spoken, week
from agentworker.hours.book import Book, Ruling, could_be
from agentworker.hours.reception import OTHER, PEOPLE, TOLD, Reception, decided, receive
from agentworker.hours.state import Closed, Why
from agentworker.models import Agent, Announcement, Closure, NumberPlace, Place
from agentworker.people import Person
from agentworker.script import Script
from agentworker.services import Words, save_words
from agentworker.versions import newest_version, script_of

NUMBER = "+74991124148"
# A Sunday, 15:00 in Moscow.
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    return made("Sales", "Здравствуйте, это магазин.")


def made(name: str, greeting: str) -> Agent:
    agent = Agent.objects.create(name=name)
    save_words(agent, Words("ru", greeting, [], []), None)
    return agent


def place(**values: Any) -> Place:
    own = {"name": "Магазин", "time_zone": "Europe/Moscow", "week": week.to_json(week.OFFICE)}
    return Place.objects.create(**own | {"calendar": ""} | values)


def belongs(to: Place | None, number: str = NUMBER) -> NumberPlace:
    return NumberPlace.objects.create(key=uuid.uuid4(), number=number, place=to)


def caller(called: str = "84991124148", **attributes: str) -> Person:
    return Person("sip_1", "PA_1", "sip", {"sip.trunkPhoneNumber": called} | attributes)


def script(agent: Agent) -> Script:
    return script_of(newest_version(str(agent.key)))


def received(agent: Agent, when: datetime = SUNDAY, called: str = "84991124148") -> Reception:
    return decided(script(agent), caller(called), when)


def test_without_any_hours_it_is_open(agent: Agent) -> None:
    assert received(agent).kind == ""


@pytest.mark.parametrize(
    "written", ["+74991124148", "74991124148", "84991124148", "8 499 112-41-48"]
)
def test_a_number_is_known_in_every_spelling_that_a_provider_writes(
    agent: Agent, written: str
) -> None:
    belongs(place())

    assert received(agent, called=written).kind == TOLD


@pytest.mark.parametrize(
    ("written", "kept"),
    [("101", "101"), ("004930123456", "+4930123456"), ("+4930123456", "+4930123456")],
)
def test_other_numbers_are_known_too(written: str, kept: str) -> None:
    assert kept in could_be(written)


def test_in_its_hours_its_assistant_answers(agent: Agent) -> None:
    belongs(place())

    found = received(agent, MONDAY)

    assert (found.kind, found.script.agent) == ("", str(agent.key))


def test_a_number_of_another_place_is_not_closed_by_it(agent: Agent) -> None:
    belongs(place())

    assert received(agent, called="+74950000000").kind == ""


def test_outside_the_hours_the_message_of_staff_is_said(agent: Agent) -> None:
    belongs(place(message="Мы отдыхаем."))

    assert (received(agent).kind, received(agent).words) == (TOLD, "Мы отдыхаем.")


def test_without_a_message_the_caller_hears_when_it_opens(agent: Agent) -> None:
    belongs(place())

    assert received(agent).words == (
        "Здравствуйте! Сейчас мы не работаем. Мы ответим завтра в 9 часов."
        " Пожалуйста, позвоните позже. До свидания!"
    )


def test_a_message_that_somebody_recorded_is_played(agent: Agent) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(b"\1\0" * 1600)
    kept = Announcement.objects.create(wav=file.getvalue(), seconds=0.1)
    belongs(place(sound=kept))

    found = received(agent).sound

    assert found
    assert (found.rate, found.samples) == (16000, b"\1\0" * 1600)


def test_outside_the_hours_another_assistant_answers(agent: Agent) -> None:
    night = made("Night", "Дежурный слушает.")
    belongs(place(outside="agent", stand_in=night))

    found = received(agent)

    assert (found.kind, found.script.greeting) == (OTHER, "Дежурный слушает.")
    assert not found.is_turned_away


def test_where_the_other_assistant_cannot_answer_the_message_is_said(agent: Agent) -> None:
    night = Agent.objects.create(name="Night")
    own = place(outside="agent", stand_in=night)
    belongs(own)
    assert received(agent).kind == TOLD

    save_words(night, Words("ru", "Дежурный слушает.", [], []), None)
    Agent.objects.filter(pk=night.pk).update(archived_at=SUNDAY)
    assert received(agent).kind == TOLD


def test_outside_the_hours_people_are_asked_for(agent: Agent) -> None:
    belongs(place(outside="people"))

    assert received(agent).kind == PEOPLE
    assert received(agent).is_turned_away


def test_an_assistant_has_hours_of_its_own(agent: Agent) -> None:
    agent.hours = place(message="Я сплю.")
    agent.save()

    assert received(agent).words == "Я сплю."
    assert received(agent, MONDAY).kind == ""


def test_the_hours_of_the_number_go_before_those_of_the_assistant(agent: Agent) -> None:
    agent.hours = place(message="Я сплю.", name="Ассистент")
    agent.save()
    belongs(place(message="Мы отдыхаем."))

    assert received(agent).words == "Мы отдыхаем."


def shut(**values: Any) -> Closure:
    return Closure.objects.create(
        **{"begins": MONDAY - timedelta(hours=1), "message": "Закрыто."} | values
    )


def test_a_closure_of_the_line_closes_every_number(agent: Agent) -> None:
    shut()

    assert received(agent, MONDAY, "+74950000000").words == "Закрыто."


def test_a_closure_closes_what_it_names_and_nothing_else(agent: Agent) -> None:
    other = made("Other", "Да?")
    own = place()
    number, also = belongs(own), belongs(None, "+74950000000")
    for named in ({"number": number}, {"place": own}, {"agent": agent}):
        closure = shut(**named)
        assert received(agent, MONDAY).words == "Закрыто."
        assert received(other, MONDAY, also.number).kind == ""
        closure.delete()


def test_a_closure_that_somebody_opened_or_that_is_over_closes_nothing(agent: Agent) -> None:
    shut(opened_at=MONDAY)
    shut(until=MONDAY)
    shut(begins=MONDAY + timedelta(minutes=1))

    assert received(agent, MONDAY).kind == ""


def test_a_number_in_the_archive_closes_nothing(agent: Agent) -> None:
    belongs(place(), number="")

    assert received(agent, called="").kind == ""


def test_an_archived_place_closes_nothing(agent: Agent) -> None:
    belongs(place(archived_at=SUNDAY))

    assert received(agent).kind == ""


def test_whom_we_call_ourselves_is_not_told_that_we_are_closed(agent: Agent) -> None:
    shut()
    called = caller(**{"veyra.role": "callee"})

    assert decided(script(agent), called, MONDAY).kind == ""


def test_who_came_before_it_closed_is_served(agent: Agent) -> None:
    """His assistant was sent anew."""
    brief = read_brief(Brief("a", came="2026-11-20T17:59:00+03:00").to_json())
    belongs(place())

    assert received(agent, brief.came_at or SUNDAY).kind == ""


def test_a_call_is_decided_by_a_fixed_number_of_queries(
    agent: Agent, django_assert_num_queries: Any
) -> None:
    belongs(place())
    own = script(agent)

    with django_assert_num_queries(3):
        decided(own, caller(), MONDAY)


@pytest.mark.parametrize(
    ("until", "ru", "en"),
    [
        ("2026-11-22T17:00", "сегодня в 17 часов", "today at 5 p.m."),
        ("2026-11-23T09:30", "завтра в 9 часов 30 минут", "tomorrow at 9:30 a.m."),
        ("2026-11-24T21:01", "во вторник в 21 час 1 минуту", "on Tuesday at 9:01 p.m."),
        ("2027-01-12T02:22", "12 января в 2 часа 22 минуты", "on 12 January at 2:22 a.m."),
    ],
)
def test_when_it_opens_is_said_as_people_say_it(until: str, ru: str, en: str) -> None:
    own = Place(time_zone="Europe/Moscow")
    moment = datetime.fromisoformat(f"{until}+03:00")
    ruling = Ruling(state=Closed(moment, Why.HOURS), place=own)

    assert spoken.when_of(moment, ruling, "ru", SUNDAY) == ru
    assert spoken.when_of(moment, ruling, "en", SUNDAY) == en


def test_the_calendar_of_russia_knows_days_that_were_moved() -> None:
    own = place(calendar="RU", name="Клиника")
    own.learn_days_off(2026)
    own.save()
    key = belongs(own)

    # A Thursday that is off in place of a Sunday, and the last working day before it.
    for text, is_closed in (("2026-12-31T12:00", True), ("2026-12-30T12:00", False)):
        moment = datetime.fromisoformat(f"{text}+03:00")
        book = Book.read([key.key], [], moment)
        assert book.ruling(str(key.key), "", moment).is_closed is is_closed


def test_the_calendar_of_russia_knows_saturdays_that_are_worked() -> None:
    own = place(calendar="RU")
    own.learn_days_off(2027)
    assert "2027-02-20" in own.days_on
    for year in (2026, 2027):  # noted, and looked up
        own.days_known_to = year
        hours = own.timetable(datetime.fromisoformat("2027-02-20T12:00+03:00"))
        assert hours.stretches(date(2027, 2, 20)) and not hours.stretches(date(2027, 2, 13))


def test_a_year_that_nobody_noted_is_looked_up() -> None:
    own = place(calendar="RU", days_known_to=2025)

    assert own.timetable(SUNDAY).stretches(datetime(2026, 12, 31).date()) == ()


@pytest.mark.django_db(transaction=True)
def test_a_job_reads_the_hours_by_itself(agent: Agent) -> None:
    belongs(place())

    assert receive(script(agent), caller(), SUNDAY).kind == TOLD
