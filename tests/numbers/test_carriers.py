"""A number that two providers bring, and what its calls teach."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from telephony.journal import CallState
from telephony.line import read_line
from telephony.models import Call, PhoneNumber, PublishedObject, Trunk
from telephony.numbers import parts_of_number, spelling_of
from telephony.routing.carriers import carrier_of, carriers, reserve_fault
from telephony.routing.edit import Change, Edit, laid_over
from telephony.routing.impact import impact
from telephony.routing.route import exchange_of
from telephony.routing.wish import Line
from tests.journal.conftest import save as save_call
from tests.wish.lines import NUMBERS, compiled, number, rule, trunk
from veyra.livekit.matching import Invite

OWN = {"addresses": ("203.0.113.0/24",)}
OTHER = {"addresses": ("198.51.100.7",)}


def line(**values: Any) -> Line:
    """Two numbers of t1; the first one has t2 in reserve."""
    return Line(
        trunks=(trunk("t1", **{**OWN, **values}), trunk("t2", **OTHER)),
        numbers=(number(0, "t1", reserve="t2"), number(1, "t1")),
        rules=(rule(trunks=("t1",)),),
    )


def test_both_address_lists_stand_in_one_object() -> None:
    joint, alone = sorted(compiled(line()).trunks, key=lambda each: not each.reserve)
    assert joint.value.allowed_addresses == ("198.51.100.7/32", "203.0.113.0/24")
    assert (joint.source, joint.reserve) == ("t1", "t2")
    assert alone.value.allowed_addresses == ("203.0.113.0/24",)
    assert joint.key != alone.key
    assert not set(joint.value.numbers) & set(alone.value.numbers)


def test_the_rule_of_a_joint_number_names_its_object() -> None:
    desired = compiled(line())
    assert desired.rules[0].trunks == tuple(sorted(each.key for each in desired.trunks))


@pytest.mark.parametrize(
    ("index", "source", "answered"),
    [
        (0, "203.0.113.9", True),
        (0, "198.51.100.7", True),
        (0, "192.0.2.1", False),
        (1, "203.0.113.9", True),
        (1, "198.51.100.7", False),
    ],
)
def test_livekit_takes_the_number_from_both_providers_and_from_nobody_else(
    index: int, source: str, answered: bool
) -> None:
    invite = Invite(caller="79161234567", called=NUMBERS[index], source_ip=source)
    decision = exchange_of(compiled(line())).decide(invite)
    assert (decision.rule is not None) == answered


def test_with_its_own_connection_off_a_number_comes_by_the_reserve() -> None:
    (only,) = compiled(line(is_active=False)).trunks
    assert (only.source, only.reserve) == ("t2", "")
    assert only.value.allowed_addresses == ("198.51.100.7/32",)
    assert [key for _text, key in only.rows] == ["n0", "n0"]


@pytest.mark.parametrize(
    "values", [{"username": "u", "password": "p"}, {"addresses": (), "username": ""}]
)
def test_what_cannot_be_joined_is_told_and_the_number_stays_with_its_own(
    values: dict[str, Any],
) -> None:
    wrong = line(**values)
    rows = {each.key: each for each in wrong.trunks}
    assert reserve_fault(rows, wrong.numbers[0])
    assert [each.key for each in carriers(rows, wrong.numbers[0])] == ["t1"]
    assert not any(each.reserve for each in compiled(wrong).trunks)


def test_a_reserve_that_cannot_be_joined_is_not_saved() -> None:
    before = replace(line(username="u", password="p"), numbers=(number(0, "t1"),))
    edit = Edit(changes=(Change(model="number", key="n0", values={"reserve": "t2"}),))
    assert "cannot be the reserve" in impact(before, laid_over(before, edit)).errors[0].msgid


def test_a_reserve_is_taken_away_by_an_edit() -> None:
    edit = Edit(changes=(Change(model="number", key="n0", values={"reserve": None}),))
    assert [each.reserve for each in compiled(laid_over(line(), edit)).trunks] == [""]


def test_a_network_has_its_carrier() -> None:
    known = [(1, ["203.0.113.0/24"]), (2, ["198.51.100.7/32", "2001:db8::/32"])]
    assert carrier_of("203.0.113.9", known) == 1
    assert carrier_of("198.51.100.7", known) == 2
    assert carrier_of("2001:db8::1", known) == 2
    assert carrier_of("198.51.100.8", known) is None
    assert carrier_of("", known) is None


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("+74991124148", "plus"),
        ("74991124148", "digits"),
        ("84991124148", "national"),
        ("4991124148", ""),
        ("+442071234567", ""),
        ("anonymous", ""),
        ("101", ""),
    ],
)
def test_a_written_number_shows_its_spelling(text: str, spelling: str) -> None:
    assert spelling_of(text) == spelling


def test_what_is_searched_for_in_numbers() -> None:
    assert parts_of_number("8 (499) 112") == ("8499112", "+7499112")
    assert parts_of_number("+7 499") == ("7499",)
    assert parts_of_number("Metro") == () == parts_of_number("")


# With rows


pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Trunk:
    return Trunk.objects.create(name="Own", addresses="37.139.38.0/24", learned_spelling="plus")


def told(**values: Any) -> CallState:
    """A call that came through the connection whose object is ST_1."""
    at = values.pop("started_at", timezone.now())
    state = {
        "state": "ended",
        "outcome": "answered",
        "started_at": at,
        "ended_at": at,
        "trunk_id": "ST_1",
        "from_number": "79161234567",
        "to_number": "74991124148",
        "source_ip": "37.139.38.7",
        "sip_call_id": f"SCL_{Call.objects.count()}",
    }
    return CallState(**{**state, **values})


def published(row: Trunk) -> None:
    PublishedObject.objects.create(
        kind="trunk", key="trunk:1", source=row.key, livekit_id="ST_1", state="live"
    )


def spelling(row: Trunk) -> tuple[str, str]:
    """As stored, and as the compiler counts on it."""
    row.refresh_from_db()
    return row.learned_spelling, read_line().trunks[0].delivers


def test_the_first_call_teaches_how_callers_are_written(
    connection: Trunk, woken: list[str]
) -> None:
    published(connection)
    assert spelling(connection) == ("plus", "plus")
    save_call("call:1", told())
    assert spelling(connection) == ("digits", "digits")
    assert woken == ["telephony.apply"]


def test_a_refused_call_teaches_too(connection: Trunk) -> None:
    published(connection)
    save_call("call:1", told(outcome="rejected", reason="no_rule", from_number="89161234567"))
    assert spelling(connection) == ("national", "national")


def test_what_was_learned_changes_only_after_three_calls_in_a_row(connection: Trunk) -> None:
    published(connection)
    now = timezone.now()
    writings = ["79161234567", "+79161234567", "+79161234567", "+79161234567"]
    learned = []
    for index, caller in enumerate(writings):
        at = now + timedelta(minutes=index)
        save_call(f"call:{index}", told(from_number=caller, started_at=at))
        learned.append(spelling(connection)[0])
    assert learned == ["digits", "digits", "digits", "plus"]


def test_a_choice_of_staff_goes_before_what_was_learned(connection: Trunk) -> None:
    Trunk.objects.update(spelling="national", learned_spelling="digits")
    assert spelling(connection) == ("digits", "national")


@pytest.mark.parametrize(
    ("addresses", "caller", "source"),
    [
        ("", "79161234567", "185.1.2.3"),
        ("37.139.38.0/24", "veyra-test-1", "37.139.38.7"),
        ("37.139.38.0/24", "79161234567", "127.0.0.1"),
        # He wrote an address of the list into his call.
        ("37.139.38.0/24", "79161234567", "185.1.2.3"),
    ],
)
def test_strangers_and_our_own_tests_teach_nothing(
    settings: LazySettings, connection: Trunk, addresses: str, caller: str, source: str
) -> None:
    settings.SIP_TEST_FROM = "127.0.0.1/32"
    Trunk.objects.update(addresses=addresses)
    published(connection)
    save_call("room:RM_1", told(from_number=caller, source_ip=source, room_sid="RM_1"))
    assert Call.objects.get().trunk == connection and spelling(connection)[0] == "plus"


@pytest.mark.parametrize(
    ("source", "name"), [("37.139.38.7", "Own"), ("185.45.152.9", "Second"), ("9.9.9.9", "Own")]
)
def test_a_call_shows_which_of_two_connections_it_used(
    connection: Trunk, source: str, name: str
) -> None:
    second = Trunk.objects.create(name="Second", addresses="185.45.152.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=connection, reserve=second)
    published(connection)
    save_call("call:1", told(source_ip=source))
    assert str(Call.objects.get().trunk) == name
