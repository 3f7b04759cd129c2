"""The list of people to be called back: who may do what with it, and what it says."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from telephony.models import Call, CallBack, PhoneNumber, Trunk
from veyra.models import User

pytestmark = pytest.mark.django_db

LIST = "/admin/telephony/callback/"
SEES, MARKS = "telephony.view_callback", "telephony.change_callback"
DIALS, SEES_CALLS = "telephony.add_outboundcall", "telephony.view_call"


@pytest.fixture
def log_in() -> Callable[..., Client]:
    """A browser of a person with these permissions, in English."""

    def make(*permissions: str) -> Client:
        name = f"anna{User.objects.count()}"
        user = User.objects.create_user(
            name, is_staff=True, language="en", set_up_at=timezone.now()
        )
        for permission in permissions:
            app, codename = permission.split(".")
            found = Permission.objects.get(content_type__app_label=app, codename=codename)
            user.user_permissions.add(found)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def row() -> CallBack:
    trunk = Trunk.objects.create(name="trunk1")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    return waits("+79161234567", number)


def waits(caller: str, number: PhoneNumber | None = None) -> CallBack:
    at = timezone.now()
    call = Call.objects.create(state="ended", started_at=at, ended_at=at)
    return CallBack.objects.create(
        caller=caller, number=number, call=call, reason="no_agent", first_at=at, last_at=at
    )


def page(client: Client, query: str = "") -> str:
    return client.get(LIST + query).content.decode()


def test_each_button_is_drawn_for_whoever_may_press_it(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    dial = f"/calls-out/?to=%2B79161234567&amp;number={row.number_id}"
    done, call = f"/{row.pk}/done/", f"/calls/{row.call_id}/"
    everything = page(log_in(SEES, MARKS, DIALS, SEES_CALLS))
    assert "+7 916 123-45-67" in everything and "No assistant came" in everything
    assert all(text in everything for text in (dial, done, call))
    nothing = page(log_in(SEES))
    assert "+7 916 123-45-67" in nothing
    assert not any(text in nothing for text in ("calls-out", done, call))


def test_nobody_without_the_right_sees_the_list_or_marks(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    assert log_in(SEES_CALLS).get(LIST).status_code == 403
    assert log_in(SEES).post(f"{LIST}{row.pk}/done/").status_code == 403
    assert Client().post(f"{LIST}{row.pk}/done/").status_code == 302
    assert CallBack.objects.waiting().exists()


def test_a_row_that_is_done_leaves_the_list_and_can_come_back(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    client = log_in(SEES, MARKS)
    assert client.post(f"{LIST}{row.pk}/done/").status_code == 302
    assert "+7 916 123-45-67" not in page(client)
    assert "+7 916 123-45-67" in page(client, "?state=done")
    assert LogEntry.objects.get().change_message == "Marked as called back."
    client.post(f"{LIST}{row.pk}/undone/")
    assert "+7 916 123-45-67" in page(client)


def test_a_person_who_was_too_late_is_told_so(log_in: Callable[..., Client], row: CallBack) -> None:
    first, second = log_in(SEES, MARKS), log_in(SEES, MARKS)
    first.post(f"{LIST}{row.pk}/done/")
    told = second.post(f"{LIST}{row.pk}/done/", follow=True).content.decode()
    assert "Somebody was faster" in told
    assert LogEntry.objects.count() == 1


def test_a_mark_is_never_made_by_a_link(log_in: Callable[..., Client], row: CallBack) -> None:
    assert log_in(SEES, MARKS).get(f"{LIST}{row.pk}/done/").status_code == 405
    assert CallBack.objects.waiting().exists()


def test_after_a_mark_one_is_back_in_the_list_as_it_was(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    client = log_in(SEES, MARKS)
    here = f"http://testserver{LIST}?state=all"
    assert client.post(f"{LIST}{row.pk}/done/", headers={"Referer": here})["Location"] == here
    away = client.post(f"{LIST}{row.pk}/undone/", headers={"Referer": "http://evil.example/"})
    assert away["Location"] == LIST


def test_a_number_is_found_in_any_spelling_and_a_note_by_its_words(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    client = log_in(SEES, MARKS)
    client.post(f"{LIST}{row.pk}/change/", {"note": "Asks about the delivery"})
    for text in ("8 (916) 123", "+7916123", "delivery"):
        assert "+7 916 123-45-67" in page(client, f"?q={text}"), text
    assert "+7 916 123-45-67" not in page(client, "?q=499")


def test_a_long_list_takes_as_many_queries_as_a_short_one(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    client = log_in(SEES, MARKS, DIALS, SEES_CALLS)
    page(client)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            page(client)
        return len(found)

    short = queries()
    for place in range(20):
        waits(f"+7916000{place:04}")
    assert queries() == short


def test_an_empty_list_says_what_it_is_for(log_in: Callable[..., Client]) -> None:
    assert "nobody waits for a call from you" in page(log_in(SEES)).replace("\n", " ")


def test_whoever_waits_longest_is_not_forgotten(
    log_in: Callable[..., Client], row: CallBack
) -> None:
    CallBack.objects.update(last_at=timezone.now() - timedelta(days=40))
    assert "+7 916 123-45-67" in page(log_in(SEES))
