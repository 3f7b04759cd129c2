"""The pages of hours: who may what, what is saved, and by whose clock times are told."""

import io
import wave
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from agentworker.hours import week
from agentworker.hours.sounds import SoundError, kept
from agentworker.models import Agent, Announcement, Closure, NumberPlace, Place
from agentworker.parts.hours import HoursPart
from agentworker.services import Words
from monitoring import needs, roles
from monitoring.board import Viewer
from monitoring.upkeep.jobs import JOBS
from telephony import opening
from telephony.models import PhoneNumber, PublishedObject, Trunk
from veyra.audit_words import Names
from veyra.models import AuditEntry, User

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")


@pytest.fixture
def number() -> PhoneNumber:
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


@pytest.fixture
def agent() -> Agent:
    return Agent.objects.create(name="Sales")


def person(role: str) -> User:
    roles.make()
    user = User.objects.create_user(
        role.lower(), is_staff=True, language="en", set_up_at=timezone.now()
    )
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(person("Manager"))
    return client


def place(*numbers: PhoneNumber, **values: Any) -> Place:
    own = {"name": "Shop", "time_zone": "Europe/Moscow", "week": week.to_json(week.OFFICE)}
    row = Place(**own | values)
    opening.save_place(row, numbers, [], 2026)
    return row


def form(**values: Any) -> dict[str, Any]:
    """As a browser sends the page."""
    sent: dict[str, Any] = {
        "name": "Shop",
        "time_zone": "Europe/Moscow",
        "calendar": "RU",
        "outside": "message",
        "message": "",
    }
    for day in "12345":
        sent |= {f"week-{day}-begins": ["09:00", "14:00"], f"week-{day}-ends": ["13:00", "18:00"]}
    return sent | values


def sound(seconds: float = 1.0, **how: Any) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\0\x10" * int(8000 * seconds))
    return file.getvalue()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_manager_gives_a_shop_its_hours(
    manager: Client, number: PhoneNumber, agent: Agent
) -> None:
    sent = form(
        **{"exceptions-day": ["2026-12-31", "2027-01-04", ""]},
        **{"exceptions-begins": ["09:00", "", ""], "exceptions-ends": ["15:00", "", ""]},
        numbers=[number.pk],
        agents=[agent.pk],
    )

    answer = manager.post("/hours/add/", sent)

    assert answer.status_code == 302
    row = Place.objects.get()
    assert week.by_day(week.from_json(row.week))["6"] == ()
    assert row.week == [["12345", "09:00", "13:00"], ["12345", "14:00", "18:00"]]
    assert row.exceptions == {"2026-12-31": [["09:00", "15:00"]], "2027-01-04": []}
    assert "2026-12-31" in row.days_off
    agent.refresh_from_db()
    assert (agent.hours, NumberPlace.objects.get().place) == (row, row)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({f"week-{day}-begins": ["", ""] for day in "12345"}, "Give both times"),
        (
            {f"week-{day}-{end}": [] for day in "12345" for end in ("begins", "ends")},
            "Nobody would ever answer",
        ),
        ({"name": ""}, "This field is required"),
        ({"outside": "agent"}, "Choose who answers then"),
        (
            {"exceptions-day": [""], "exceptions-begins": ["9:00"], "exceptions-ends": ["10:00"]},
            "a date",
        ),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    manager: Client, wrong: dict[str, Any], said: str
) -> None:
    answer = manager.post("/hours/add/", form(**wrong), headers=ENGLISH)

    assert answer.status_code == 400
    assert said in text(answer)
    assert not Place.objects.exists()
    if "outside" in wrong:
        assert 'value="13:00"' in text(answer)


def test_a_second_place_of_the_same_name_is_refused(manager: Client) -> None:
    place()

    assert manager.post("/hours/add/", form()).status_code == 400


def test_the_page_of_a_place_saves_what_it_shows(manager: Client, number: PhoneNumber) -> None:
    row = place(number, week=[["5", "22:00", "06:00"]], message="Мы отдыхаем.")
    page = text(manager.get(f"/hours/{row.pk}/", headers=ENGLISH))
    assert 'value="22:00"' in page and "Мы отдыхаем." in page

    sent = form(name="Shop 2", numbers=[number.pk], message="Мы отдыхаем.")
    assert manager.post(f"/hours/{row.pk}/", sent).status_code == 302

    row.refresh_from_db()
    assert (row.name, row.revision, row.message) == ("Shop 2", 2, "Мы отдыхаем.")


