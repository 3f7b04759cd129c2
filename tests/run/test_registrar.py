"""Where our Kamailio listens, with what files it starts, and what it is told of a line."""

import ipaddress
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from veyra.kamailio import config
from veyra.kamailio.client import Registrar, RegistrarAwayError
from veyra.kamailio.types import Line, Place, Transport
from veyra.kamailio.wire import HEARD, parts, read_state, registration, values, way, what_is_wrong
from veyra.up.registrar import RULES, our_front, public_host
from veyra.up.start import wanted_ports
from veyra.up.trouble import Trouble

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOTHING = dict.fromkeys(HEARD, "")


def line(**changes: object) -> Line:
    known: dict[str, object] = {
        "id": "0123456789abcdef",
        "login": "1001",
        "domain": "sip.provider.test",
        "password": "secret",
        "proxy_ip": "192.0.2.7",
        "networks": ("192.0.2.0/24", "198.51.100.1/32"),
        "numbers": (("74991234567", "+74991234567"), ("84991234567", "+74991234567")),
    }
    return Line(**(known | changes))  # type: ignore[arg-type]  # each test knows what it changes


def front(folder: Path) -> config.Front:
    return config.Front(
        listen="0.0.0.0",  # noqa: S104  # as on a server
        public="203.0.113.7",
        port=5080,
        inner_ip="127.83.201.16",
        gateway_ip="127.0.0.1",
        gateway_port=5060,
        folder=folder / "run",
        socket=folder / "run" / "registrar.sock",
        ca=folder,
    )


def test_every_name_in_capitals_is_given(tmp_path: Path) -> None:
    text = config.text_of(front(tmp_path), RULES)
    given = {row.split()[1] for row in text.splitlines() if row.startswith("#!define")}
    rules = RULES.read_text()
    assert {name for name in given if name not in rules} == set()
    assert "#!define OUTER_TLS tls:0.0.0.0:5081" in text
    assert "#!define INNER_UDP udp:127.83.201.16:5082" in text
    assert "#!define CONTACT_TLS 203.0.113.7:5081;transport=tls" in text


def test_the_files_are_for_their_owner_only_and_have_no_line(tmp_path: Path) -> None:
    config.write(front(tmp_path), RULES)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    lines = (tmp_path / "run" / "no-lines" / "uacreg").read_text()
    assert len(lines.splitlines()) == 1


def test_the_certificate_fits_its_key() -> None:
    pem = config.certificate()
    x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERT") :].encode())
    assert "BEGIN PRIVATE KEY" in pem


def test_a_file_and_a_folder_of_certificates_are_told_apart(tmp_path: Path) -> None:
    assert f'ca_path = "{tmp_path}"' in config.tls_text(front(tmp_path))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("version: kamailio 5.6.3 (x86_64/linux) \nflags: USE_TCP", (5, 6)),
        ("version: kamailio 6.0.1 (aarch64/linux)", (6, 0)),
        ("", (0, 0)),
    ],
)
def test_a_version_is_read(said: str, found: tuple[int, int]) -> None:
    assert config.read_version(said) == found


def test_kamailio_meets_the_gateway_on_its_own_address_or_on_loopback() -> None:
    assert config.inside("0.0.0.0") == config.inside("127.0.0.1") == "127.0.0.1"  # noqa: S104  # compared only
    assert config.inside("10.0.0.5") == "10.0.0.5"


def test_all_four_ports_are_looked_at_before_the_start() -> None:
    with_it, without = (wanted_ports(False, False, kamailio) for kamailio in (True, False))
    ports = [(p.number, p.udp) for p in with_it if p not in without]
    assert ports == [(5080, True), (5080, False), (5081, False), (5082, True)]


def test_a_line_that_stays_on_this_machine_has_its_address(settings: LazySettings) -> None:
    settings.PUBLIC_IP, settings.SIP_LISTEN = "", "127.0.0.1"
    assert public_host() == our_front(public_host()).gateway_ip == "127.0.0.1"


def test_a_given_address_and_a_found_one_are_used(settings: LazySettings) -> None:
    settings.PUBLIC_IP, settings.SIP_HOST = "203.0.113.7", "sip.company.test"
    assert public_host() == "203.0.113.7"
    settings.PUBLIC_IP, settings.SIP_HOST = "auto", "203.0.113.9"
    assert public_host() == "203.0.113.9"


def test_certificates_that_are_not_there_are_named(settings: LazySettings, tmp_path: Path) -> None:
    settings.REGISTRAR_CA = tmp_path / "nothing"
    with pytest.raises(Trouble, match="REGISTRAR_CA"):
        our_front("203.0.113.7")


def test_a_socket_with_too_long_a_name_is_told_of(settings: LazySettings, tmp_path: Path) -> None:
    settings.REGISTRAR_SOCKET = tmp_path / ("deep/" * 30) / "registrar.sock"
    with pytest.raises(Trouble, match="VEYRA_STATE"):
        our_front("203.0.113.7")


def test_a_kamailio_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RegistrarAwayError, match="away"):
        Registrar(tmp_path / "registrar.sock").lines()
    assert list(tmp_path.iterdir()) == []


