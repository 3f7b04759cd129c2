"""The id of a request goes with the work that it asks for."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery.signals import before_task_publish
from django.http import HttpResponse
from django.test import Client, RequestFactory

from veyra import celery
from veyra.logs.requests import RequestIds
from veyra.logs.tasks import asked_in, on_behalf_of


@pytest.fixture
def sent() -> Iterator[list[dict[str, Any]]]:
    """The headers of what is put into the queue, which here is a list in memory."""
    found: list[dict[str, Any]] = []

    def see(headers: dict[str, Any], **_: object) -> None:
        found.append(headers)

    before_task_publish.connect(see)
    yield found
    before_task_publish.disconnect(see)


def test_work_that_a_request_asks_for_has_its_id(sent: list[dict[str, Any]]) -> None:
    with on_behalf_of("r-1"):
        assert asked_in() == "r-1"
        celery._publish("monitoring.pulse")
    assert [headers["__django_structlog__"]["request_id"] for headers in sent] == ["r-1"]


def test_work_that_nobody_asked_for_has_none(sent: list[dict[str, Any]]) -> None:
    with on_behalf_of(asked_in()):
        celery._publish("monitoring.pulse")
    assert "request_id" not in sent[0]["__django_structlog__"]


def test_of_requests_that_ask_for_the_same_work_the_first_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(celery, "_publish", lambda task: seen.append((task, asked_in())))
    waker = celery._Waker()
    with waker._lock:
        # It cannot publish before both have asked.
        waker._asked = {"tidy": "r-1"}
    waker.ask("tidy", "r-2")
    thread = waker._thread
    if thread:
        thread.join(5)
    assert seen == [("tidy", "r-1")]


def test_the_workers_lines_have_the_ids_of_task_and_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from django_structlog.celery.receivers import CeleryReceiver

    @celery.app.task(name="tests.tried")  # type: ignore[untyped-decorator]  # celery ships no types
    def tried() -> None: ...

    tried.request.__django_structlog__ = {"request_id": "r-1"}
    try:
        CeleryReceiver().receiver_task_prerun("t-1", tried)
        bound = structlog.contextvars.get_contextvars()
    finally:
        structlog.contextvars.clear_contextvars()
        celery.app.tasks.pop("tests.tried")
    assert (bound["task_id"], bound["request_id"]) == ("t-1", "r-1")


def test_celery_leaves_logging_as_it_is() -> None:
    before = list(logging.getLogger().handlers)
    celery.app.log.setup(loglevel="DEBUG", redirect_stdouts=True)
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize(("status", "level"), [(503, "WARNING"), (404, "INFO")])
def test_an_answer_that_is_meant_so_is_no_error(
    caplog: pytest.LogCaptureFixture, status: int, level: str
) -> None:
    request = RequestFactory().get("/health/ready")
    RequestIds(lambda _: HttpResponse(status=status))(request)
    assert [record.levelname for record in caplog.records] == [level]


def test_a_page_that_breaks_is_one_error_with_its_place(
    caplog: pytest.LogCaptureFixture, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr("monitoring.machines._answer", broken)
    client.raise_request_exception = False
    assert client.get("/health/live").status_code == 500
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.msg["event"] for record in errors if isinstance(record.msg, dict)] == [
        "request_failed"
    ]
