"""A call that was asked for is dialled once or not at all, within its connection's limits."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentworker.brief import read_brief
from agentworker.models import Agent, StandIn, Worker
from telephony import dialling, settling
from telephony.dialling import Wish
from telephony.models import OutboundCall, PhoneNumber, Trunk
from tests.callout.conftest import PERSON, Exchange, MakeNumber, at_once
from veyra.livekit.types import LiveKitError
from veyra.models import SecurityEvent, User

State = OutboundCall.State
pytestmark = pytest.mark.django_db


def ask(number: PhoneNumber, agent: Agent, to: str = PERSON, **fields: Any) -> OutboundCall:
    ticket = fields.get("ticket", uuid.uuid4())
    return dialling.ask(Wish(to, number, agent), fields.get("user"), ticket)


def run() -> None:
    while dialling.run_next():
        pass


def fresh(row: OutboundCall) -> OutboundCall:
    return OutboundCall.objects.get(pk=row.pk)


def test_a_call_is_dialled_with_our_words_and_the_provider_s_spelling(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_spelling="digits", out_identity="P-Asserted-Identity")
    row = ask(number, agent)
    run()
    (dial,) = exchange.dialled
    assert (dial.to, dial.shown, dial.trunk_id) == ("79161234567", "74991124148", "ST_+74991124148")
    assert dial.attributes["veyra.call"] == str(row.pk)
    assert dial.attributes["veyra.role"] == "callee"
    assert dial.headers == {"P-Asserted-Identity": "<sip:74991124148@sip.example>"}
    assert dial.room == exchange.rooms[0] == f"out-{row.pk}"
    assert fresh(row).state == State.DIALLED and read_brief(dialling.brief(row)).agent


def test_the_login_stands_in_from_where_the_provider_wants_it(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_username="login7", out_password="x", out_from_login=True)  # a test's
    ask(number, agent)
    run()
    assert exchange.dialled[0].shown == "login7"
    assert exchange.dialled[0].attributes["veyra.from"] == number.number


def test_a_double_click_and_a_task_that_runs_again_dial_once(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number, ticket = make_number(), uuid.uuid4()
    rows = {ask(number, agent, ticket=ticket).pk for _ in range(3)}
    run()
    run()
    assert len(rows) == len(exchange.dialled) == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["run", "crash", "settle", "refused", "away"]), max_size=6))
def test_whatever_breaks_a_call_is_dialled_once_at_most(
    exchange: Exchange, agent: Agent, make_number: MakeNumber, story: list[str]
) -> None:
    """A worker that dies after it took the call, LiveKit that refuses or is away, in any order."""
    number = PhoneNumber.objects.first() or make_number(out_at_once=1000, out_minutes=10**6)
    OutboundCall.objects.all().delete()
    exchange.dialled.clear()
    exchange.fails.clear()
    row = ask(number, agent)
    for event in story:
        if event == "crash":
            dialling.claim(fresh(row))
        elif event == "settle":
            settling.settle()
        elif event == "run":
            run()
        else:
            permanent = event == "refused"
            exchange.fails = [LiveKitError("no", permanent=permanent, code="unavailable")]
            run()
    assert len(exchange.dialled) <= 1
    assert fresh(row).state != State.WAITING or not {"run", "crash", "refused", "away"} & {*story}


def test_nobody_is_called_for_an_assistant_who_does_not_come(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    exchange.agent_comes = False
    row = ask(make_number(), agent)
    run()
    assert not exchange.dialled and exchange.deleted == exchange.rooms
    assert fresh(row).state == State.FAILED and fresh(row).sentence.msgid == dialling.NO_AGENT
    Worker.objects.all().delete()
    second = ask(PhoneNumber.objects.get(), agent)
    run()
    assert fresh(second).state == State.FAILED and len(exchange.rooms) == 1


def fill(*rooms: str) -> None:
    """The one worker has five places."""
    Worker.objects.update(jobs=[{"job": f"AJ_{room}", "room": room} for room in rooms])


def test_a_call_for_which_no_assistant_is_free_waits_and_says_so(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number()
    fill("1", "2", "3", "4")
    StandIn.hold("RM_5", "room", "en", is_transfer=False, place=1)  # the last place is his
    row = ask(number, agent)
    run()
    waits = fresh(row)
    assert (waits.state, waits.sentence.msgid) == (State.WAITING, dialling.ALL_BUSY)
    assert not exchange.rooms

    StandIn.release("RM_5")
    run()
    placed = fresh(row)
    assert (placed.state, placed.result, len(exchange.dialled)) == (State.DIALLED, {}, 1)


def test_a_call_that_lost_the_last_place_to_another_waits_for_the_next(
    exchange: Exchange, agent: Agent, make_number: MakeNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.agent_comes = False
    row = ask(make_number(), agent)
    monkeypatch.setattr(exchange, "create_dispatch", lambda *_sent: fill("1", "2", "3", "4", "5"))
    run()
    waits = fresh(row)
    assert (waits.state, waits.claimed_at, waits.seconds) == (State.WAITING, None, 0)
    assert waits.sentence.msgid == dialling.ALL_BUSY and exchange.deleted == [row.room]


def test_nobody_is_called_who_was_asked_for_half_an_hour_ago(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    row = ask(make_number(), agent)
    fill("1", "2", "3", "4", "5")
    OutboundCall.objects.update(asked_at=timezone.now() - timedelta(minutes=31))
    run()
    assert fresh(row).sentence.msgid == dialling.BUSY_TOO_LONG and not exchange.rooms


def test_a_full_line_keeps_nobody_of_us_from_calling_himself(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number()
    fill("1", "2", "3", "4", "5")
    first, own = ask(number, agent), ask(number, agent)
    OutboundCall.objects.filter(pk=own.pk).update(speaker="phone", speaker_phone=PERSON)
    run()
    assert fresh(own).claimed_at and not fresh(first).claimed_at


def test_a_gateway_that_is_too_busy_is_asked_again_until_it_dials(
    exchange: Exchange,
    agent: Agent,
    make_number: MakeNumber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = LiveKitError(dialling.TOO_BUSY, permanent=False, code="unavailable")
    exchange.fails = [busy, busy]
    row = ask(make_number(), agent)
    run()
    assert len(exchange.dialled) == 3 and fresh(row).state == State.DIALLED


def test_an_unsure_error_of_livekit_ends_the_room_so_that_nothing_rings_on(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    exchange.fails = [LiveKitError("timed out", permanent=False, code="unavailable")]
    row = ask(make_number(), agent)
    run()
    assert exchange.deleted == [f"out-{row.pk}"]
    assert fresh(row).state == State.FAILED and fresh(row).seconds == 0


def test_a_refused_call_is_a_sentence_and_a_security_event(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    user = User.objects.create_user("anna")
    row = ask(make_number(), agent, to="+442071234567", user=user)
    run()
    found = fresh(row)
    assert found.state == State.REFUSED and "may not call" in found.sentence.msgid
    event = SecurityEvent.objects.get()
    assert (event.kind, event.user) == ("dial_prefix", user)
    assert str(event.sentence) == str(found.sentence) and not exchange.dialled


def test_minutes_are_counted_from_midnight_and_set_aside_while_calls_go_on(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_minutes=40)
    first, second = ask(number, agent), ask(number, agent)
    run()
    assert [fresh(row).seconds for row in (first, second)] == [1800, 600]
    third = ask(number, agent)
    run()
    assert SecurityEvent.objects.get().kind == "dial_minutes" and fresh(third).state == "refused"
    yesterday = timezone.now() - timedelta(days=1)
    OutboundCall.objects.filter(pk__in=[first.pk, second.pk]).update(
        claimed_at=yesterday, over_at=yesterday
    )
    fourth = ask(number, agent)
    run()
    assert fresh(fourth).state == State.DIALLED


def test_the_day_begins_at_the_installation_s_midnight_whoever_asks(
    agent: Agent, make_number: MakeNumber, settings: LazySettings
) -> None:
    settings.TIME_ZONE = "Asia/Vladivostok"  # ten hours before Greenwich
    number = make_number()
    evening = datetime(2026, 11, 20, 13, 59, tzinfo=UTC)
    OutboundCall.objects.create(
        to_number=PERSON,
        trunk=number.trunk,
        state=State.DIALLED,
        claimed_at=evening,
        over_at=evening,
        seconds=60,
    )
    with timezone.override("America/New_York"):
        spent = [
            dialling.usage_of(number.trunk, evening + timedelta(minutes=after)).seconds
            for after in (0, 1)
        ]
    assert spent == [60, 0]


def test_calls_of_yesterday_that_go_on_hold_their_places(
    agent: Agent, make_number: MakeNumber
) -> None:
    number, now = make_number(), timezone.now()
    OutboundCall.objects.create(
        to_number=PERSON,
        trunk=number.trunk,
        state=State.DIALLED,
        claimed_at=now - timedelta(days=1),
        seconds=1800,
    )
    usage = dialling.usage_of(number.trunk, now)
    assert (usage.going_on, usage.seconds) == (1, 0)


def test_a_task_that_runs_again_for_a_row_it_has_read_before_dials_nothing(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    row = ask(make_number(), agent)
    stale = fresh(row)
    run()
    assert dialling.claim(stale) is None
    assert len(exchange.dialled) == 1 and not SecurityEvent.objects.exists()


def test_limits_that_were_lowered_meanwhile_bind_what_waits(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number()
    row = ask(number, agent)
    Trunk.objects.update(out_at_once=0)
    run()
    assert fresh(row).state == State.REFUSED and not exchange.dialled


def test_a_connection_that_cannot_dial_says_so(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_address="")
    row = ask(number, agent)
    run()
    assert fresh(row).sentence.msgid == dialling.NO_DIALLING
    assert not SecurityEvent.objects.exists() and not exchange.dialled


@pytest.mark.parametrize("values", [{"is_published": False}, {"archived_at": timezone.now()}])
def test_nobody_is_called_for_an_assistant_who_has_nothing_to_say(
    exchange: Exchange, agent: Agent, make_number: MakeNumber, values: dict[str, Any]
) -> None:
    row = ask(make_number(), agent)
    Agent.objects.update(**values)
    run()
    assert fresh(row).state == State.FAILED
    assert fresh(row).sentence.msgid == dialling.SPEECHLESS
    assert exchange.dialled == []


def test_a_connection_s_pace_keeps_no_other_connection_s_calls(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    slow, other = make_number(out_pace=1), make_number("+74991124149", out_pace=1)
    rows = [ask(slow, agent), ask(slow, agent), ask(other, agent)]
    # Somebody else has just called through it.
    OutboundCall.objects.filter(pk=rows[0].pk).update(
        state=State.DIALLED, claimed_at=timezone.now() + timedelta(minutes=1)
    )
    assert dialling.run_next()
    assert [fresh(row).state for row in rows[1:]] == [State.WAITING, State.DIALLED]
    assert dialling.run_next() and fresh(rows[1]).state == State.WAITING


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [{"out_at_once": 1}, {"out_minutes": 30}])
def test_limits_hold_when_two_workers_dial_at_once(
    exchange: Exchange, agent: Agent, make_number: MakeNumber, limit: dict[str, int]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    number = make_number(**limit)
    for _ in range(8):
        ask(number, agent)

    at_once(run, 4)
    states = sorted(OutboundCall.objects.values_list("state", flat=True))
    assert states == ["dialled"] + ["refused"] * 7
    assert len(exchange.dialled) == 1 and SecurityEvent.objects.count() == 7


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_by_several_threads_at_once_is_one_call(
    exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    number, ticket = make_number(), uuid.uuid4()

    def click() -> None:
        ask(number, agent, ticket=ticket)
        run()

    at_once(click, 6)
    assert OutboundCall.objects.count() == len(exchange.dialled) == 1
