"""The list of blocked callers: who reads it, and who lets them in again there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agentworker.models import BlockedCaller

pytestmark = pytest.mark.django_db
LogIn = Callable[..., Client]
LIST = "/admin/agentworker/blockedcaller/"
BLOCKS, READS = "telephony.block_caller", "agentworker.view_blockedcaller"


def blocked(number: str, **fields: object) -> BlockedCaller:
    return BlockedCaller.objects.create(number=number, spellings=[number], **fields)


def page(client: Client, query: str = "") -> str:
    return client.get(LIST + query).content.decode()


def test_who_may_block_lets_in_again_and_it_is_written_down(log_in: LogIn) -> None:
    row, client = blocked("+79161234567"), log_in(BLOCKS)
    text = page(client)
    assert "+7 916 123-45-67" in text and "for good" in text and "Let him call again" in text
    assert LIST in client.get("/admin/").content.decode()
    assert client.get(f"{LIST}{row.pk}/let-in/").status_code == 405
    answer = client.post(f"{LIST}{row.pk}/let-in/", follow=True)
    assert "+7 916 123-45-67 can call again." in answer.content.decode()
    assert not BlockedCaller.objects.exists()
    assert LogEntry.objects.get().object_id == str(row.pk)
    assert client.post(f"{LIST}{row.pk}/let-in/").status_code == 404


def test_who_may_only_read_sees_no_button_and_gets_403(log_in: LogIn) -> None:
    row, client = blocked("+79161234567"), log_in(READS)
    assert "+7 916 123-45-67" in page(client) and "Let him call again" not in page(client)
    assert client.post(f"{LIST}{row.pk}/let-in/").status_code == 403
    assert BlockedCaller.objects.exists()


def test_the_list_is_closed_to_others(log_in: LogIn) -> None:
    assert log_in("telephony.view_call").get(LIST).status_code == 403


def test_a_block_that_is_over_stands_there_no_more(log_in: LogIn) -> None:
    now = timezone.now()
    blocked("+79161230001", until=now - timedelta(minutes=1))
    blocked("+79161230002", until=now + timedelta(minutes=1))
    text = page(log_in(BLOCKS))
    assert "+7 916 123-00-02" in text and "+7 916 123-00-01" not in text


def test_an_empty_list_says_what_fills_it(log_in: LogIn) -> None:
    assert "on the page of a call puts a number here" in page(log_in(BLOCKS))


def test_a_number_is_found_in_any_spelling(log_in: LogIn) -> None:
    blocked("+79161234567")
    blocked("+74951234567")
    text = page(log_in(BLOCKS), "?q=8+(916)+123")
    assert "+7 916 123-45-67" in text and "+7 495 123-45-67" not in text


def test_the_list_asks_the_same_number_of_times_however_long_it_is(log_in: LogIn) -> None:
    client, counts = log_in(BLOCKS), []
    page(client)  # what pages keep for some seconds is read now
    for many in (1, 30):
        for number in range(many):
            blocked(f"+791600{many:02}{number:03}")
        with CaptureQueriesContext(connection) as asked:
            page(client)
        counts.append(len(asked))
    assert counts[0] == counts[1]
