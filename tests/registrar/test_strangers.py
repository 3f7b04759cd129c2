"""What nobody asked for gets no answer, and is counted; nobody is relayed for."""

import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered
from tests.registrar.messages import Message, reply, sound
from tests.registrar.provider import Provider
from tests.registrar.telephone import Dialog, Telephone
from veyra.kamailio.types import Line

pytestmark = pytest.mark.live

NUMBER = "74991124148"
HOST, STRANGER = "127.0.0.4", "127.0.0.66"
SILENCE = 0.5
# That receive: socket_workers and tcp_children of the configuration.
PROCESSES = 4 + 2
KNOCK = "\r\n".join(
    [
        "OPTIONS sip:100@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKknock",
        "From: <sip:100@127.0.0.1>;tag=1",
        "To: <sip:100@127.0.0.1>",
        "Call-ID: knock",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    ]
).encode()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({"1001": "one secret"}, host=HOST) as provider:
        yield provider


@pytest.fixture(scope="module")
def ours(kamailio: Kamailio, provider: Provider) -> Line:
    ours = kamailio.put(line(provider, numbers=(NUMBER,)))
    registered(kamailio, ours)
    return ours


@pytest.fixture(autouse=True)
def _count_from_nothing(kamailio: Kamailio) -> None:
    kamailio.client.strangers()


@pytest.fixture
def stranger() -> Iterator[Telephone]:
    with Telephone(host=STRANGER) as stranger:
        yield stranger


def counted(kamailio: Kamailio, address: str = STRANGER) -> int:
    return sum(each.count for each in kamailio.client.strangers() if each.address == address)


def nobody_heard(gateway: Telephone, *asked: Dialog) -> None:
    time.sleep(SILENCE)
    for each in asked:
        assert not each.seen
    assert not gateway.heard


