"""The page "Test a route", and the ways to it: from numbers, and from a call that was refused."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from telephony import probes
from telephony.models import Call, DispatchRule, PhoneNumber, PublishedObject, Trunk
from tests.monitoring.conftest import (
    MakeCall,
    agent,
    logged_in,
    make_call,
    make_user,
    number,
    rule,
    well,
)
from veyra.models import User

__all__ = ["agent", "logged_in", "make_call", "make_user", "number", "rule", "well"]

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
PAGE, RIGHT = "/numbers/test/", "telephony.view_phonenumber"
LISTS = (RIGHT, "telephony.change_phonenumber")


def ask(client: Client, **form: str) -> tuple[int, str]:
    answer = client.post(PAGE, form)
    return answer.status_code, answer.content.decode()


def test_it_asks_for_a_login_and_for_the_right_to_see_numbers(
    client: Client, logged_in: LoggedIn
) -> None:
    assert client.get(PAGE).status_code == 302
    assert logged_in("telephony.view_call").get(PAGE).status_code == 403


def test_it_opens_with_a_question(logged_in: LoggedIn) -> None:
    answer = logged_in(RIGHT).get(PAGE)
    assert answer.status_code == 200 and "Where would a call go?" in answer.content.decode()


def test_it_says_who_answers_and_with_which_words(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    status, html = ask(logged_in(RIGHT), called="8 (499) 112-41-48")
    assert status == 200
    for words in ("Support answers this call.", "The first words: “Hello”", "not live yet"):
        assert words in html
    assert "Would it be answered right now?" in html


def test_it_links_what_its_reader_may_open(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    page = f"/admin/telephony/trunk/{number.trunk.pk}/change/"
    form = {"called": number.number, "source_ip": "198.51.100.7"}
    status, html = ask(logged_in(RIGHT), **form)
    assert status == 200 and "takes no calls from 198.51.100.7" in html and page not in html
    trusted = Client()
    trusted.force_login(make_engineer())
    assert page in ask(trusted, **form)[1]


def make_engineer() -> User:
    return User.objects.create_superuser("engineer", language="en", set_up_at=timezone.now())


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "This field is required."),
        ({"called": "abc"}, "is not a telephone number"),
        ({"called": "101", "caller": "xyz"}, "is not a telephone number"),
        ({"called": "101", "source_ip": "300.1.1.1"}, "is not an address"),
        ({"called": "101", "trunk": "7"}, "Select a valid choice"),
    ],
)
def test_nonsense_is_met_with_a_sentence(
    logged_in: LoggedIn, form: dict[str, str], said: str
) -> None:
    status, html = ask(logged_in(RIGHT), **form)
    assert status == 400 and said in html


def test_a_pin_is_shown_only_to_who_may_see_rules(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    DispatchRule.objects.update(pin="4711")
    client = logged_in(RIGHT)
    assert "4711" not in ask(client, called=number.number)[1]
    sees = Client()
    sees.force_login(make_engineer())
    assert "4711" in ask(sees, called=number.number)[1]


def test_a_number_fills_the_question_in(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    client = logged_in(RIGHT)
    html = client.get(f"{PAGE}?number={number.pk}").content.decode()
    assert "Support answers this call." in html and 'value="+7 499 112-41-48"' in html
    assert client.get(f"{PAGE}?number=0").status_code == 404
    assert client.get(f"{PAGE}?number=x").status_code == 404


def refused(make_call: MakeCall, **fields: object) -> Call:
    usual = {"state": "ended", "outcome": "rejected", "reason": "unknown_number"}
    return make_call(**{**usual, "source_ip": "198.51.100.7", **fields})


def test_a_refused_call_says_why_and_leads_to_its_test(
    logged_in: LoggedIn, rule: DispatchRule, make_call: MakeCall
) -> None:
    call = refused(make_call)
    client = logged_in(RIGHT, "telephony.view_call", "telephony.view_trunk")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "“trunk1” takes no calls from 198.51.100.7." in html
    assert f"/admin/telephony/trunk/{rule.trunks.get().pk}/change/" in html
    assert f"{PAGE}?call={call.pk}" in html
    test = client.get(f"{PAGE}?call={call.pk}").content.decode()
    assert "“trunk1” takes no calls from 198.51.100.7." in test and "198.51.100.7" in test


def test_a_call_fills_the_question_in_only_for_who_may_see_calls(
    logged_in: LoggedIn, rule: DispatchRule, make_call: MakeCall
) -> None:
    client = logged_in(RIGHT)
    assert client.get(f"{PAGE}?call={refused(make_call).pk}").status_code == 404
    assert client.get(f"{PAGE}?call=x").status_code == 404


def test_the_list_of_numbers_shows_their_lights(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    html = logged_in(*LISTS).get("/admin/telephony/phonenumber/").content.decode()
    assert "Not ready" in html and "No assistant is running" in html
    assert "/admin/telephony/phonenumber/test-route" in html


def test_the_page_of_a_number_shows_its_light_and_leads_to_the_test(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    client = logged_in(*LISTS)
    html = client.get(f"/admin/telephony/phonenumber/{number.pk}/change/").content.decode()
    assert "No assistant is running" in html and f"{PAGE}?number={number.pk}" in html
    assert client.get("/admin/telephony/phonenumber/add/").status_code == 403


def test_an_entrance_that_does_not_answer_is_on_every_light(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule, settings: object
) -> None:
    settings.SIP_TEST_TO = "127.0.0.1:9"  # type: ignore[attr-defined]  # pytest-django's settings
    probes.entrance.forget()
    html = logged_in(*LISTS).get("/admin/telephony/phonenumber/").content.decode()
    assert "the call entrance does not answer" in html
    probes.entrance.forget()


def test_home_shows_first_the_numbers_that_are_not_live(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    lost = PhoneNumber.objects.create(
        number="+74999999999", trunk=Trunk.objects.create(name="b", addresses="10.0.0.2")
    )
    for each, state in ((number, "live"), (lost, "failed")):
        PublishedObject.objects.create(
            kind="number", key=f"number:{each.key}", source=each.key, state=state
        )
    html = logged_in(RIGHT).get("/admin/").content.decode()
    assert html.index("+7 499 999-99-99") < html.index("+7 499 112-41-48")
    assert PAGE in html
