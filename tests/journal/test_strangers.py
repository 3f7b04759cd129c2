"""Callers who were let in though their address is not in the list of their connection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import strangers
from telephony.journal import CallState
from telephony.models import Call, DispatchRule, HostAddress, PhoneNumber, Trunk
from telephony.routing.addresses import has
from tests.journal.conftest import publish
from tests.journal.conftest import save as save_call
from veyra.models import SecurityEvent

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTED, FORGED = "192.0.2.55", "203.0.113.7"


@pytest.fixture(autouse=True)
def trunk(rule: DispatchRule, settings: LazySettings) -> Trunk:
    settings.SIP_TEST_FROM = "127.0.0.1/32"
    found = Trunk.objects.get()
    publish(found, "trunk", "ST_1")
    return found


def let_in(**values: Any) -> CallState:
    told = {
        "sip_call_id": f"SCL_{Call.objects.count()}",
        "state": "answered",
        "started_at": NOON,
        "source_ip": FORGED,
        "from_number": "79161234567",
        "to_number": "74991124148",
        "trunk_id": "ST_1",
        "room_sid": "RM_1",
    }
    return CallState(**{**told, **values})


def save(**values: Any) -> None:
    save_call("room:RM_1", let_in(**values))


def test_a_forged_address_is_an_event_that_says_what_to_do(trunk: Trunk) -> None:
    save()
    event = SecurityEvent.objects.get()
    assert (event.kind, event.user) == ("stranger", None)
    with translation.override("en"):
        told = str(event.sentence)
    assert "“trunk1” came from 203.0.113.7" in told and "firewall" in told and "login" in told


@pytest.mark.parametrize(
    "values",
    [
        {"source_ip": LISTED},
        # Our own test call is let in by everyone.
        {"source_ip": "127.0.0.1"},
        # Nobody told the address, or the call was never let in.
        {"source_ip": ""},
        {"source_ip": "somewhere"},
        {"room_sid": "", "state": "ended", "outcome": "rejected", "ended_at": NOON},
        {"trunk_id": "ST_unknown"},
    ],
)
def test_other_callers_are_none(values: dict[str, Any]) -> None:
    save(**values)
    assert not SecurityEvent.objects.exists()


def test_a_connection_without_addresses_has_no_strangers(trunk: Trunk) -> None:
    Trunk.objects.update(addresses="", username="login", password="p")  # a password of a test
    save()
    assert not SecurityEvent.objects.exists()


def test_an_address_is_told_once_a_day_of_each_connection(
    trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        save()
    save(source_ip="203.0.113.8")
    assert SecurityEvent.objects.count() == 2
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    save()
    assert SecurityEvent.objects.count() == 3


def test_who_sends_from_everywhere_does_not_fill_the_database(trunk: Trunk) -> None:
    for last in range(strangers.EVENTS_A_DAY + 5):
        strangers.tell(trunk, f"203.0.113.{last}")
    assert SecurityEvent.objects.count() == strangers.EVENTS_A_DAY


def test_an_address_that_is_told_later_is_looked_at_then() -> None:
    """A webhook may be before the tap."""
    save(source_ip="", sip_call_id="SCL_0")
    assert not SecurityEvent.objects.exists()
    for _ in range(2):
        save(sip_call_id="SCL_0")
    assert Call.objects.count() == SecurityEvent.objects.count() == 1


def test_who_is_seen_to_have_been_let_in_later_is_told_of_then() -> None:
    """His end was told before his room."""
    save(room_sid="", state="ended", outcome="failed", ended_at=NOON, sip_call_id="SCL_0")
    assert not SecurityEvent.objects.exists()
    save(state="ended", outcome="failed", ended_at=NOON, sip_call_id="SCL_0")
    assert Call.objects.count() == SecurityEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("listed", "reason"),
    [("192.0.2.0/24", "no_rule"), ("", "wrong_password"), ("", "no_password")],
)
def test_whom_neither_address_nor_login_admits_teaches_no_spelling(
    trunk: Trunk, listed: str, reason: str
) -> None:
    Trunk.objects.update(addresses=listed, username="login", password="p")  # a password of a test
    turned_away = {"room_sid": "", "state": "ended", "outcome": "rejected", "ended_at": NOON}
    save(**turned_away, reason=reason)
    assert Call.objects.get().trunk == trunk and Trunk.objects.get().learned_spelling == ""
    source = LISTED if listed else FORGED
    save(**turned_away, reason="no_rule", source_ip=source)
    assert Trunk.objects.get().learned_spelling == "digits"


def test_a_host_name_s_addresses_count_and_an_unknown_one_accuses_nobody(trunk: Trunk) -> None:
    Trunk.objects.update(addresses="192.0.2.0/24\nsip.provider.example")
    save()
    assert not SecurityEvent.objects.exists()
    HostAddress.objects.remember({"sip.provider.example": (FORGED,)}, NOON)
    save()
    assert not SecurityEvent.objects.exists()
    save(source_ip="203.0.113.8")
    assert SecurityEvent.objects.count() == 1


def test_the_reserve_s_addresses_count_for_a_number_that_it_brings(trunk: Trunk) -> None:
    second = Trunk.objects.create(name="second", addresses="203.0.113.0/24")
    PhoneNumber.objects.update(reserve=second)
    save()
    assert Call.objects.get().trunk == second and not SecurityEvent.objects.exists()
    save(source_ip="198.51.100.1")
    assert SecurityEvent.objects.count() == 1


def test_a_call_is_the_reserve_s_once_its_address_is_known(trunk: Trunk) -> None:
    second = Trunk.objects.create(name="second", addresses="203.0.113.0/24")
    PhoneNumber.objects.update(reserve=second)
    save(source_ip="", sip_call_id="SCL_0")
    assert Call.objects.get().trunk == trunk
    for _ in range(2):
        save(sip_call_id="SCL_0")
    assert Call.objects.get().trunk == second and not SecurityEvent.objects.exists()


@settings(max_examples=50, deadline=None)
@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_an_address_is_in_a_list_that_names_it_or_its_network(one: Any, other: Any) -> None:
    network = f"{str(one).rpartition('.')[0]}.0/24"
    assert has((str(one),), {}, str(one)) and has((network,), {}, str(one))
    assert has((str(one),), {}, str(other)) is (one == other)
    assert has((), {}, str(one)) is None and has(("name.example",), {}, str(one)) is None


@pytest.fixture
def signs_in(trunk: Trunk, settings: LazySettings) -> Trunk:
    settings.REGISTRAR_FROM = "127.0.0.1/32"
    Trunk.objects.update(addresses="", register_at="sip.provider.example")
    trunk.refresh_from_db()
    return trunk


def test_a_call_by_the_sign_in_is_no_stranger_s_and_shows_its_provider(signs_in: Trunk) -> None:
    save(source_ip="127.0.0.1", provider_ip=LISTED)
    call = Call.objects.get()
    assert (call.source_ip, call.provider_ip) == ("127.0.0.1", LISTED)
    assert not SecurityEvent.objects.exists()
    signs_in.refresh_from_db()
    assert signs_in.learned_spelling == "digits"


def test_a_test_call_to_a_line_that_signs_in_teaches_nothing(signs_in: Trunk) -> None:
    save(source_ip="127.0.0.1")
    signs_in.refresh_from_db()
    assert signs_in.learned_spelling == ""


def test_who_goes_past_the_registrar_is_told_of_and_not_believed(signs_in: Trunk) -> None:
    save(provider_ip=LISTED)
    assert Call.objects.get().provider_ip == ""
    with translation.override("en"):
        assert "not by our sign-in" in str(SecurityEvent.objects.get().sentence)


def test_a_call_by_the_sign_in_is_not_taken_for_the_reserve_s(signs_in: Trunk) -> None:
    second = Trunk.objects.create(name="second", addresses="203.0.113.0/24")
    PhoneNumber.objects.update(reserve=second)
    save(source_ip="127.0.0.1", provider_ip=LISTED)
    assert Call.objects.get().trunk == signs_in
    save()
    assert Call.objects.order_by("pk").filter(trunk=second).count() == 1
