"""Who is asked the questions of the first login, and who sees the keys."""

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from veyra.models import User

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html,*/*"}
ANSWERS = {"language": "en", "time_zone": "Asia/Tokyo", "kept": "on"}


def browser_of(**fields: object) -> Client:
    user = User.objects.create_user("anna", is_staff=True, **fields)  # type: ignore[arg-type]  # fields of User
    client = Client(headers=HTML)
    client.force_login(user)
    return client


def test_a_page_leads_to_the_questions_until_they_are_answered() -> None:
    client = browser_of(is_superuser=True)
    assert client.get("/live/").headers["Location"] == "/setup/?next=%2Flive%2F"
    answer = client.post("/setup/", ANSWERS | {"next": "/live/"})
    assert answer.headers["Location"] == "/live/"
    assert client.get("/live/").status_code == 200
    user = User.objects.get()
    assert (user.language, user.time_zone) == ("en", "Asia/Tokyo")


def test_a_russian_zone_is_chosen_by_its_cities() -> None:
    client = browser_of(is_superuser=True, language="en")
    html = client.get("/setup/").content.decode()
    cities = "Moscow, Saint Petersburg, Kazan, Krasnodar (UTC+3)"
    assert f">{cities}</option>" in html
    assert html.count('value="Europe/Moscow"') == 1
    client.post("/setup/", ANSWERS | {"time_zone": "Europe/Moscow"})
    assert User.objects.get().time_zone == "Europe/Moscow"


def test_a_script_is_not_led_anywhere() -> None:
    client = browser_of(is_superuser=True)
    assert client.get("/live/rows/", headers={"Accept": "*/*"}).status_code == 200


def test_another_site_is_not_a_page_to_go_on_to() -> None:
    client = browser_of(is_superuser=True)
    answer = client.post("/setup/", ANSWERS | {"next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/admin/"


def test_the_keys_are_shown_once_and_must_be_kept(settings: LazySettings) -> None:
    client = browser_of(is_superuser=True)
    page = client.get("/setup/")
    assert settings.FIELD_KEYS[0] in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    without = {name: value for name, value in ANSWERS.items() if name != "kept"}
    assert client.post("/setup/", without).status_code == 400
    client.post("/setup/", ANSWERS)
    assert settings.FIELD_KEYS[0] not in client.get("/setup/").content.decode()


def test_only_the_first_superuser_sees_the_keys(settings: LazySettings) -> None:
    clerk = browser_of()
    assert settings.FIELD_KEYS[0] not in clerk.get("/setup/").content.decode()
    User.objects.create_superuser("first", set_up_at=timezone.now())
    User.objects.update(is_superuser=True)
    assert settings.FIELD_KEYS[0] not in clerk.get("/setup/").content.decode()


def test_the_questions_are_for_staff() -> None:
    client = Client()
    assert client.get("/setup/").headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("guest"))
    assert client.get("/setup/").status_code == 403


def test_the_language_switch_refuses_what_we_do_not_speak() -> None:
    client = browser_of(language="ru", set_up_at=timezone.now())
    client.post("/language/", {"language": "xx"})
    assert User.objects.get().language == "ru"
    client.post("/language/", {"language": "en"})
    assert User.objects.get().language == "en"
    assert client.get("/language/").status_code == 405


def test_who_opens_the_login_page_itself_comes_to_the_first_page(client: Client) -> None:
    User.objects.create_superuser("anna", password="x")
    answer = client.post("/admin/login/", {"username": "anna", "password": "x"})
    assert answer.status_code == 302 and answer.headers["Location"] == "/admin/"
