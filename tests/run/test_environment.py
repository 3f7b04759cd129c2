"""Settings come from the environment: each is explained, and a wrong one is named at start."""

import ast
import re
from pathlib import Path

import pytest

from veyra.environment import Reader, is_address

ROOT = Path(__file__).resolve().parent.parent.parent
# Read before the settings are: it says where they are.
EARLY = {"VEYRA_STATE"}


def variables_read() -> set[str]:
    """First arguments of read.something("NAME", …) in the settings."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse((ROOT / "veyra/settings.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "read"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def variables_of_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def test_every_variable_is_explained_and_nothing_else() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    places = {m[1]: n for n, line in enumerate(lines) if (m := re.match(r"# ([A-Z_]+)=", line))}
    assert set(places) == variables_read() | variables_of_compose() | EARLY
    unexplained = [name for name, n in places.items() if not re.match(r"# .*[.:]", lines[n - 1])]
    assert unexplained == []


def test_the_example_changes_nothing_by_itself() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("value", ["auto", "203.0.113.7", "2001:db8::1"])
def test_an_address_or_auto_is_taken(value: str) -> None:
    assert is_address(value)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("PUBLIC_IP", "my-server", "Write an IP address, or auto."),
        ("PUBLIC_IP", "300.1.1.1", "Write an IP address, or auto."),
    ],
)
def test_a_wrong_choice_is_named_with_what_to_write(
    name: str, value: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    reader = Reader()
    assert reader.choice(name, "", is_address, hint) == ""
    assert [(p.name, p.hint) for p in reader.problems] == [(name, hint)]


def test_a_wrong_value_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:secret@host/name")
    reader = Reader()
    reader.database("DATABASE_URL", "sqlite:////tmp/db.sqlite3")
    assert "secret" not in repr(reader.problems)


@pytest.mark.parametrize("value", ["5060", "20000-10000", "80-90", "a-b", "10000-70000"])
def test_a_range_of_ports_must_be_one(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTP_PORTS", value)
    reader = Reader()
    assert reader.ports("RTP_PORTS", "10000-10100") == (10000, 10100)
    assert reader.problems[0].name == "RTP_PORTS"


@pytest.mark.parametrize("value", ["0", "70000", "http"])
def test_a_port_must_be_a_port(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", value)
    reader = Reader()
    assert reader.whole("PORT", 8000, 1, 65535) == 8000
    assert reader.problems[0].hint == "Write a whole number from 1 to 65535."


@pytest.mark.parametrize(
    ("value", "read"), [("10.0.0.7:5060", "10.0.0.7:5060"), ("none", ""), ("", "127.0.0.1:5060")]
)
def test_an_address_with_a_port_may_be_none(
    value: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIP_TEST_TO", value)
    reader = Reader()
    assert reader.port_of_host("SIP_TEST_TO", "127.0.0.1:5060") == read
    assert reader.problems == []


@pytest.mark.parametrize("value", ["sip.example", "sip.example:", ":5060", "sip.example:70000"])
def test_an_address_without_a_port_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIP_TEST_TO", value)
    reader = Reader()
    assert reader.port_of_host("SIP_TEST_TO", "127.0.0.1:5060") == "127.0.0.1:5060"
    assert [problem.name for problem in reader.problems] == ["SIP_TEST_TO"]
