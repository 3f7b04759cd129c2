"""A hundred and fifty lines at one provider, and one with thousands of numbers."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line
from tests.registrar.provider import Provider
from tests.registrar.telephone import Telephone
from veyra.kamailio.types import Line

pytestmark = [pytest.mark.live, pytest.mark.prove]

COUNT = 150
HOST = "127.0.0.4"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({"1001": "one secret"}, host=HOST) as provider:
        yield provider


@pytest.fixture(scope="module")
def ours(kamailio: Kamailio, provider: Provider) -> list[Line]:
    """Each with two numbers of its own."""
    return [
        kamailio.put(line(provider, numbers=(f"7499112{i:04}", f"7495112{i:04}")))
        for i in range(COUNT)
    ]


def test_a_number_of_each_line_is_found(
    kamailio: Kamailio, provider: Provider, ours: list[Line], gateway: Telephone
) -> None:
    wanted = {f"+7499112{i:04}" for i in range(0, COUNT, 5)}
    for number in sorted(wanted):
        provider.call(f"sip:8{number[2:]}@{kamailio.outer}", to=f"sip:1001@{HOST}")
    called = [gateway.called() for _ in wanted]
    assert {there.rung.user("To") for there in called} == wanted
    for there in called:
        there.answer(486)


def test_all_are_told_of(kamailio: Kamailio, ours: list[Line]) -> None:
    assert set(kamailio.client.lines()) == {each.id for each in ours}


@pytest.mark.prove
def test_the_way_of_each_is_kept_open(provider: Provider, ours: list[Line]) -> None:
    known = provider.wire.pings
    wait_until(lambda: provider.wire.pings >= known + COUNT, "some were forgotten", 27)


@pytest.mark.prove
def test_nothing_is_sent_for_a_line_that_rests(kamailio: Kamailio) -> None:
    with (
        Provider({"1001": "one secret"}, host="127.0.0.5") as refusing,
        Provider({"1001": "one secret"}, host="127.0.0.6") as taking,
    ):
        refusing.mood = 403
        for each in (refusing, taking):
            kamailio.put(line(each))
        wait_until(lambda: taking.wire.pings > 0, "nothing was sent at all", 27)
        assert not refusing.wire.pings


def test_each_of_thousands_of_numbers_and_networks_counts(
    kamailio: Kamailio, gateway: Telephone
) -> None:
    numbers = tuple(f"7343{i:07}" for i in range(3000))
    with Provider({"1001": "one secret"}, host="127.0.0.5") as provider:
        few = line(provider, numbers=numbers[:2])
        nets = [f"10.{i // 250}.{i % 250}.0/24" for i in range(1500)]
        many = replace(line(provider, numbers=numbers), id=few.id, networks=(*nets, *few.networks))
        kamailio.put(many)
        for number in (numbers[0], numbers[-1]):
            call = provider.call(f"sip:8{number[1:]}@{kamailio.outer}", to="sip:1001@far.example")
            there = gateway.called()
            assert there.rung.user("To") == f"+{number}"
            there.answer(486)
            call.expect(486)
        kamailio.client.admit(few, "2")
        call = provider.call(f"sip:8{numbers[-1][1:]}@{kamailio.outer}")
        there = gateway.called()
        assert there.rung.user("To") == f"+8{numbers[-1][1:]}"
        there.answer(486)
        call.expect(486)
        kamailio.client.remove(few.id)
        # Nothing of it stays behind: it would be taken for another line's.
        with kamailio.client._talk() as talk:
            assert not [key for key in talk.table("numbers") if key.startswith(few.id)]
