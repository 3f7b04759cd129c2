"""When a day's money is spent, callers meet what staff chose, and no provider is asked."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker.hours.book import ALWAYS
from agentworker.hours.reception import SPENT_PEOPLE, SPENT_TOLD, TOLD, Reception
from agentworker.models import Budget, Session
from agentworker.script import Script
from agentworker.spending.limiting import SPENT_MENU, limited, midnight, within

pytestmark = pytest.mark.django_db
PAID = {"mind": [{"provider": "openai", "key": "k"}]}


def script(**speech: Any) -> Script:
    return Script("a", 1, "en", "Hello!", speech=speech or PAID)


def spend(dollars: float, ago: timedelta = timedelta(), **fields: Any) -> None:
    at = midnight(timezone.now()) + timedelta(minutes=1) - ago
    Session.objects.create(
        job_id=f"AJ_{Session.objects.count()}", started_at=at, dollars=dollars, **fields
    )


def budget(then: str, **fields: Any) -> Budget:
    return Budget.objects.create(amount=10, currency="USD", then=then, **fields)


def met(then: str, **fields: Any) -> Reception:
    budget(then, **fields)
    return within(Reception(script()), timezone.now())


def test_until_it_is_spent_nothing_changes() -> None:
    spend(9.99)
    found = met("message")
    assert (found.kind, found.script.speech) == ("", PAID)


@pytest.mark.parametrize(
    ("then", "kind", "turned_away"),
    [("menu", SPENT_MENU, False), ("people", SPENT_PEOPLE, True), ("message", SPENT_TOLD, True)],
)
def test_then_callers_meet_what_staff_chose(then: str, kind: str, turned_away: bool) -> None:
    spend(4)
    spend(6, is_trial=True)
    found = met(then)
    assert (found.kind, found.is_turned_away, found.script.speech) == (kind, turned_away, {})


def test_the_message_is_that_of_staff_or_ours() -> None:
    spend(10)
    row = budget("message")
    assert "call again later" in within(Reception(script()), timezone.now()).words
    row.message = "Call tomorrow."
    row.save()
    assert within(Reception(script()), timezone.now()).words == "Call tomorrow."
    Budget.objects.update(message="Dear {caller_number}, call tomorrow.")
    said = within(Reception(script()), timezone.now(), "+79161234567").words
    assert said == "Dear +7 916 123 45 67, call tomorrow."


def test_where_everything_is_to_go_on_it_does() -> None:
    spend(100)
    assert met("go_on").kind == ""


def test_what_yesterday_cost_does_not_count() -> None:
    spend(100, ago=timedelta(hours=1))
    assert met("message").kind == ""


def test_an_assistant_that_asks_no_provider_goes_on() -> None:
    spend(100)
    budget("message")
    free = Reception(script(mind=[{"provider": "offline"}]))
    assert within(free, timezone.now()) == free


def test_who_is_turned_away_at_this_hour_is_told_so_without_a_provider() -> None:
    spend(100)
    budget("people")
    found = within(Reception(script(), ALWAYS, TOLD, "We are closed."), timezone.now())
    assert (found.kind, found.words, found.script.speech) == (TOLD, "We are closed.", {})


@pytest.mark.django_db(transaction=True)
def test_a_job_reads_it_in_a_thread_of_its_own() -> None:
    spend(100)
    budget("menu")
    assert limited(Reception(script())).kind == SPENT_MENU
