"""Signing in at providers, by the real Kamailio: each answer that a provider may give."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.live.certificate import certify
from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered, until
from tests.registrar.provider import Provider
from tests.registrar.wires import StreamWire
from veyra.kamailio.types import Transport

pytestmark = pytest.mark.live

ACCOUNTS = {"1001": "one secret", "1002": "another secret"}
NEW, WRONG = "a new secret", "a wrong one"


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


def test_a_password_of_unusual_letters_is_sent_whole(kamailio: Kamailio) -> None:
    password = "п:а\"р'о\\л;ь, <&> =+%s"  # of a provider of this test
    with Provider({"1001": password}) as provider:
        kamailio.put(line(provider))
        provider.wait_for("1001")


@pytest.mark.parametrize("login", ["a#b", "u@ims.example", "50%41", "a=b:c<d>", "лина"])
def test_a_login_of_unusual_letters_is_sent_whole(kamailio: Kamailio, login: str) -> None:
    with Provider({login: "secret"}) as provider:
        kamailio.put(line(provider, login))
        provider.wait_for(login)
        _at, request = provider.registers[-1]
        assert unquote(request.user("To")) == login


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
    provider.accounts = {"1001": NEW}
    kamailio.client.put(replace(ours, password=NEW), "2")
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
        kamailio.client.put(replace(lines[0], password=WRONG), "2")
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