def test_a_recording_is_kept_played_and_dropped(manager: Client) -> None:
    file = SimpleUploadedFile("say.wav", sound(), content_type="audio/wav")
    manager.post("/hours/add/", form(sound=file))
    row = Place.objects.get()
    assert row.sound and row.sound.seconds == pytest.approx(1.0, abs=0.1)
    heard = manager.get(f"/hours/messages/{row.sound.pk}.wav")
    with wave.open(io.BytesIO(heard.content)) as played:
        assert (played.getframerate(), played.getnchannels()) == (16000, 1)

    manager.post(f"/hours/{row.pk}/", form())
    row.refresh_from_db()
    assert row.sound, "a form without a file leaves it as it is"
    manager.post(f"/hours/{row.pk}/", form(drop_sound="on"))
    row.refresh_from_db()
    assert row.sound is None


@pytest.mark.parametrize(
    ("data", "said"), [(b"no sound", "no sound"), (sound(0.1), "no sound"), (sound(121), "longer")]
)
def test_a_file_that_cannot_be_played_is_told(data: bytes, said: str) -> None:
    with pytest.raises(SoundError) as raised:
        kept(io.BytesIO(data))
    assert said in raised.value.sentence.msgid


def test_no_sound_is_kept_of_a_form_that_is_wrong(manager: Client) -> None:
    file = SimpleUploadedFile("say.wav", sound(), content_type="audio/wav")
    manager.post("/hours/add/", form(name="", sound=file))

    assert not Announcement.objects.exists()


def test_hours_that_are_put_away_are_in_no_list(manager: Client, number: PhoneNumber) -> None:
    row = place(number)

    manager.post(f"/hours/{row.pk}/put-away/")

    manager.get("/hours/")  # tells that it was done
    assert "Shop" not in text(manager.get("/hours/", headers=ENGLISH)).replace("a shop", "")
    assert manager.get(f"/hours/{row.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "may"), [("Operator", False), ("Manager", True), ("Engineer", True)]
)
def test_who_may_close_and_change(
    client: Client, number: PhoneNumber, role: str, may: bool
) -> None:
    row = place(number)
    client.force_login(person(role))
    wanted = 200 if may else 403

    assert client.get("/hours/").status_code == 200
    assert client.get("/hours/close/").status_code == wanted
    assert client.get("/hours/add/").status_code == wanted
    client.post(f"/hours/{row.pk}/", form(name="Other"))
    row.refresh_from_db()
    assert row.name == ("Other" if may else "Shop")


# Closing


def close(client: Client, **values: Any) -> Any:
    return client.post(
        "/hours/close/", {"what": "all", "until": "hour", "message": "Нет."} | values
    )


def test_a_number_is_closed_and_opened_by_one_click_each(
    manager: Client, number: PhoneNumber
) -> None:
    answer = close(manager, what=f"number:{number.pk}", next="/admin/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    row = Closure.objects.get()
    assert row.number and row.number.key == number.key and row.made_by and row.until
    assert row.until - timezone.now() < timedelta(hours=1)
    assert "+7 499 112-41-48" in text(manager.get("/admin/", headers=ENGLISH))

    manager.post(f"/hours/closures/{row.pk}/open/", {"next": "https://example.com/"})
    row.refresh_from_db()
    assert row.opened_at and row.opened_by
    assert "Open now" not in text(manager.get("/admin/", headers=ENGLISH))


@pytest.mark.parametrize("until", ["today", "tomorrow", "moment", "open"])
def test_until_when_is_meant_by_the_clock_of_the_place(manager: Client, until: str) -> None:
    row = place(time_zone="Asia/Vladivostok")
    typed = (timezone.now() + timedelta(days=3)).astimezone(VLADIVOSTOK).replace(second=0)

    close(manager, what=f"place:{row.pk}", until=until, moment=typed.strftime("%Y-%m-%dT%H:%M"))

    found = Closure.objects.get().until
    today = timezone.now().astimezone(VLADIVOSTOK).date()
    local = found.astimezone(VLADIVOSTOK) if found else None
    tomorrow = today + timedelta(days=1)
    assert (
        local
        == {
            "today": datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=VLADIVOSTOK),
            "tomorrow": datetime(
                tomorrow.year, tomorrow.month, tomorrow.day, 9, tzinfo=VLADIVOSTOK
            ),
            "moment": typed.replace(microsecond=0),
            "open": None,
        }[until]
    )


