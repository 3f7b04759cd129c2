"""A talk that is over is summed up by its assistant's own mind, once, and whatever that answers."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker import shipping
from agentworker.afterwards import due, working
from agentworker.afterwards.question import read
from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentVersion, Session, Speaker, Turn
from telephony.models import Call
from tests.monitoring.conftest import agent, make_call, number
from tests.providers.servers import OpenAILike, in_thread

__all__ = ["agent", "make_call", "number"]
pytestmark = pytest.mark.django_db
ANSWER = {
    "summary": "Anna asked for order 15. It comes tomorrow.",
    "outcome": "was told the day",
    "noted": {"name": "Anna", "other": "x"},
}


@pytest.fixture
def mind(settings: LazySettings) -> Iterator[OpenAILike]:
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]
    with in_thread() as server:
        server.says = json.dumps(ANSWER)
        yield server


@pytest.fixture
def session(mind: OpenAILike, make_call: Any, agent: Agent) -> Session:
    """A talk that has just ended, of an assistant for whom `mind` thinks."""
    key = ProviderKey.objects.create(
        name="Ours", provider="openai_compatible", settings={"mind_url": mind.url}
    )
    AgentVersion.objects.filter(agent=agent).update(
        speech={"mind": [{"provider": "openai_compatible", "key": str(key.key)}]},
        noting=[{"name": "name", "label": "Name"}],
    )
    make_call(["It is Anna, where is order 15?", "It comes tomorrow."])
    Session.objects.update(sum_up_at=timezone.now(), ended_at=timezone.now())
    return Session.objects.get()


def test_what_came_of_it_is_written_down_and_paid_for(session: Session, mind: OpenAILike) -> None:
    Session.objects.update(usage={"voice": [{"provider": "openai", "characters": 1_000_000}]})
    assert working.work() == 1
    session.refresh_from_db()
    assert (session.summary, session.outcome) == (ANSWER["summary"], ANSWER["outcome"])
    assert session.noted == {"name": "Anna"} and session.sum_up_at is None
    assert session.usage["mind"][0]["provider"] == "openai_compatible"
    assert session.usage["mind"][0]["tokens_in"] == 20
    assert session.dollars == 15.0
    words = mind.asked[0][1]["messages"][0]["content"]
    assert "Caller: It is Anna, where is order 15?" in words and "name — Name" in words


def test_it_is_asked_once(session: Session, mind: OpenAILike) -> None:
    working.work()
    assert working.work() == 0 and mind.count("/chat/completions") == 1


def test_an_answer_that_is_no_summary_leaves_the_words_alone(
    session: Session, mind: OpenAILike
) -> None:
    mind.says = "I would rather not."
    working.work()
    session.refresh_from_db()
    assert (session.summary, session.noted, session.sum_up_at) == ("", {}, None)
    assert Turn.objects.count() == 2


@pytest.mark.parametrize("mood", ["401", "500", "garbage", "cut"])
def test_a_mind_that_cannot_is_asked_again_in_an_hour_and_not_for_ever(
    session: Session, mind: OpenAILike, mood: str
) -> None:
    mind.mood = mood
    assert working.work() == 1 and not due.any_now()
    hour, day = timezone.now() + timedelta(minutes=61), timezone.now() + timedelta(days=1)
    assert due.due(hour).exists() and not due.due(day).exists()


def test_who_said_no_word_costs_nothing(session: Session, mind: OpenAILike) -> None:
    Turn.objects.filter(speaker=Speaker.CALLER).update(text="", digit="1")
    working.work()
    session.refresh_from_db()
    assert mind.asked == [] and session.sum_up_at is None


def test_who_was_erased_while_his_talk_was_summed_up_stays_erased(session: Session) -> None:
    talk = next(iter(working._claimed(timezone.now())))
    Turn.objects.all().delete()
    working._store(talk, {}, read(json.dumps(ANSWER), talk.script.noting))
    session.refresh_from_db()
    assert session.summary == "" and Call.objects.count() == 1


def line(number: int, **fields: Any) -> dict[str, Any]:
    facts = {"job_id": "AJ_1", "room_name": "r", "room_sid": "RM_1", "worker": "w"}
    return {"id": f"AJ_1:{number}", "type": "session", **facts, **fields}


def test_a_talk_is_summed_up_when_it_ended_or_its_job_died() -> None:
    now = timezone.now()
    late = (now + timedelta(hours=1)).isoformat()
    shipping.store([line(1, started_at=now.isoformat(), sum_up_at=late)])
    assert Session.objects.get().sum_up_at == now + timedelta(hours=1)
    shipping.store([line(2, ended_at=now.isoformat(), close_reason="caller left")])
    assert Session.objects.get().sum_up_at == now


def test_a_talk_without_a_mind_is_not_summed_up() -> None:
    now = timezone.now().isoformat()
    shipping.store([line(1, started_at=now, sum_up_at=None), line(2, ended_at=now)])
    assert Session.objects.get().sum_up_at is None


def test_what_a_talk_used_is_told_in_money() -> None:
    usage = {"ears": [{"provider": "yandex", "model": "general", "seconds": 3600}]}
    now = timezone.now()
    shipping.store([line(1, started_at=now.isoformat()), line(2, usage=usage)])
    assert Session.objects.get().roubles == 37.0
    assert Session.objects.spent(now - timedelta(minutes=1)).roubles == 37.0
    assert Session.objects.spent(now + timedelta(minutes=1)).roubles == 0.0
