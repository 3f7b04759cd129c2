"""Calls of a provider through the real Kamailio to a gateway of this test, and back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.registrar.kamailio import Kamailio, line, registered
from tests.registrar.messages import sound
from tests.registrar.provider import Provider
from tests.registrar.telephone import Dialog, Telephone
from tests.registrar.wires import StreamWire
from veyra.kamailio.types import Line, Place, Transport

pytestmark = pytest.mark.live

NUMBER, SECOND, ALONE, OTHER = (f"7499112414{last}" for last in (8, 9, 6, 7))
FOREIGN = "74951110001"
HOST = "127.0.0.4"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    accounts = dict.fromkeys(("1001", "1002", "1003", "1004"), "one secret")
    with Provider(accounts, host=HOST) as provider:
        yield provider


@pytest.fixture(scope="module")
def ours(kamailio: Kamailio, provider: Provider) -> Line:
    """A registered line with two numbers."""
    ours = kamailio.put(line(provider, numbers=(NUMBER, SECOND)))
    registered(kamailio, ours)
    return ours


def answered(call: Dialog, gateway: Telephone) -> Dialog:
    """The gateway's side of a call that it has answered."""
    there = gateway.called()
    there.answer(180)
    call.expect(180)
    there.answer(200, body=sound(40002))
    call.expect(200)
    call.ack()
    there.expect("ACK")
    return there


def ended(caller: Dialog, called: Dialog) -> None:
    caller.send("BYE")
    called.expect("BYE")
    caller.expect(200)


@pytest.mark.parametrize("place", ["to", "request", "called_did", "diversion"])
@pytest.mark.parametrize("written", [SECOND, f"+{SECOND}", "84991124149"])
def test_the_gateway_gets_our_number_wherever_and_however_it_is_written(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone, place: str, written: str
) -> None:
    call = provider.ring("1001", written, place)
    there = answered(call, gateway)
    assert there.rung.user("To") == f"+{SECOND}"
    assert there.rung.user("From") == "79161234567"
    assert there.rung.all("X-Veyra-Source") == [HOST]
    ended(call, there)
    assert kamailio.client.lines()[ours.id].place == place


def test_the_provider_sees_its_own_addresses_in_every_answer(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER, "called_did")
    there = answered(call, gateway)
    ended(call, there)
    told = {message.user("To") for message in call.seen}
    assert told == {"1001"}


def test_a_provider_is_not_told_where_the_gateway_is_called_from(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone
) -> None:
    """Whoever knows could have himself let in by LiveKit."""
    call = provider.ring("1001", NUMBER)
    there = answered(call, gateway)
    call.send("INFO", body="")
    there.reply(there.expect("INFO"), 200)
    call.expect(200)
    there.send("INFO", body="")
    call.reply(call.expect("INFO"), 200)
    there.expect(200)
    ended(there, call)
    hidden = kamailio.front.inner_ip.encode()
    assert call.seen and not [message for message in call.seen if hidden in bytes(message)]


def test_a_number_alone_on_its_line_needs_no_name(
    kamailio: Kamailio, provider: Provider, gateway: Telephone
) -> None:
    alone = kamailio.put(line(provider, "1002", numbers=(ALONE,)))
    registered(kamailio, alone)
    call = provider.call(provider.bindings["1002"].contact, to="sip:1002@sip.provider.example")
    there = answered(call, gateway)
    assert there.rung.user("To") == f"+{ALONE}"
    ended(call, there)


