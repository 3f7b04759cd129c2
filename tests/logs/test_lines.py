"""What stands in a log line, and what never does."""

import io
import json
import logging
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from veyra.logs.config import Writer, program
from veyra.logs.redacting import NUMBER, SECRET, Redactor, secrets_in
from veyra.logs.requests import HEADER, RequestIds

CANARY = "canary-of-a-secret-key"


class Log:
    """A logger of its own, and what it wrote."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(Writer("web", [CANARY]).formatter(for_person=False))
        self.log = logging.Logger("veyra.tried")
        self.log.addHandler(handler)

    @property
    def line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stream.getvalue())
        return found


def test_a_line_says_when_who_and_what() -> None:
    told = Log()
    told.log.warning("%s calls wait", 3, extra={"job_id": "AJ_1"})
    line = told.line
    assert line["event"] == "3 calls wait"
    assert (line["level"], line["logger"], line["program"]) == ("warning", "veyra.tried", "web")
    assert line["job_id"] == "AJ_1"
    assert line["at"].endswith("Z")


def test_an_exception_is_told_without_the_values_of_its_variables() -> None:
    told = Log()
    word = "what a caller said"
    try:
        assert word
        raise OSError("disk full")
    except OSError:
        told.log.exception("not written")
    assert "OSError: disk full" in told.line["exception"]
    assert word not in told.line["exception"].replace('word = "what a caller said"', "")


def test_what_a_child_hands_on_has_its_traceback_apart() -> None:
    told = Log()
    told.log.error("broke\nTraceback (most recent call last):\n  File")
    assert told.line["event"] == "broke"
    assert told.line["exception"].startswith("Traceback")


@pytest.mark.parametrize(
    "text",
    [
        f"key {CANARY}",
        "call from +7 499 112-41-48",
        "call from 74991124148",
        "sip_74991124148 left",
        "support-room-_74991124148_vacDkDD9nuEV",
        "call from 74991124148.",
        "sip:+74991124148@10.0.0.1",
        "8 (499) 112-41-48 rang",
        "redis://:canary-password@host/0",
        "wss://host/rtc?access_token=canarycanary",
        "Authorization: Bearer canary.canary",
        "token eyJhbGciOiJIUzI1.eyJpc3MiOiJ2ZXlyYSJ9.canary-signature",
        "GET /join/canary_canary/",
        "GET /account/new-password/1-canary-canary/",
    ],
)
def test_no_number_and_no_secret_stands_in_a_line(text: str) -> None:
    told = Log()
    try:
        raise ValueError(text)
    except ValueError:
        told.log.exception("%s", text, extra={"about": {"deep": [text]}})
    written = told.stream.getvalue()
    for hidden in ("canary", "4991124148", "112-41-48"):
        # The source line of the traceback names the variable, not its value.
        assert hidden not in written
    assert NUMBER in written or SECRET in written


@pytest.mark.parametrize("name", ["password", "auth_password", "SECRET_KEY", "token", "cookie"])
def test_nothing_is_told_of_a_value_with_a_private_name(name: str) -> None:
    told = Log()
    told.log.info("saved", extra={"about": {name: "anything"}})
    assert told.line["about"] == {name: SECRET}


def test_words_of_a_caller_that_the_agent_library_logs_are_told_to_nobody() -> None:
    source = find_spec("livekit.agents.voice.agent_activity")
    assert source and source.origin
    code = Path(source.origin).read_text()
    names = set(re.findall(r'extra=\{"([^"]*user_input[^"]*)"', code))
    assert names == {"lk.pii.user_input"}
    told = Log()
    told.log.warning("skipping reply", extra=dict.fromkeys(names, "I am Anna"))
    assert told.line["lk.pii.user_input"] == SECRET and "Anna" not in told.stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 14:28:32,123 INFO",
        "2026-11-22T14:28:32.123456Z",
        "call 123e4567-e89b-12d3-a456-426614174000",
        "room RM_tjDvRSuFXZjm of SCL_3YTNrmZ5qDWt",
        "answered in 1234.5678 ms, 12 of 1000000 calls",
        "127.0.0.1:48130",
    ],
)
def test_times_ids_and_counts_stay(text: str) -> None:
    assert Redactor().text(text) == text


def test_short_secrets_are_not_looked_for_in_every_word() -> None:
    assert Redactor(["a"]).text("a day") == "a day"


def test_of_an_address_only_the_password_is_secret() -> None:
    assert secrets_in("redis://me:p%40ss@host", "unix:///broker", "key", "", None) == [
        "p@ss",
        "key",
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["manage.py", "run", "worker-slow", "celery"], ("worker-slow", True)),
        (["manage.py", "runagent"], ("agent", True)),
        (["manage.py", "tap"], ("tap", True)),
        (["manage.py", "diagnose", "--json"], ("diagnose", False)),
        (["/venv/bin/uvicorn", "veyra.asgi:application"], ("uvicorn", True)),
    ],
)
def test_each_program_has_its_name(arguments: list[str], found: tuple[str, bool]) -> None:
    assert program(arguments) == found


def test_lines_of_one_request_have_its_id_and_no_other_line_has() -> None:
    told = Log()

    def view(_request: HttpRequest) -> HttpResponse:
        told.log.info("looked")
        return HttpResponse()

    answer = RequestIds(view)(RequestFactory().get("/callers/?number=%2B74991124148"))
    assert isinstance(answer, HttpResponse)
    assert answer[HEADER] == told.line["request_id"]
    assert structlog.contextvars.get_contextvars() == {}


def test_what_is_searched_for_is_no_part_of_a_request() -> None:
    request = RequestFactory().get("/callers/?number=%2B74991124148")
    assert RequestIds.format_request(request) == "GET /callers/"


SPELLINGS = (
    "+7{}{}{}{}",
    "7{}{}{}{}",
    "8{}{}{}{}",
    "+7 {} {}-{}-{}",
    "8 ({}) {}-{}-{}",
    "+7({}){}{}{}",
)


@given(
    parts=st.tuples(*(st.integers(10 ** (n - 1), 10**n - 1) for n in (3, 3, 2, 2))),
    spelling=st.sampled_from(SPELLINGS),
    before=st.sampled_from((" ", "_", ":", "'", "<", "/", "sip:")),
    after=st.sampled_from(("", " ", "_", "'", ">", "@10.0.0.1", ".", ", 5")),
)
def test_a_number_is_hidden_however_it_is_written(
    parts: tuple[int, ...], spelling: str, before: str, after: str
) -> None:
    number = spelling.format(*parts)
    hidden = Redactor().text(f"a{before}{number}{after}")
    assert number not in hidden
    assert "".join(map(str, parts)) not in "".join(filter(str.isdigit, hidden))
