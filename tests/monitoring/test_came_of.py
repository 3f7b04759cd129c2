"""What came of a call is told on its page, in the list and in files: to who may read its words."""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from agentworker.models import Agent, AgentVersion, Session
from monitoring import filing
from monitoring.callfile import CallFile
from telephony import came_of
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
SEES, READS, TAKES = "telephony.view_call", "agentworker.view_session", "monitoring.add_callfile"
SUMMARY = "Anna asked for order 15. It comes tomorrow."


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def call(make_call: MakeCall, agent: Agent) -> Call:
    AgentVersion.objects.filter(agent=agent).update(noting=[{"name": "order", "label": "Order"}])
    made = make_call(["Where is my order?"], state="ended", outcome="answered")
    Session.objects.update(summary=SUMMARY, outcome="was told the day", noted={"order": "15"})
    return made


def test_its_page_tells_it_with_what_was_noted(call: Call, logged_in: LoggedIn) -> None:
    text = logged_in(SEES, READS).get(f"/calls/{call.pk}/").content.decode()
    assert SUMMARY in text and "Was told the day" in text
    assert "<dt>Order</dt><dd>15</dd>" in text


def test_the_page_of_its_conversation_tells_it_in_words(call: Call, logged_in: LoggedIn) -> None:
    Session.objects.update(close_reason="handed over")
    session = Session.objects.get()
    page = logged_in(READS).get(f"/admin/agentworker/session/{session.pk}/change/")
    text = page.content.decode()
    assert "A colleague took the call." in text and "<p>Order: 15</p>" in text
    # It is called by its time; its id stands among the details alone.
    assert text.count(session.job_id) == 1


def test_who_may_not_read_words_is_not_told(call: Call, logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    for page in (f"/calls/{call.pk}/", "/admin/telephony/call/"):
        text = client.get(page).content.decode()
        assert SUMMARY not in text and "was told the day" not in text.lower()


def test_its_page_says_that_it_is_being_written_down(call: Call, logged_in: LoggedIn) -> None:
    now = timezone.now()
    Session.objects.update(summary="", outcome="", noted={}, sum_up_at=now, ended_at=now)
    client = logged_in(SEES, READS)
    assert "is being written down" in client.get(f"/calls/{call.pk}/").content.decode()
    Session.objects.update(sum_up_at=None)
    assert "is being written down" not in client.get(f"/calls/{call.pk}/").content.decode()


def test_the_list_tells_it_with_as_many_queries_for_many_calls(
    call: Call,
    make_call: MakeCall,
    logged_in: LoggedIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(20):
        make_call(state="ended", outcome="answered")
    Session.objects.update(outcome="was told the day")
    client = logged_in(SEES, READS)
    with django_assert_max_num_queries(20):
        text = client.get("/admin/telephony/call/").content.decode()
    assert text.count("was told the day") == 21


def test_of_no_calls_nothing_is_asked(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert came_of.of_calls([]) == {}


@pytest.mark.parametrize("reads", [True, False], ids=["reads words", "does not"])
def test_a_file_with_calls_has_it_for_who_may_read_words(
    call: Call, make_user: MakeUser, reads: bool
) -> None:
    user = make_user(SEES, TAKES, *([READS] if reads else []))
    key = filing.ask(user, "csv", "", uuid.uuid4())
    assert filing.run_next()
    text = CallFile.objects.get(pk=key).path.read_text("utf-8-sig")
    told = dict(zip(*csv.reader(io.StringIO(text)), strict=True))
    columns = (told.get("What came of it"), told.get("Summary"), told.get("Noted"))
    assert columns == (("was told the day", SUMMARY, "Order: 15") if reads else (None, None, None))


@pytest.mark.parametrize("form", ["txt", "json"])
def test_the_conversation_as_a_file_has_it(call: Call, logged_in: LoggedIn, form: str) -> None:
    text = logged_in(SEES, READS).get(f"/calls/{call.pk}/conversation.{form}").content.decode()
    assert SUMMARY in text
    if form == "json":
        told = {"summary": SUMMARY, "outcome": "was told the day", "noted": {"Order": "15"}}
        assert json.loads(text)["came_of"] == [told]