def test_strangers_get_no_answer_whatever_they_send(
    kamailio: Kamailio, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    hop = (kamailio.host, kamailio.port)
    uris = [f"sip:{user}@{kamailio.outer}" for user in (ours.id, NUMBER, "100")]
    asked = [stranger.call(uri, hop=hop) for uri in uris]
    for method in ("OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE", "BYE", "CANCEL", "PUBLISH"):
        asked.append(stranger.ask(method, uris[0], hop=hop))
    nobody_heard(gateway, *asked)
    assert counted(kamailio) == len(asked)
    assert counted(kamailio) == 0


def test_strangers_are_not_relayed_for_within_a_call_of_their_own_making(
    kamailio: Kamailio, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    hop = (kamailio.host, kamailio.port)
    with Telephone(host="127.0.0.77") as victim:
        routes = [("Route", f"<sip:{kamailio.outer};lr>"), ("Route", f"<sip:{kamailio.inner};lr>")]
        asked = [
            stranger.ask(method, victim.uri("anybody"), *routes[:count], hop=hop, tag="made-up")
            for method in ("INVITE", "BYE", "MESSAGE", "REFER", "ACK")
            for count in (0, 1, 2)
        ]
        nobody_heard(gateway, *asked)
        assert not victim.heard
        assert counted(kamailio) == len(asked)


def test_a_provider_cannot_make_us_call_others(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone
) -> None:
    """Within a call whatever it sends goes to the gateway, wherever it wants it to go."""
    hop = (kamailio.host, kamailio.port)
    with Telephone(host="127.0.0.77") as victim:
        for routes in ([], [("Route", f"<sip:{victim.address};lr>")]):
            provider.ask("BYE", victim.uri("anybody"), *routes, hop=hop, tag="made-up")
            provider.call(victim.uri("anybody"), *routes, hop=hop)
        time.sleep(SILENCE)
        assert not victim.heard


def test_a_stranger_cannot_use_the_door_of_the_gateway(
    kamailio: Kamailio, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    host, port = kamailio.inner.split(":")
    with Telephone(host="127.0.0.77") as victim:
        asked = [
            stranger.ask(method, victim.uri("anybody"), hop=(host, int(port)), tag=tag)
            for method in ("INVITE", "BYE", "OPTIONS")
            for tag in ("", "made-up")
        ]
        nobody_heard(gateway, *asked)
        assert not victim.heard


def test_an_answer_that_nobody_asked_for_goes_nowhere(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    """Answers find their way by their Via alone: forged ones would be sent to anybody."""
    with Telephone(host="127.0.0.77") as victim:
        call = victim.ask("OPTIONS", "sip:anybody@127.0.0.78:5060")
        forged = reply(call.last("OPTIONS"), 200)
        for door in (kamailio.outer, kamailio.inner):
            host, port = door.split(":")
            ours_first = ("Via", f"SIP/2.0/UDP {door};branch=z9hG4bKforged")
            answer = Message(forged.start, [ours_first, *forged.headers])
            for sender in (stranger, provider):
                sender.wire.send(bytes(answer), (host, int(port)))
        time.sleep(SILENCE)
        assert not call.seen


def test_a_stranger_cannot_end_a_call_between_others(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    call = provider.ring("1001", NUMBER)
    there = gateway.called()
    there.answer(200, body=sound())
    call.expect(200)
    call.ack()
    there.expect("ACK")
    forged = call.draft("BYE", stranger.via())
    stranger.wire.send(bytes(forged), (kamailio.host, kamailio.port))
    assert there.silent(SILENCE)
    call.send("BYE")
    there.expect("BYE")


def test_a_provider_let_go_is_a_stranger_again(kamailio: Kamailio, gateway: Telephone) -> None:
    with Provider({"1001": "one secret"}, host="127.0.0.9") as provider:
        ours = kamailio.put(line(provider))
        registered(kamailio, ours)
        contact = provider.bindings["1001"].contact

        def gone() -> bool:
            kamailio.client.remove(ours.id)
            return ours.id not in kamailio.client.lines()

        wait_until(gone, "the line is still there", 10)
        call = provider.call(contact)
        nobody_heard(gateway, call)
        assert counted(kamailio, "127.0.0.9") == 1


def test_scanners_that_send_rubbish_get_nothing(kamailio: Kamailio, ours: Line) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
        scanner.bind((STRANGER, 0))
        scanner.settimeout(SILENCE)
        for rubbish in (b"\0" * 40, b"GET / HTTP/1.0\r\n\r\n", b"INVITE sip: SIP/2.0\r\n\r\n"):
            scanner.sendto(rubbish, (kamailio.host, kamailio.port))
        with pytest.raises(TimeoutError):
            scanner.recv(100)


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_of_a_stranger_is_closed_without_a_word(
    kamailio: Kamailio, ours: Line, secure: bool
) -> None:
    target = (kamailio.host, kamailio.front.tls_port if secure else kamailio.port)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(target, 5, source_address=(STRANGER, 0)) as plain:
        line = trusting.wrap_socket(plain) if secure else plain
        line.sendall(KNOCK.replace(b"UDP", b"TLS" if secure else b"TCP"))
        assert line.recv(1000) == b""
        line.close()
    assert counted(kamailio) == 1


@pytest.mark.prove
def test_a_connection_without_a_word_is_closed_after_a_minute(kamailio: Kamailio) -> None:
    """There is room for a thousand of them."""
    with socket.create_connection(
        (kamailio.host, kamailio.port), 75, source_address=(STRANGER, 0)
    ) as silent:
        assert silent.recv(1) == b""


def test_a_flood_of_one_address_is_cut_and_others_call_on(
    kamailio: Kamailio, provider: Provider, ours: Line, gateway: Telephone, stranger: Telephone
) -> None:
    hop = (kamailio.host, kamailio.port)
    for _ in range(2000):
        stranger.ask("OPTIONS", f"sip:100@{kamailio.outer}", hop=hop)
    call = provider.ring("1001", NUMBER)
    there = gateway.called()
    there.answer(486)
    call.expect(486)
    # What pike drops is counted no more: it costs nothing.
    assert 0 < counted(kamailio) < 2000


def test_however_many_strangers_come_some_are_told(kamailio: Kamailio) -> None:
    """Their addresses are easily forged: thousands of them in a second."""
    target = (kamailio.host, kamailio.port)
    for place in range(3000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
            scanner.bind((f"127.199.{100 + place // 100}.{100 + place % 100}", 0))
            scanner.sendto(KNOCK, target)
    time.sleep(SILENCE)
    # Two of its processes may see the last free place at the same moment.
    assert 1000 <= len(kamailio.client.strangers()) < 1000 + PROCESSES
    with Telephone(host="127.0.0.67") as stranger:
        stranger.ask("OPTIONS", f"sip:100@{kamailio.outer}")
        time.sleep(SILENCE)
    assert counted(kamailio, "127.0.0.67") == 1
