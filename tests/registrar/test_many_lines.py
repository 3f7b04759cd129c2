"""A hundred and fifty lines at one provider, of which none is forgotten."""

from collections.abc import Iterator

import pytest

from tests.registrar.kamailio import Kamailio, line
from tests.registrar.provider import Provider
from tests.registrar.telephone import Telephone
from veyra.kamailio.types import Line

pytestmark = pytest.mark.live

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
