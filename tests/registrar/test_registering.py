"""Signing in at providers, by the real Kamailio: each answer that a provider may give."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.certificate import certify
from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered, until
from tests.registrar.provider import Provider
from tests.registrar.wires import StreamWire
from veyra.kamailio.types import LineState, Transport

pytestmark = pytest.mark.live

ACCOUNTS = {"1001": "one secret", "1002": "another secret"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(ACCOUNTS) as provider:
        yield provider


def test_a_line_signs_in_with_its_digest(kamailio: Kamailio, provider: Provider) -> None:
    ours = kamailio.put(line(provider))
    binding = provider.wait_for("1001")
    state = registered(kamailio, ours)
    assert f"sip:{ours.id}@{kamailio.outer}" in binding.contact
    assert (state.code, state.address, state.seal) == (200, provider.address, "1")
    assert state.expires_at and state.asked_at and state.heard_at


@pytest.mark.parametrize("challenge", [401, 407])
@pytest.mark.parametrize("qop", [True, False])
def test_a_line_signs_in_however_it_is_asked(
    kamailio: Kamailio, provider: Provider, challenge: int, qop: bool
) -> None:
    provider.challenge, provider.qop = challenge, qop
    kamailio.put(line(provider))
    provider.wait_for("1001")


def test_a_password_of_unusual_letters_is_sent_whole(kamailio: Kamailio) -> None:
    password = "п:а\"р'о\\л;ь, <&> =+%s"  # of a provider of this test
    with Provider({"1001": password}) as provider:
        kamailio.put(line(provider))
        provider.wait_for("1001")


@pytest.fixture(scope="module")
def long_after(running: Kamailio) -> dict[str | int, tuple[LineState, list[float]]]:
    """How lines stand after a while, and when they asked. Some were refused, by the status of that;
    one was granted the shortest time that there is; one had a nonce that was too old; one was never
    answered.
    """
    with ExitStack() as stack:
        kinds: dict[str | int, Provider] = {
            kind: stack.enter_context(Provider(ACCOUNTS))
            for kind in (401, 403, 404, "short", "stale", "silent")
        }
        lines = {kind: line(provider) for kind, provider in kinds.items()}
        for kind, provider in kinds.items():
            if isinstance(kind, int):
                provider.refusal = kind
                lines[kind] = replace(lines[kind], password="a wrong one")  # likewise
        kinds["short"].most = 20
        kinds["stale"].stale_answers = 1
        kinds["silent"].mood = "silent"
        for each in lines.values():
            running.put(each)
        wait_until(lambda: len(kinds["short"].registers) == 4, "it was not renewed", 25)
        states = running.client.lines()
        return {
            kind: (states[lines[kind].id], [at for at, _ in provider.registers])
            for kind, provider in kinds.items()
        }


@pytest.mark.parametrize("refusal", [401, 403, 404])
def test_a_wrong_password_is_told_and_not_hammered(
    long_after: dict[str | int, tuple[LineState, list[float]]], refusal: int
) -> None:
    state, asked = long_after[refusal]
    assert (state.registered, state.paused, state.code) == (False, True, refusal)
    assert len(asked) == 2


def test_a_short_grant_is_renewed_in_time(
    long_after: dict[str | int, tuple[LineState, list[float]]],
) -> None:
    state, asked = long_after["short"]
    assert state.registered
    assert 10 < asked[2] - asked[0] < 20


def test_a_stale_nonce_is_no_refusal(
    long_after: dict[str | int, tuple[LineState, list[float]]],
) -> None:
    state, asked = long_after["stale"]
    assert state.registered and state.code == 200
    assert asked[-1] - asked[0] < 10


def test_a_provider_without_an_answer_is_asked_every_ten_seconds(
    long_after: dict[str | int, tuple[LineState, list[float]]],
) -> None:
    state, asked = long_after["silent"]
    assert (state.registered, state.code) == (False, 0)
    assert 9 < asked[-1] - asked[0] < 20


@pytest.mark.prove
def test_a_grant_of_sixty_seconds_is_renewed_for_three_minutes(
    kamailio: Kamailio, provider: Provider
) -> None:
    provider.most = 60
    ours = kamailio.put(line(provider))
    last = provider.wait_for("1001")
    for _ in range(3):
        again = provider.wait_for("1001", 60, after=last.at)
        assert 30 < again.at - last.at < 58
        assert kamailio.client.lines()[ours.id].registered
        last = again


def test_a_line_asks_again_when_it_is_told_to(kamailio: Kamailio, provider: Provider) -> None:
    provider.mood = 403
    ours = kamailio.put(line(provider))
    until(kamailio, ours, lambda state: state.code == 403)
    provider.mood = "well"
    kamailio.client.retry(ours.id)
    registered(kamailio, ours)


def test_a_busy_provider_is_told_of(kamailio: Kamailio, provider: Provider) -> None:
    provider.mood = 503
    ours = kamailio.put(line(provider))
    until(kamailio, ours, lambda state: state.code == 503 and not state.registered)
    provider.mood = "well"
    kamailio.client.retry(ours.id)
    registered(kamailio, ours)


def test_a_silent_provider_is_told_of(kamailio: Kamailio, provider: Provider) -> None:
    provider.mood = "silent"
    ours = kamailio.put(line(provider))
    wait_until(lambda: bool(provider.registers), "nothing was asked", 5)
    state = kamailio.client.lines()[ours.id]
    assert not state.registered and state.code == 0 and state.asked_at
    provider.mood = "well"
    kamailio.client.retry(ours.id)
    registered(kamailio, ours)


def test_a_provider_that_wants_longer_registrations_gets_them(
    kamailio: Kamailio, provider: Provider
) -> None:
    provider.least = 900
    ours = kamailio.put(replace(line(provider), expires=120))
    assert provider.wait_for("1001").seconds == 900
    registered(kamailio, ours)


def test_a_line_let_go_says_goodbye(kamailio: Kamailio, provider: Provider) -> None:
    ours = kamailio.put(line(provider))
    registered(kamailio, ours)

    def gone() -> bool:
        kamailio.client.remove(ours.id)
        return ours.id not in kamailio.client.lines()

    wait_until(gone, "the line is still there", 10)
    assert "1001" not in provider.bindings


def test_a_new_password_signs_in_anew(kamailio: Kamailio, provider: Provider) -> None:
    ours = kamailio.put(line(provider))
    first = provider.wait_for("1001")
    provider.accounts = {"1001": "a new secret"}
    kamailio.client.put(replace(ours, password="a new secret"), "2")  # likewise
    provider.wait_for("1001", after=first.at)
    until(kamailio, ours, lambda state: state.registered and state.seal == "2")


def test_a_provider_that_moved_gets_the_line_there(kamailio: Kamailio, provider: Provider) -> None:
    ours = kamailio.put(line(provider))
    registered(kamailio, ours)
    with Provider(ACCOUNTS, host="127.0.0.5") as moved:
        elsewhere = replace(ours, proxy_ip="127.0.0.5", proxy_port=moved.wire.port)
        kamailio.client.put(elsewhere, "2")
        moved.wait_for("1001")
        state = until(kamailio, ours, lambda state: state.registered and state.seal == "2")
        assert state.address == moved.address


def test_a_line_comes_by_its_outbound_proxy(kamailio: Kamailio, provider: Provider) -> None:
    kamailio.put(replace(line(provider), domain="far.provider.example"))
    binding = provider.wait_for("1001")
    _at, request = provider.registers[-1]
    assert binding.source[1] == kamailio.port
    assert request.uri == "sip:far.provider.example"
    assert "1001@far.provider.example" in request.get("To")


def test_a_service_route_does_not_keep_the_line_from_signing_in(
    kamailio: Kamailio, provider: Provider
) -> None:
    provider.service_route = f"sip:{provider.address};lr"
    ours = kamailio.put(line(provider))
    registered(kamailio, ours)


def test_several_lines_stand_at_one_provider_and_at_several(
    kamailio: Kamailio, provider: Provider
) -> None:
    with Provider({"1001": "elsewhere"}, host="127.0.0.5") as other:
        lines = [line(provider), line(provider, "1002"), line(other)]
        for each in lines:
            kamailio.put(each)
        for each in lines:
            registered(kamailio, each)
        assert set(provider.bindings) == {"1001", "1002"}
        assert set(other.bindings) == {"1001"}
        kamailio.client.put(replace(lines[0], password="a wrong one"), "2")  # likewise
        until(kamailio, lines[0], lambda state: state.code == 403)
        assert kamailio.client.lines()[lines[1].id].registered


def test_a_line_signs_in_by_tcp(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS, wire=StreamWire) as provider:
        ours = kamailio.put(replace(line(provider), transport=Transport.TCP))
        registered(kamailio, ours)
        assert "transport=tcp" in provider.bindings["1001"].contact.lower()


def test_a_line_signs_in_by_tls_where_the_certificate_is_known(
    kamailio: Kamailio, authority: tuple[Path, Path], tmp_path: Path
) -> None:
    _authority, known = authority
    _other, strange = certify(tmp_path, "strange")
    with ExitStack() as stack:
        good = stack.enter_context(Provider(ACCOUNTS, wire=StreamWire, certificate=known))
        bad = stack.enter_context(Provider(ACCOUNTS, wire=StreamWire, certificate=strange))
        ours, theirs = (
            kamailio.put(replace(line(provider), transport=Transport.TLS))
            for provider in (good, bad)
        )
        registered(kamailio, ours)
        assert "transport=tls" in good.bindings["1001"].contact.lower()
        wait_until(lambda: bad.wire.broken_off > 0, "nobody looked at the certificate", 10)
        assert not kamailio.client.lines()[theirs.id].registered
        assert not bad.registers
