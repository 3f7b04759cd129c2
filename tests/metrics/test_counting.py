"""Calls that are over and answers go into the totals once."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from agentworker.models import Session, Speaker
from monitoring.metrics import counting
from monitoring.metrics.models import Tally
from monitoring.metrics.totals import Totals
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, agent, make_call, number, say

__all__ = ["agent", "make_call", "number"]
pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ended(make_call: MakeCall, seconds_ago: float = 120, **fields: object) -> Call:
    over = {"state": "ended", "outcome": "answered", "answered_at": NOW - timedelta(seconds=598)}
    over["ended_at"] = NOW - timedelta(seconds=seconds_ago)
    return make_call(seconds_ago=600, **{**over, **fields})


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def totals() -> Totals:
    return Totals.from_json(Tally.told())


def test_a_call_is_counted_once_however_often_we_count(make_call: MakeCall) -> None:
    ended(make_call)
    assert [counting.count(NOW), counting.count(NOW)] == [1, 0]
    assert totals().calls == {("inbound", "answered"): 1}
    assert totals().talked == pytest.approx(478, abs=1)


def test_a_call_that_ended_just_now_waits_for_its_late_facts(make_call: MakeCall) -> None:
    ended(make_call, seconds_ago=30)
    make_call()
    assert counting.count(NOW) == 0
    assert counting.count(after(31)) == 1


def test_more_calls_than_one_transaction_takes_are_all_counted(
    make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "TOGETHER", 2)
    for _ in range(5):
        ended(make_call)
    assert counting.count(NOW) == 5
    assert sum(totals().calls.values()) == 5


def test_a_total_stays_when_the_call_is_deleted_or_becomes_another(make_call: MakeCall) -> None:
    gone, other = ended(make_call), ended(make_call)
    counting.count(NOW)
    gone.delete()
    Call.objects.filter(pk=other.pk).update(outcome="failed")
    counting.count(NOW)
    assert totals().calls == {("inbound", "answered"): 2}


@pytest.mark.parametrize("kind", ["is_test", "is_demo"])
def test_calls_that_no_caller_made_are_in_no_total(make_call: MakeCall, kind: str) -> None:
    ended(make_call, **{kind: True})
    counting.count(NOW)
    assert not totals().calls and not Call.objects.uncounted().exists()


def test_an_answer_is_counted_when_every_older_one_must_have_been_stored(
    make_call: MakeCall,
) -> None:
    make_call()
    session = Session.objects.get()
    say(session, "Hello", Speaker.AGENT, delay_ms=900)
    say(session, "Hello?")
    counting.count(NOW)
    assert not any(totals().delay.counts)
    counting.count(after(40))
    say(session, "Yes", Speaker.AGENT, delay_ms=400)
    counting.count(after(50))
    assert sum(totals().delay.counts) == 1
    counting.count(after(80))
    counting.count(after(120))
    assert sum(totals().delay.counts) == 2 and totals().delay.sum == pytest.approx(1.3)


def test_invented_answers_are_not_counted(make_call: MakeCall) -> None:
    make_call()
    Session.objects.update(worker="demo")
    say(Session.objects.get(), "Hello", Speaker.AGENT, delay_ms=900)
    for seconds in (0, 40, 80):
        counting.count(after(seconds))
    assert not any(totals().delay.counts)
