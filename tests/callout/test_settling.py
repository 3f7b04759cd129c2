"""What becomes of calls out: they end in time, the books are closed once, the reserve tries."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from agentworker.models import Agent
from telephony import dialling, settling
from telephony.dialling import Wish
from telephony.models import Call, OutboundCall, PhoneNumber
from tests.callout.conftest import PERSON, Exchange, MakeNumber, at_once
from veyra.livekit.types import LiveKitError

State = OutboundCall.State
pytestmark = pytest.mark.django_db


def ask(number: PhoneNumber, agent: Agent) -> OutboundCall:
    return dialling.ask(Wish(PERSON, number, agent), None, uuid.uuid4())


def run() -> None:
    while dialling.run_next():
        pass


def fresh(row: OutboundCall) -> OutboundCall:
    return OutboundCall.objects.get(pk=row.pk)


def end(row: OutboundCall, seconds: int | None = None, **fields: Any) -> Call:
    """What the fold would have saved of a call that is over; `seconds` of talk."""
    now = timezone.now() - settling.TOLD
    answered = None if seconds is None else now - timedelta(seconds=seconds)
    values = {"state": "ended", "direction": "outbound", "started_at": now, "ended_at": now}
    return Call.objects.create(pk=row.pk, **values, answered_at=answered, **fields)


def test_the_books_wait_for_the_gateway_s_own_answer(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    """Why it ended the gateway's record says, and whether it rang a webhook does."""
    number = make_number(out_next=make_number("+74991124149").trunk)
    row = ask(number, agent)
    run()
    end(row, outcome="failed", reason="not_wanted", rang=False)
    Call.objects.update(ended_at=timezone.now())
    assert settling.settle() == 0
    Call.objects.update(reason="answer_503", sip_status=503, rang=None)
    assert settling.settle() == 0
    Call.objects.update(rang=False)
    assert settling.settle() == 1 and OutboundCall.objects.filter(retry_of=row).exists()


def test_nobody_is_called_again_where_it_may_have_rung(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    """The webhook that shows how the telephone stood was lost."""
    row = ask(make_number(out_next=make_number("+74991124149").trunk), agent)
    run()
    end(row, outcome="failed", reason="answer_503", sip_status=503, rang=None)
    assert settling.settle() == 1 and not OutboundCall.objects.filter(retry_of=row).exists()


def test_places_are_free_again_when_a_call_is_over(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_at_once=1)
    first, second = ask(number, agent), ask(number, agent)
    run()
    assert (fresh(first).state, fresh(second).state) == (State.DIALLED, State.REFUSED)
    end(first, seconds=61, outcome="answered", reason="hung_up")
    settling.settle()
    assert fresh(first).seconds == 120
    third = ask(number, agent)
    run()
    assert fresh(third).state == State.DIALLED


def test_a_call_is_ended_when_its_minutes_are_over(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    row = ask(make_number(out_minutes=2), agent)
    run()
    now = timezone.now()
    call = Call.objects.create(
        pk=row.pk, state="answered", direction="outbound", started_at=now, answered_at=now
    )
    assert settling.end_overdue() == 0
    Call.objects.update(answered_at=now - timedelta(seconds=111))
    assert settling.end_overdue() == 1
    assert exchange.deleted == [row.room] and fresh(row).sentence.msgid == settling.TIME_UP
    # Its place is free once it is over, and it has taken what was set aside for it.
    assert fresh(row).over_at is None
    Call.objects.update(
        state="ended", outcome="answered", ended_at=call.started_at + timedelta(seconds=4)
    )
    settling.settle()
    assert fresh(row).seconds == 120 and settling.end_overdue() == 0


def test_a_call_that_nobody_saw_answered_is_ended_too(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    row = ask(make_number(out_minutes=2), agent)
    run()
    long_ago = timezone.now() - settling.UNSEEN - timedelta(seconds=111)
    Call.objects.create(pk=row.pk, state="ringing", direction="outbound", started_at=long_ago)
    assert settling.end_overdue() == 0
    OutboundCall.objects.update(claimed_at=long_ago)
    assert settling.end_overdue() == 1 and exchange.deleted == [row.room]


def test_a_call_that_may_ring_holds_its_place_until_its_room_is_gone(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    away = LiveKitError("away", permanent=False, code="unavailable")
    exchange.fails, exchange.keeps = [away], [away]
    row = ask(make_number(), agent)
    run()
    assert fresh(row).state == State.DIALLED and fresh(row).over_at is None
    why = fresh(row).sentence.msgid
    assert why
    OutboundCall.objects.update(claimed_at=timezone.now() - settling.UNSEEN - dialling.SECOND)
    settling.end_overdue()
    assert exchange.deleted == [row.room] and fresh(row).state == State.FAILED
    assert fresh(row).sentence.msgid == why


def test_a_call_that_was_taken_and_never_seen_is_given_up(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    row = ask(make_number(), agent)
    dialling.claim(row)
    assert settling.end_overdue() == 0
    OutboundCall.objects.update(claimed_at=timezone.now() - settling.UNSEEN - dialling.SECOND)
    exchange.keeps = [LiveKitError("away", permanent=False, code="unavailable")]
    settling.end_overdue()
    # Until LiveKit says that nothing goes on in its room it holds its place and its minutes.
    assert fresh(row).over_at is None and fresh(row).seconds == 1800
    exchange.keeps = [LiveKitError("no such room", permanent=True, code="not_found")]
    settling.end_overdue()
    run()
    assert fresh(row).state == State.FAILED and fresh(row).sentence.msgid == dialling.CUT_SHORT
    assert not exchange.dialled


def test_the_reserve_tries_once_with_its_own_number_and_limits(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    reserve = make_number("+74991124149")
    number = make_number(out_next=reserve.trunk)
    reserve.trunk.out_next = number.trunk
    reserve.trunk.save()
    row = ask(number, agent)
    run()
    end(row, outcome="failed", reason="answer_503", sip_status=503, rang=False)
    settling.settle()
    settling.settle()
    run()
    second = OutboundCall.objects.get(retry_of=row)
    assert (second.number, second.trunk) == (reserve, reserve.trunk)
    assert [dial.shown for dial in exchange.dialled] == ["+74991124148", "+74991124149"]
    # And it does not go round in a circle.
    end(second, outcome="failed", reason="answer_503", sip_status=503, rang=False)
    settling.settle()
    run()
    assert OutboundCall.objects.count() == 2


@pytest.mark.parametrize(
    "seen",
    [
        {"rang": True, "sip_status": 480},
        {"rang": False, "sip_status": 486},
        {"rang": False, "sip_status": 404},
    ],
)
def test_who_was_rung_or_said_no_is_not_called_again(
    exchange: Exchange, agent: Agent, make_number: MakeNumber, seen: dict[str, Any]
) -> None:
    number = make_number(out_next=make_number("+74991124149").trunk)
    row = ask(number, agent)
    run()
    end(row, outcome="failed", reason=f"answer_{seen['sip_status']}", **seen)
    settling.settle()
    assert not OutboundCall.objects.filter(retry_of=row).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_reserve_tries_once_however_many_close_the_books(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    reserve = make_number("+74991124149").trunk
    row = ask(make_number(out_next=reserve), agent)
    run()
    end(row, outcome="failed", reason="answer_503", sip_status=503, rang=False)

    def work() -> None:
        settling.settle()
        run()

    at_once(work, 4)
    assert OutboundCall.objects.get(retry_of=row).state == State.DIALLED
    assert len(exchange.dialled) == 2
