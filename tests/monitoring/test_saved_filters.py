"""Searches of the list of calls by name: whose they are, and what they look for."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from monitoring import filters
from monitoring.call_list import rows_of
from monitoring.filters import SavedFilter
from telephony.models import Call
from tests.monitoring.conftest import MakeUser

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

SEES = "telephony.view_call"
LIST = "/admin/telephony/call/"
LOST = "outcome__exact=abandoned"


@pytest.fixture(autouse=True)
def _calls(db: None) -> None:
    for caller, outcome in (("79161230001", "answered"), ("79161230002", "abandoned")):
        Call.objects.create(
            from_number=caller, state="ended", outcome=outcome, started_at=timezone.now()
        )


def keep(client: Client, name: str = "Lost", query: str = LOST, **more: str) -> str:
    """Keeps it, and is shown the page that follows."""
    given = {"name": name, "query": query, **more}
    return client.post("/calls/filters/keep/", given, follow=True).content.decode()


def test_a_search_is_kept_and_is_one_click_away(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    assert "Keep this search by a name" not in client.get(LIST).content.decode()
    assert "Keep this search by a name" in client.get(f"{LIST}?{LOST}").content.decode()
    html = keep(client, query=f"p=7&{LOST}&state__exact=")
    assert f'<a href="?{LOST}" aria-current="true">Lost' in html
    found = client.get(f"{LIST}?{SavedFilter.objects.get().query}").content.decode()
    assert "123-00-02" in found and "123-00-01" not in found


def test_the_same_name_then_looks_for_something_else(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    keep(client)
    keep(client, query="outcome__exact=answered")
    assert SavedFilter.objects.get().query == "outcome__exact=answered"


def test_a_filter_is_its_owner_s_unless_it_is_for_everybody(
    make_user: MakeUser, client: Client
) -> None:
    client.force_login(make_user(SEES, filters.SHARES))
    keep(client, "Mine")
    keep(client, "Ours", "outcome__exact=answered", is_shared="on")
    boris = Client()
    boris.force_login(make_user(SEES, name="boris"))
    html = boris.get(LIST).content.decode()
    assert "Ours" in html and "Mine" not in html and "Remove the filter" not in html
    for row in SavedFilter.objects.all():
        assert boris.post(f"/calls/filters/{row.pk}/drop/").status_code == 404


def test_keeping_for_everybody_is_a_right(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    keep(client, is_shared="on")
    assert not SavedFilter.objects.get().is_shared
    assert "is_shared" not in client.get(f"{LIST}?{LOST}").content.decode()


def test_what_is_for_everybody_outlives_who_kept_it(make_user: MakeUser, client: Client) -> None:
    anna = make_user(SEES, filters.SHARES)
    client.force_login(anna)
    keep(client, "Mine")
    keep(client, "Ours", "outcome__exact=answered", is_shared="on")
    anna.delete()
    client.force_login(make_user(SEES, filters.SHARES, name="boris"))
    html = client.get(LIST).content.decode()
    assert "Ours" in html and "Mine" not in html
    client.post(f"/calls/filters/{SavedFilter.objects.get().pk}/drop/")
    assert not SavedFilter.objects.exists()


def test_a_filter_is_removed(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    keep(client)
    page = client.post(f"/calls/filters/{SavedFilter.objects.get().pk}/drop/", follow=True)
    assert "The filter “Lost” is removed." in page.content.decode()
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("name", "query", "told"),
    [
        ("", LOST, "give it a name"),
        ("x", "", "give it a name"),
        ("x", "a=" + "b" * 2000, "give it a name"),
        ("x", "outcome__nonsense=1", "has no such search"),
        ("x", "&".join(f"a{n}=1" for n in range(200)), "has no such search"),
    ],
)
def test_what_the_list_cannot_look_for_is_not_kept(
    logged_in: LoggedIn, name: str, query: str, told: str
) -> None:
    assert told in keep(logged_in(SEES), name, query)
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("day", ["01.11.2026", "2026-11-01", "11/01/2026"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_kept_day_is_the_same_day_in_every_language(
    make_user: MakeUser, day: str, language: str
) -> None:
    Call.objects.filter(outcome="answered").update(started_at=datetime(2026, 10, 31, tzinfo=UTC))
    late = Call.objects.get(outcome="abandoned")
    Call.objects.filter(pk=late.pk).update(started_at=datetime(2026, 11, 1, 9, tzinfo=UTC))
    with translation.override(language):
        assert list(rows_of(f"started_at_from_0={day}", make_user(SEES))) == [late]


def test_what_is_no_day_is_told_and_no_search_for_all_calls(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    page = client.get(f"{LIST}?started_at_from_0=31.02.2026", follow=True).content.decode()
    assert "The list of calls has no such search." in page
    assert "has no such search" in keep(client, query="started_at_from_0=someday")
    assert not SavedFilter.objects.exists()


def test_there_is_an_end_to_filters(logged_in: LoggedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST", 1)
    client = logged_in(SEES)
    keep(client)
    keep(client, query="outcome__exact=answered")
    assert "Remove one of them first" in keep(client, "Second")
    assert SavedFilter.objects.count() == 1


def test_only_who_sees_calls_keeps_filters_of_them(logged_in: LoggedIn) -> None:
    client = logged_in("telephony.view_phonenumber")
    assert client.post("/calls/filters/keep/", {}).status_code == 403
    assert client.post("/calls/filters/1/drop/").status_code == 403


def test_the_list_takes_as_many_queries_with_many_filters(
    logged_in: LoggedIn,
) -> None:
    client = logged_in(SEES)
    keep(client)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for n in range(5):
        keep(client, f"Lost {n}")
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) == len(few)
