"""The board reads what was named, and nothing that does not stand on it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from agentworker.models import Session
from monitoring import board
from monitoring.board import Named
from telephony.models import Call
from tests.monitoring.conftest import MakeCall

pytestmark = pytest.mark.django_db


def shown(named: Named | None) -> set[Call]:
    return {row.call for row in board.read(named)}


def test_only_the_calls_that_were_named_are_read(make_call: MakeCall) -> None:
    first, second, third = make_call(), make_call(), make_call()
    assert shown(Named(calls={str(first.pk), str(third.pk)})) == {first, third}
    assert shown(None) == {first, second, third}
    assert shown(Named()) == set()


def test_a_conversation_brings_its_call_and_its_last_words(make_call: MakeCall) -> None:
    call, _other = make_call(["Hello?"], state=Call.State.ANSWERED), make_call(["Yes?"])
    session = Session.objects.get(sip_call_id=call.legs.get().sip_call_id)
    [row] = board.read(Named(sessions={str(session.pk)}))
    assert row.call == call and row.talk
    assert [turn.text for turn in row.talk.turns] == ["Hello?"]


def test_a_call_that_ended_long_ago_does_not_come_back(make_call: MakeCall) -> None:
    long_ago = timezone.now() - board.LINGER - timedelta(seconds=1)
    call = make_call(state=Call.State.ENDED, ended_at=long_ago)
    assert shown(Named(calls={str(call.pk)})) == set()


def test_a_ringing_call_is_read_by_one_query(
    make_call: MakeCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call = make_call()
    with django_assert_num_queries(1):
        board.read(Named(calls={str(call.pk)}))
