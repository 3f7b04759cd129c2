"""The list of calls is searched by what was said in them."""

import re
from datetime import datetime
from html import unescape
from urllib.parse import parse_qs

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext
from pytest_django import DjangoAssertNumQueries

from agentworker.models import Session, Speaker, Turn
from telephony.call_admin import OFTEN
from telephony.models import Call, Leg
from veyra.models import User

pytestmark = pytest.mark.django_db


def call(said: str, caller: str = "79161230001", phone: bool = True) -> Call:
    made = Call.objects.create(from_number=caller, state="ended", started_at=timezone.now())
    name = made.pk.hex
    role = Leg.Role.CALLER if phone else Leg.Role.BROWSER
    ids = {"sip_call_id": name if phone else None, "participant_sid": f"PA_{name}"}
    Leg.objects.create(call=made, role=role, **ids)
    session = Session.objects.create(
        job_id=name,
        started_at=timezone.now(),
        sip_call_id=name if phone else "",
        participant_sid=f"PA_{name}",
    )
    Turn.objects.create(
        session=session, turn_id=name, speaker=Speaker.CALLER, text=said, at=timezone.now()
    )
    return made


def reader(*rights: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True, set_up_at=timezone.now())
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_call", *rights)))
    client = Client()
    client.force_login(user)
    return client


def found(client: Client, text: str, **filters: str) -> set[str]:
    answer = client.get("/admin/telephony/call/", {"q": text, **filters})
    assert answer.status_code == 200
    return {str(row.pk) for row in answer.context["cl"].result_list}


def test_calls_are_found_by_words_said_in_any_form() -> None:
    phone, browser = call("Где моя доставка?"), call("Доставку, пожалуйста", phone=False)
    call("Здравствуйте")
    client = reader("view_session")
    assert found(client, "доставки") == {str(phone.pk), str(browser.pk)}
    assert found(client, "доставки где") == {str(phone.pk)}
    assert found(client, "пицца") == set()


def test_words_narrow_what_the_filters_left() -> None:
    call("Где моя доставка?", caller="79161230001")
    other = call("Где моя доставка?")
    Call.objects.filter(pk=other.pk).update(outcome="answered")
    client = reader("view_session")
    assert found(client, "доставка", outcome__exact="answered") == {str(other.pk)}


def test_nobody_learns_by_searching_what_he_may_not_read() -> None:
    call("Мой пароль орех")
    assert found(reader(), "орех") == set()


def test_a_caller_with_a_name_is_found_by_it_as_well() -> None:
    named, said = call("Алло", caller="anna-office"), call("Это Anna")
    assert found(reader("view_session"), "anna") == {str(named.pk), str(said.pk)}


def test_a_call_that_was_found_by_words_opens_with_them_marked() -> None:
    made = call("Где моя доставка?")
    html = reader("view_session").get("/admin/telephony/call/", {"q": "доставка"}).content.decode()
    links = re.findall(rf'href="/calls/{made.pk}/\?([^"]+)"', html)
    assert parse_qs(unescape(links[0]))["q"] == ["доставка"]


@pytest.mark.parametrize(
    ("chosen", "is_there"),
    [
        ({"from_0": "2026-03-05"}, True),
        ({"to_0": "2026-03-05"}, True),
        ({"from_0": "2026-03-05", "from_1": "13:31"}, False),
        ({"to_0": "2026-03-05", "to_1": "13:30"}, True),
        ({"to_0": "2026-03-05", "to_1": "13:29"}, False),
        ({"from_0": "2026-03-06"}, False),
    ],
)
def test_calls_are_filtered_by_when_they_began(chosen: dict[str, str], is_there: bool) -> None:
    made = call("Алло")
    at = timezone.make_aware(datetime(2026, 3, 5, 13, 30))
    Call.objects.filter(pk=made.pk).update(started_at=at)
    days = {f"started_at_{name}": text for name, text in chosen.items()}
    assert (found(reader("view_session"), "", **days) == {str(made.pk)}) is is_there


def test_of_words_that_everybody_says_the_newest_lines_count_and_the_page_tells_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agentworker.models.MOST_LINES", 2)
    old, new, newest = (call("Здравствуйте") for _number in range(3))
    client = reader("view_session")
    assert found(client, "здравствуйте") == {str(new.pk), str(newest.pk)}
    page = client.get("/admin/telephony/call/", {"q": "здравствуйте"})
    told = [str(message) for message in page.context["messages"]]
    assert len(told) == 1 and gettext(OFTEN).partition("%")[0] in told[0]
    Turn.objects.filter(turn_id=old.pk.hex).delete()
    page = client.get("/admin/telephony/call/", {"q": "здравствуйте"})
    assert not list(page.context["messages"])


def test_a_search_by_words_takes_as_many_queries_for_one_as_for_many(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(20):
        call("Где моя доставка?")
    client = reader("view_session")
    with django_assert_max_num_queries(21):
        assert len(found(client, "доставка")) == 20


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads through the calls")
def test_postgresql_has_an_index_of_any_part_of_a_number() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = str(Call.objects.matching("8 (916) 123").order_by().explain())
    assert "call_from_parts" in plan and "call_to_parts" in plan
