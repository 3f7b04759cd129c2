"""The lists of calls, facts and refused callers."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from telephony import intake
from telephony.folding import drain
from telephony.models import Call, DispatchRule, PhoneNumber, Refused, Trunk
from tests.journal.witnesses import recording
from veyra.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("engineer", set_up_at=timezone.now()))
    return client


def page(client: Client, model: str, **query: str) -> str:
    answer = client.get(f"/admin/telephony/{model}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_of_calls_says_who_called_and_why_it_ended(
    engineer: Client, rule: DispatchRule
) -> None:
    for name in ("good_call", "conflict"):
        intake.store(recording(name).events())
    drain()
    text = page(engineer, "call")
    for call in Call.objects.all():
        assert f'href="/calls/{call.pk}/"' in text
    assert "+7 916 123-00-01" in text and "Поддержка" in text


def test_the_list_of_calls_takes_as_many_queries_for_one_as_for_many(
    engineer: Client, rule: DispatchRule, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(30):
        Call.objects.create(
            unit="x", state="ended", agent=rule.agent, rule=rule, started_at=timezone.now()
        )
    with django_assert_max_num_queries(16):
        page(engineer, "call")


def test_a_long_list_says_that_it_was_not_counted_to_its_end(
    engineer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.update(language="en")
    monkeypatch.setattr("veyra.admin.COUNTED", 3)
    new = [Call(unit="x", state="ended", started_at=timezone.now()) for _ in range(4)]
    Call.objects.bulk_create(new[:3])
    assert "Found: 3" in page(engineer, "call")
    new[3].save()
    assert "Found: more than 3" in page(engineer, "call")


def test_the_list_of_calls_does_not_carry_every_number_of_the_line(
    engineer: Client,
) -> None:
    trunk = Trunk.objects.create(name="Provider")
    PhoneNumber.objects.create(number="+74991124100", trunk=trunk)
    PhoneNumber.objects.create(number="+74991124101", trunk=trunk)
    assert "112-41-01" not in page(engineer, "call")


def test_calls_of_one_number_are_filtered(engineer: Client) -> None:
    trunk = Trunk.objects.create(name="Provider")
    number = PhoneNumber.objects.create(number="+74991124100", trunk=trunk)
    Call.objects.create(from_number="79161230001", number=number, started_at=timezone.now())
    Call.objects.create(from_number="79161230002", started_at=timezone.now())
    text = page(engineer, "call", number__id__exact=str(number.pk))
    assert "123-00-01" in text and "123-00-02" not in text


@pytest.mark.parametrize("text", ["8 (916) 123-00-01", "+79161230001", "916 123"])
def test_calls_are_found_by_any_spelling_of_their_number(engineer: Client, text: str) -> None:
    for caller in ("79161230001", "79031230002"):
        Call.objects.create(from_number=caller, state="ended", started_at=timezone.now())
    found = page(engineer, "call", q=text)
    assert "123-00-01" in found and "123-00-02" not in found


def test_a_call_opens_on_its_own_page(engineer: Client) -> None:
    call = Call.objects.create(unit="x", state="ended", started_at=timezone.now())
    answer = engineer.get(f"/admin/telephony/call/{call.pk}/change/")
    assert answer.headers["Location"] == f"/calls/{call.pk}/"


def test_facts_are_listed_and_found_by_their_call(engineer: Client) -> None:
    record = recording("good_call")
    intake.store(record.events())
    scl = record.call().sip_call_id
    assert scl in page(engineer, "callevent", q=scl)
    assert scl not in page(engineer, "callevent", q="SCL_other").replace("SCL_other", "")


def test_facts_are_looked_up_by_an_index(engineer: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        page(engineer, "callevent", q="SCL_other")
    searches = [each["sql"] for each in asked if "SCL_other" in each["sql"]]
    assert searches and not any("LIKE" in sql or "UPPER" in sql for sql in searches)


def test_refused_callers_are_listed_with_their_reason(engineer: Client) -> None:
    now = timezone.now()
    Refused.objects.create(
        address="203.0.113.7", number="900", reason="wrong_password", first_at=now, last_at=now
    )
    assert "203.0.113.7" in page(engineer, "refused")


@pytest.mark.parametrize("model", ["call", "callevent", "refused"])
def test_nobody_adds_or_deletes_what_machines_wrote(engineer: Client, model: str) -> None:
    assert engineer.get(f"/admin/telephony/{model}/add/").status_code == 403


@pytest.mark.parametrize("model", ["call", "callevent", "refused"])
def test_without_the_permission_there_is_no_list(client: Client, model: str) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True, set_up_at=timezone.now())
    client.force_login(viewer)
    assert client.get(f"/admin/telephony/{model}/").status_code == 403