def test_the_password_is_in_no_repr() -> None:
    assert "secret" not in repr(line())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": "x"}, "id"),
        ({"login": "a\r\nContact: <sip:evil@x>"}, "login"),
        ({"login": 'a"b'}, "login"),
        ({"login": "a\\b"}, "login"),
        ({"login": "1" * 129}, "login"),
        ({"domain": "sip.test>;x"}, "host"),
        ({"password": ""}, "password"),
        ({"password": "a\nb"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"proxy_ip": "2001:db8::1"}, "IPv4"),
        ({"networks": ("192.0.2.0/24",) * 3000}, "networks"),
    ],
)
def test_what_would_break_a_request_is_refused_without_its_secret(
    changes: dict[str, Any], word: str
) -> None:
    problem = what_is_wrong(line(**changes))
    assert word in problem and not any(
        value and str(value) in problem for value in changes.values()
    )


def test_a_line_is_told_as_the_tables_want_it() -> None:
    assert what_is_wrong(line()) == ""
    told = values(line(transport=Transport.TLS, proxy_port=5061), "tls:127.0.0.1:5081")
    assert told == {
        "nets": "192.0.2.0/24,198.51.100.1/32",
        "only": "+74991234567",
        "prefer": Place.ANY,
        "way": "sip:192.0.2.7:5061;transport=tls",
        "socket": "tls:127.0.0.1:5081",
    }


def test_numbers_are_told_in_parts_of_which_none_is_too_long() -> None:
    numbers = tuple((f"7499{i:07}", f"+7499{i:07}") for i in range(10_000))
    told = parts(line(numbers=numbers))
    assert max(map(len, told)) < 32_000
    assert ";".join(told) == ";".join(f"{digits}={e164}" for digits, e164 in numbers)
    assert what_is_wrong(line(numbers=numbers)) == ""


def test_a_line_with_several_numbers_has_no_only_one() -> None:
    several = line(numbers=(("1", "+1"), ("2", "+2")))
    assert "only" not in values(several, "")


def test_a_password_that_kamailio_takes_for_none_is_refused() -> None:
    assert "password" in what_is_wrong(line(password="."))
    assert what_is_wrong(line(password="..")) == ""


@pytest.mark.parametrize(
    ("login", "user"),
    [
        ("1001@office", "1001%40office"),
        ("a#b", "a%23b"),
        ("50%", "50%25"),
        ("a:<b> [c]", "a%3A%3Cb%3E%20%5Bc%5D"),
        ("+7495*1", "+7495*1"),
        ("лина", "%D0%BB%D0%B8%D0%BD%D0%B0"),
    ],
)
def test_a_login_is_escaped_in_an_address_alone(login: str, user: str) -> None:
    assert what_is_wrong(line(login=login)) == ""
    told = registration(line(login=login), "203.0.113.7:5080", "udp:0.0.0.0:5080")
    assert told[3:5] == (user, "sip.provider.test")
    assert told[6] == login
    assert told[9] == way(line())


def test_what_nobody_has_answered_yet_is_no_registration() -> None:
    state = read_state("a", "s", NOTHING, NOW)
    assert (state.registered, state.code, state.heard_at, state.expires_at) == (
        False,
        0,
        None,
        None,
    )


@given(left=st.integers(-3600, 3600), code=st.sampled_from([200, 403, 503]))
def test_a_line_is_registered_while_its_time_runs(left: int, code: int) -> None:
    until = NOW + timedelta(seconds=left)
    end = int(until.timestamp()) if code == 200 else 0
    answer = f"{code} {int(NOW.timestamp())} {end} 192.0.2.7:5060 {b'Some reason'.hex()}"
    state = read_state("a", "s", NOTHING | {"answer": answer}, NOW)
    assert state.registered == (code == 200 and left > 0)
    assert (state.code, state.reason, state.address) == (code, "Some reason", "192.0.2.7:5060")
    assert state.heard_at == NOW


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Неверный пароль".encode(), "Неверный пароль"),
        ("Неверный пароль".encode("cp1251"), "Неверный пароль"),
        ("Неверный пароль".encode()[:-1], "Неверный парол"),
        (b"For\0bid\tden", "Forbidden"),
    ],
)
def test_what_a_provider_says_is_read_in_its_alphabet(sent: bytes, read: str) -> None:
    answer = NOTHING | {"answer": f"403 5 0 192.0.2.7:5060 {sent.hex()}"}
    assert read_state("a", "s", answer, NOW).reason == read


def test_an_answer_without_words_is_read() -> None:
    assert read_state("a", "s", NOTHING | {"answer": "503 5 0 192.0.2.7:5060 "}, NOW).reason == ""


def test_the_gateway_sees_calls_come_from_where_kamailio_is(settings: LazySettings) -> None:
    assert our_front("203.0.113.7").inner_ip == config.hidden(settings.SECRET_KEY)
    assert f"{config.hidden(settings.SECRET_KEY)}/32" == settings.REGISTRAR_FROM


@given(secret=st.text())
def test_where_kamailio_calls_from_only_the_secret_tells(secret: str) -> None:
    found = ipaddress.ip_address(config.hidden(secret))
    assert found.is_loopback and found not in ipaddress.ip_network("127.0.0.0/16")
    assert config.hidden("one secret") != config.hidden("another secret")