@pytest.mark.parametrize("moment", ["", "2020-01-01T10:00"])
def test_a_moment_that_is_over_or_missing_closes_nothing(manager: Client, moment: str) -> None:
    assert close(manager, until="moment", moment=moment).status_code == 400
    assert not Closure.objects.exists()


def test_what_is_closed_stands_on_the_board_in_each_language(
    manager: Client, number: PhoneNumber
) -> None:
    close(manager, what=f"number:{number.pk}", until="open")
    found = needs.read()
    viewer = Viewer("en", reads_words=False, opens=frozenset({"hours"}))

    assert [(each.name, each.until) for each in found.closed] == [("+7 499 112-41-48", "")]
    assert "+7 499 112-41-48 is closed" in needs.render(found, viewer)
    assert 'href="/hours/"' in needs.render(found, viewer)
    assert "href" not in needs.render(found, Viewer("en", reads_words=False))


def test_closing_touches_nothing_that_is_published(manager: Client, number: PhoneNumber) -> None:
    close(manager, what=f"number:{number.pk}")
    manager.post("/hours/add/", form(numbers=[number.pk]))

    assert not PublishedObject.objects.exists()


def test_the_page_of_a_number_tells_its_hours_and_closures(
    client: Client, number: PhoneNumber
) -> None:
    client.force_login(
        User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    )
    place(number, week=[["12345", "09:00", "18:00"]])
    page = text(client.get(f"/admin/telephony/phonenumber/{number.pk}/change/", headers=ENGLISH))

    assert "Mon–Fri 09:00–18:00" in page
    assert f"what=number:{number.pk}" in page


def test_the_list_of_places_takes_as_many_queries_for_many_as_for_one(
    manager: Client, django_assert_max_num_queries: Any
) -> None:
    for count in range(5):
        place(name=f"Shop {count}")
    manager.get("/hours/")
    with django_assert_max_num_queries(20):
        manager.get("/hours/")


# The assistant's page


def test_an_assistant_works_by_the_hours_that_are_chosen_on_its_page(agent: Agent) -> None:
    row, user = place(), person("Manager")

    def part(**data: str) -> HoursPart:
        agent.refresh_from_db()
        return HoursPart(data or None, agent=agent, user=user)

    chosen = part(**{"hours-place": str(row.pk)})
    assert chosen.is_valid()
    chosen.save()
    agent.refresh_from_db()
    assert agent.hours == row
    assert "Mon–Fri 09:00–18:00" in part().render_part() or "пн–пт" in part().render_part()
    words = Words("ru", "Алло", [], [])
    assert chosen.into(words) == words
    again = part(**{"hours-place": "", "initial-hours-place": str(row.pk)})
    assert again.is_valid()
    again.save()
    agent.refresh_from_db()
    assert agent.hours is None


def test_a_page_that_was_open_does_not_undo_hours_given_in_another_tab(agent: Agent) -> None:
    row, user = place(), person("Manager")
    assert 'name="initial-hours-place"' in HoursPart(agent=agent, user=user).render_part()
    Agent.objects.filter(pk=agent.pk).update(hours=row)
    agent.refresh_from_db()
    saved = HoursPart({"hours-place": "", "initial-hours-place": ""}, agent=agent, user=user)
    assert saved.is_valid()
    saved.save()
    agent.refresh_from_db()
    assert agent.hours == row


# By night


def test_a_calendar_that_changed_is_learnt_by_night() -> None:
    row = place(calendar="RU")
    Place.objects.update(days_off=[], days_known_to=2020)

    JOBS["days_off"].run(timezone.now())

    row.refresh_from_db()
    assert row.days_known_to >= timezone.now().year + 2
    assert row.days_off


def test_a_change_of_hours_is_told_as_people_read_hours() -> None:
    row = place()
    row.week, row.exceptions = week.to_json(week.ROUND_THE_CLOCK), {"2026-12-31": []}
    row.save()
    entry = AuditEntry.objects.filter(action=AuditEntry.Action.UPDATE).get()
    with override("en"):
        lines = {line.label: (line.before, line.after) for line in Names([entry]).lines(entry)}
    assert lines["Hours"] == ("Mon–Fri 09:00–18:00", "Mon–Sun around the clock")
    assert lines["Other days"] == ("—", "31 Dec 2026: closed")
