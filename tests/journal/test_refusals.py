"""Who was turned away: which become calls, and which are only counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telephony import intake, refusals
from telephony.folding import drain
from telephony.journal import CallState
from telephony.models import Call, CallEvent, DispatchRule, FoldUnit, HostAddress, Refused, Trunk
from tests.journal.conftest import save as save_call
from tests.journal.witnesses import recording

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def refused(**fields: Any) -> CallState:
    given: dict[str, Any] = {
        "sip_call_id": "SCL_1",
        "state": "ended",
        "outcome": "rejected",
        "reason": "unknown_number",
        "started_at": NOON,
        "ended_at": NOON,
        "source_ip": "203.0.113.7",
        "from_number": "100",
        "to_number": "900441234567",
    }
    return CallState(**given | fields)


def test_a_scanner_is_counted_and_leaves_nothing_else() -> None:
    intake.store(recording("unknown_number").events())
    drain()
    row = Refused.objects.get()
    assert (row.address, row.number, row.count) == ("127.0.0.1", "74991124149", 1)
    assert row.reason == "unknown_number"
    assert not CallEvent.objects.exists()
    assert not FoldUnit.objects.exists()
    assert not Call.objects.exists()


def test_a_refused_call_to_our_number_is_a_call_with_its_reason(rule: DispatchRule) -> None:
    intake.store(recording("conflict").events())
    drain()
    call = Call.objects.get()
    assert (call.outcome, call.reason, call.sip_status) == ("rejected", "number_conflict", 503)
    assert call.number == rule.numbers.get()
    assert CallEvent.objects.exists() and not Refused.objects.exists()


def test_a_refused_call_from_a_provider_is_a_call(rule: DispatchRule, settings: Any) -> None:
    settings.SIP_TEST_FROM = ""
    assert refusals.is_worth_a_call(refused(source_ip="192.0.2.55"))
    assert not refusals.is_worth_a_call(refused(source_ip="203.0.113.7"))


def test_our_own_test_caller_is_a_provider(rule: DispatchRule) -> None:
    assert refusals.is_worth_a_call(refused(source_ip="127.0.0.1"))


@pytest.mark.parametrize("address", ["", "not an address", "192.0.2.0/24"])
def test_an_address_that_is_none_is_nobodys(rule: DispatchRule, address: str) -> None:
    assert not refusals.is_worth_a_call(refused(source_ip=address))


def test_a_host_name_among_the_addresses_does_not_stop_the_others(rule: DispatchRule) -> None:
    Trunk.objects.update(addresses="sip.provider.example\n198.51.100.1")
    assert refusals.is_worth_a_call(refused(source_ip="198.51.100.1"))


def test_the_addresses_of_a_provider_s_host_name_are_the_provider_s(rule: DispatchRule) -> None:
    Trunk.objects.update(addresses="sip.provider.example")
    assert not refusals.is_worth_a_call(refused(source_ip="198.51.100.7"))
    answers = {"sip.provider.example": ("198.51.100.7", "2001:db8::7")}
    HostAddress.objects.remember(answers, NOON)
    assert refusals.is_worth_a_call(refused(source_ip="198.51.100.7"))
    assert refusals.is_worth_a_call(refused(source_ip="2001:db8::7"))


def test_twenty_an_hour_of_an_address_and_a_reason_become_calls(rule: DispatchRule) -> None:
    for number in range(refusals.CALLS_AN_HOUR):
        Call.objects.create(
            unit=f"call:SCL_{number}",
            state="ended",
            outcome="rejected",
            reason="unknown_number",
            source_ip="192.0.2.55",
            started_at=NOON - timedelta(minutes=number),
        )
    same = refused(source_ip="192.0.2.55")
    assert not refusals.is_worth_a_call(same)
    assert refusals.is_worth_a_call(refused(source_ip="192.0.2.56"))
    assert refusals.is_worth_a_call(refused(source_ip="192.0.2.55", reason="wrong_password"))
    assert refusals.is_worth_a_call(
        refused(source_ip="192.0.2.55", started_at=NOON + timedelta(minutes=50))
    )


def test_the_same_refusal_is_one_row_with_its_first_and_last_time() -> None:
    for minutes in (5, 0, 9):
        refusals.count([refused(started_at=NOON + timedelta(minutes=minutes))])
    row = Refused.objects.get()
    assert row.count == 3
    assert (row.first_at, row.last_at) == (NOON, NOON + timedelta(minutes=9))


def test_the_table_of_refusals_never_grows_past_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "ROWS", 10)
    monkeypatch.setattr(refusals, "ROOM_AT_ONCE", 3)
    for number in range(25):
        refusals.count(
            [refused(from_number=str(number), started_at=NOON + timedelta(hours=number))]
        )
        assert Refused.objects.count() <= 10
    assert Refused.objects.filter(caller="24").exists()
    assert not Refused.objects.filter(caller="0").exists()


def test_a_very_long_name_is_cut_to_what_a_row_holds() -> None:
    refusals.count([refused(from_number="9" * 500, to_number="8" * 500)])
    assert len(Refused.objects.get().caller) == 100


def test_a_retry_with_the_right_password_is_no_refusal() -> None:
    intake.store(recording("login").events("tap"))
    drain()
    assert Call.objects.get().outcome == "answered"


def test_a_stranger_who_hangs_up_before_he_is_refused_is_only_counted(rule: DispatchRule) -> None:
    gone = refused(outcome="abandoned", reason="caller_gave_up")
    assert save_call("call:SCL_1", gone).refused
    assert not Call.objects.exists()
    assert Refused.objects.get().reason == "caller_gave_up"


def test_a_call_that_came_to_a_room_stays_a_call_however_it_ends(
    rule: DispatchRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit keeps scanners out, and they come to no room."""
    monkeypatch.setattr(refusals, "CALLS_AN_HOUR", 0)
    room = {"room_sid": "RM_1", "room_name": "call-1"}
    ringing = refused(state="ringing", outcome="", reason="", ended_at=None, **room)
    assert save_call("room:RM_1", ringing).changed
    assert save_call("room:RM_1", refused(**room)).changed
    assert Call.objects.get().outcome == "rejected" and not Refused.objects.exists()
