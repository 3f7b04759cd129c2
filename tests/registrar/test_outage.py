"""Kamailio that is killed and comes back, and many lines at once."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered
from tests.registrar.messages import sound
from tests.registrar.provider import Provider
from tests.registrar.telephone import Telephone
from veyra.kamailio.client import RegistrarError

pytestmark = [pytest.mark.live, pytest.mark.prove]

NUMBER = "74991124148"
MANY = 100


@pytest.fixture
def provider() -> Iterator[Provider]:
    accounts = {str(1000 + place): secrets.token_hex(8) for place in range(MANY)}
    with Provider(accounts, host="127.0.0.4") as provider:
        yield provider


def test_a_running_call_outlives_kamailio(
    kamailio: Kamailio, provider: Provider, gateway: Telephone
) -> None:
    ours = kamailio.put(line(provider, "1000", numbers=(NUMBER,)))
    registered(kamailio, ours)
    calls = []
    for _ in range(2):
        call = provider.ring("1000", NUMBER)
        there = gateway.called()
        there.answer(200, body=sound())
        call.expect(200)
        call.ack()
        there.expect("ACK")
        calls.append((call, there))

    kamailio.kill()
    with pytest.raises(RegistrarError):
        kamailio.client.lines()
    kamailio.start()
    assert kamailio.client.lines() == {}
    kamailio.put(ours)

    (call, there), (other_call, other_there) = calls
    call.send("BYE")
    there.expect("BYE")
    call.expect(200)
    other_there.send("BYE")
    other_call.expect("BYE")
    other_there.expect(200)
    provider.wait_for("1000", 10, after=provider.bindings["1000"].at)


def test_a_hundred_lines_sign_in_at_once(
    kamailio: Kamailio, provider: Provider, gateway: Telephone
) -> None:
    lines = [
        line(provider, login, numbers=(f"7499{login}000",)) for login in sorted(provider.accounts)
    ]
    start = time.monotonic()
    for each in lines:
        kamailio.put(each)
    wait_until(lambda: len(provider.bindings) == MANY, "they did not all sign in", 20)
    took = time.monotonic() - start

    def all_registered() -> bool:
        states = kamailio.client.lines()
        return sum(states[each.id].registered for each in lines) == MANY

    wait_until(all_registered, "not all are known to be registered", 10)
    assert took < 10
    for each in (lines[0], lines[-1]):
        call = provider.ring(each.login, each.numbers[0][0])
        there = gateway.called()
        assert there.rung.user("To") == each.numbers[0][1]
        there.answer(486)
        call.expect(486)
    kamailio.client.put(replace(lines[7], expires=120), "2")
    wait_until(lambda: kamailio.client.lines()[lines[7].id].seal == "2", "not changed", 5)
    assert len(provider.registers_of(lines[8].login)) == 2
