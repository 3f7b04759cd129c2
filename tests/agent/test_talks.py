"""A conversation as it stands: what it does, and what each side said last."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from agentworker.models import Session, Speaker, Turn
from agentworker.talks import LAST_LINES, talks

pytestmark = pytest.mark.django_db
START = timezone.now()


def begin(name: str, at: datetime = START, **fields: object) -> Session:
    job = f"AJ_{name}_{at.timestamp()}"
    return Session.objects.create(job_id=job, sip_call_id=name, started_at=at, **fields)


def say(session: Session, second: int, speaker: Speaker, text: str, **fields: object) -> None:
    turn_id, at = f"{session.job_id}:{second}", START + timedelta(seconds=second)
    Turn.objects.create(
        session=session, turn_id=turn_id, at=at, speaker=speaker, text=text, **fields
    )


def test_the_last_words_of_each_side_are_known() -> None:
    session = begin("SCL_1", doing=Session.Doing.THINKING)
    say(session, 1, Speaker.AGENT, "Hello")
    say(session, 2, Speaker.CALLER, "What does it cost?")
    say(session, 3, Speaker.AGENT, "Two hundred", delay_ms=700)
    say(session, 4, Speaker.AGENT, "Anything else?", delay_ms=900)
    talk = talks(["SCL_1"])["SCL_1"]
    assert [turn.text for turn in talk.lines] == ["What does it cost?", "Anything else?"]
    assert (talk.doing, talk.delays) == ("thinking", (700, 900))


def test_a_conversation_without_words_is_known_too() -> None:
    begin("SCL_1", doing=Session.Doing.LISTENING)
    talk = talks(["SCL_1"])["SCL_1"]
    assert (talk.doing, talk.lines) == ("listening", ())
    assert talks(["SCL_2"]) == {}


def test_the_newest_conversation_stands_for_its_caller() -> None:
    first = begin("SCL_1", ended_at=START + timedelta(seconds=5), error="it broke")
    second = begin("SCL_1", START + timedelta(seconds=6), doing=Session.Doing.SPEAKING)
    say(first, 1, Speaker.CALLER, "Hello?")
    say(second, 7, Speaker.AGENT, "Here I am again")
    talk = talks(["SCL_1"])["SCL_1"]
    assert (talk.session, talk.ended_at, talk.error) == (second.pk, None, "")
    assert [turn.text for turn in talk.lines] == ["Hello?", "Here I am again"]


def test_a_browser_is_found_by_its_participant() -> None:
    Session.objects.create(job_id="AJ_1", participant_sid="PA_1", started_at=START)
    assert set(talks(["PA_1"])) == {"PA_1"}


def test_many_long_conversations_are_read_by_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    names = [f"SCL_{number}" for number in range(5)]
    for session in map(begin, names):
        for second in range(LAST_LINES + 5):
            say(session, second, Speaker.AGENT, str(second), delay_ms=second)
    with django_assert_num_queries(1):
        found = talks(names)
    for name in names:
        assert found[name].delays == tuple(range(5, LAST_LINES + 5))