def test_a_number_that_is_not_ours_is_passed_on_as_it_came(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    provider.ring("1001", "74950000000", "to")
    there = gateway.called()
    assert there.rung.user("To") == "+74950000000"
    there.answer(486)


@pytest.mark.parametrize("written", [FOREIGN, "84951110001"])
def test_a_number_of_another_providers_line_cannot_be_called(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone, written: str
) -> None:
    """LiveKit would take it for a call of that line: it sees the same Kamailio behind all."""
    with Provider({"2001": "one secret"}, host="127.0.0.5") as other:
        theirs = kamailio.put(line(other, "2001", (FOREIGN, "74951110002")))
        provider.ring("1001", written, "to").expect(404)
        # In another place it counts as little: here the login is taken for the number.
        call = provider.ring("1001", written, "called_did")
        there = gateway.called()
        assert there.rung.user("To") == "+1001"
        there.answer(486)
        call.expect(486)
        kamailio.client.remove(theirs.id)


def test_a_call_to_nobodys_number_is_refused(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    contact = provider.bindings["1001"].contact
    provider.call(contact, to="sip:anonymous@sip.provider.example").expect(404)
    assert gateway.alone(0.1)


def test_what_is_said_of_a_number_is_no_part_of_it(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", f"+{SECOND};phone-context=+7", "to")
    there = answered(call, gateway)
    assert there.rung.user("To") == f"+{SECOND}"
    ended(call, there)


def test_the_place_that_the_line_prefers_comes_first(
    kamailio: Kamailio, provider: Provider, gateway: Telephone
) -> None:
    picky = replace(line(provider, "1003", (NUMBER, SECOND)), place=Place.CALLED_DID)
    registered(kamailio, kamailio.put(picky))
    call = provider.ring("1003", NUMBER, "to", ("CALLED_DID", SECOND))
    there = answered(call, gateway)
    assert there.rung.user("To") == f"+{SECOND}"
    ended(call, there)
    kamailio.client.remove(picky.id)


def test_either_side_hangs_up(provider: Provider, ours: Line, gateway: Telephone) -> None:
    call = provider.ring("1001", NUMBER)
    ended(call, answered(call, gateway))
    call = provider.ring("1001", NUMBER)
    ended(answered(call, gateway), call)


def test_a_caller_gives_up_while_it_rings(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER)
    there = gateway.called()
    there.answer(180)
    call.expect(180)
    call.cancel()
    there.expect("CANCEL")
    call.expect(487)


def test_a_refusal_of_the_gateway_reaches_the_provider(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER)
    gateway.called().answer(486)
    call.expect(486)


def test_either_side_changes_and_passes_on_a_running_call(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER, "called_did")
    there = answered(call, gateway)
    for one, other in ((call, there), (there, call)):
        one.send("INVITE", body=sound(40004))
        other.reply(other.expect("INVITE"), 200, sound(40006))
        one.expect(200)
        one.ack()
        other.expect("ACK")
        one.send("REFER", ("Refer-To", "<sip:79160000000@elsewhere.example>"))
        asked = other.expect("REFER")
        assert asked.get("Refer-To") == "<sip:79160000000@elsewhere.example>"
        other.reply(asked, 202)
        one.expect(202)
        one.send("INFO", body="")
        other.reply(other.expect("INFO"), 200)
        one.expect(200)
    ended(there, call)


def test_a_provider_behind_nat_hears_of_the_end(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER, contact="sip:caller@192.168.1.77:5060")
    there = answered(call, gateway)
    ended(there, call)


def test_a_forged_source_is_taken_away(provider: Provider, ours: Line, gateway: Telephone) -> None:
    forged = ("X-Veyra-Source", "198.51.100.1")
    call = provider.ring("1001", NUMBER, "to", forged, forged)
    there = answered(call, gateway)
    assert there.rung.all("X-Veyra-Source") == [HOST]
    ended(call, there)


def test_a_call_names_its_line_among_several_at_one_provider(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone
) -> None:
    other = kamailio.put(line(provider, "1004", numbers=(OTHER,)))
    registered(kamailio, other)
    call = provider.ring("1004", "1004", "to")
    there = answered(call, gateway)
    assert there.rung.user("To") == f"+{OTHER}"
    ended(call, there)


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_calls_come_by_the_connection_of_the_sign_in(
    kamailio: Kamailio, gateway: Telephone, authority: tuple[Path, Path], transport: Transport
) -> None:
    options = {"certificate": authority[1]} if transport == Transport.TLS else {}
    with Provider({"1001": "one secret"}, wire=StreamWire, **options) as provider:
        ours = kamailio.put(replace(line(provider, numbers=(NUMBER,)), transport=transport))
        registered(kamailio, ours)
        for caller_ends in (True, False):
            call = provider.ring("1001", NUMBER)
            there = answered(call, gateway)
            assert there.rung.user("To") == f"+{NUMBER}"
            ended(*((call, there) if caller_ends else (there, call)))


def test_a_provider_that_asks_whether_we_are_there_is_answered(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    provider.ask("OPTIONS", provider.bindings["1001"].contact).expect(200)
    assert not gateway.heard


def test_an_invite_that_is_repeated_rings_once(
    provider: Provider, ours: Line, gateway: Telephone
) -> None:
    call = provider.ring("1001", NUMBER)
    there = gateway.called()
    for _ in range(3):
        provider.wire.send(bytes(call.last("INVITE")), provider.bindings["1001"].source)
    assert gateway.alone(0.5)
    there.answer(486)
    call.expect(486)


def test_a_connection_that_a_provider_broke_off_is_opened_again(
    kamailio: Kamailio, gateway: Telephone
) -> None:
    with Provider({"1001": "one secret"}, wire=StreamWire) as provider:
        ours = replace(line(provider, numbers=(NUMBER,)), transport=Transport.TCP)
        registered(kamailio, kamailio.put(ours))
        first = provider.bindings["1001"]
        provider.wire.drop()
        provider.wait_for("1001", 10, after=first.at)
        call = provider.ring("1001", NUMBER)
        ended(answered(call, gateway), call)
