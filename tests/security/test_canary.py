"""A word put into every secret that there is stands nowhere else: in no page, answer of the API,
log, change, file, argument of work, message, figure or row of the database as a backup has it.

And whoever looks for it would find it: each way of looking is tried with a leak made on purpose.
"""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import models, transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from monitoring.access.export import written
from monitoring.logs import bundle
from monitoring.models import Hook
from monitoring.upkeep import archive
from telephony.models import Trunk
from tests.people import matrix
from tests.security.canary import (
    MADE,
    WORD,
    files_with,
    hidden_fields,
    make_rows,
    secrets,
    shown_on,
    tables_with,
    text_of,
)
from tests.upkeep.conftest import committed
from veyra import celery, live
from veyra.models import AuditEntry, User

__all__ = ["committed"]
pytestmark = pytest.mark.django_db
Rows = list[models.Model]


@pytest.fixture
def rows() -> Rows:
    return make_rows()


@pytest.fixture
def owner(settings: LazySettings) -> Client:
    user = User.objects.create_superuser(
        "owner", password="x", language="en", set_up_at=timezone.now()
    )
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_every_secret_column_is_tried(rows: Rows) -> None:
    assert set(secrets()) <= set(MADE) and len(rows) == len(secrets())


def test_no_page_and_no_answer_of_the_api_shows_a_secret(
    rows: Rows, owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    shown, seen = shown_on(owner, rows)
    assert shown == [] and seen > 60
    assert WORD not in caplog.text


def test_a_page_that_shows_one_is_found(
    rows: Rows, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hook, "labels", property(lambda hook: [hook.url]))
    hooks = [row for row in rows if isinstance(row, Hook)]
    shown, _seen = shown_on(owner, hooks, "/webhooks/")
    assert f"/webhooks/{hooks[0].pk}/" in shown and "/webhooks/" in shown


def test_no_row_holds_a_secret_in_the_clear(rows: Rows) -> None:
    """So no record of changes and no kept error does."""
    assert tables_with() == []


def test_a_row_that_holds_one_is_found(rows: Rows) -> None:
    entry = AuditEntry.objects.order_by("pk").last()
    assert entry
    AuditEntry.objects.filter(pk=entry.pk).update(changes={"url": ["", f"https://x/{WORD}"]})
    Trunk.objects.update(username=WORD)
    assert set(tables_with()) == {AuditEntry._meta.db_table, Trunk._meta.db_table}


@pytest.mark.usefixtures("committed")
def test_a_backup_holds_none_even_where_it_is_opened(
    rows: Rows, tmp_path: Path, settings: LazySettings
) -> None:
    settings.BACKUP_DIR, settings.STATE = tmp_path / "backups", tmp_path
    packed = archive.pack(tmp_path, timezone.now())
    ours = (settings.SECRET_KEY, *settings.FIELD_KEYS, settings.LIVEKIT_API_SECRET)
    assert files_with(packed, (WORD, *ours)) == []
    Trunk.objects.update(username=WORD)
    again = tmp_path / "again"
    again.mkdir()
    assert files_with(archive.pack(again, timezone.now())) == ["database"]


def test_no_file_and_no_figure_holds_a_secret(
    rows: Rows, owner: Client, tmp_path: Path, settings: LazySettings
) -> None:
    settings.MEDIA_ROOT = settings.STATE = tmp_path
    user = User.objects.get()
    span = timedelta(days=1)
    assert WORD not in "".join(written(user, timezone.now() - span, timezone.now() + span))
    assert WORD not in text_of(owner.get("/metrics")) + text_of(owner.get("/health"))
    row = bundle.ask(user, uuid4())
    assert bundle.run_next()
    row.refresh_from_db()
    assert files_with(Path(row.path)) == []


def test_what_is_typed_into_a_hidden_field_comes_back_on_no_page(
    rows: Rows, owner: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else is wrong with the form. One door ends the session: it is not asked for."""
    typed = dict.fromkeys(hidden_fields(), WORD)
    assert {"password", "new_secret", "secret", "token", "key"} <= set(typed)
    user = User.objects.get()
    monkeypatch.setattr("django.contrib.auth.get_user", lambda _request: user)
    shown, refused = [], 0
    for route in matrix.doors(get_resolver().url_patterns):
        is_api = route.startswith("api/")
        for row in ("1", str(rows[0].pk)):
            kind = "application/json" if is_api else None
            body = json.dumps(typed) if is_api else typed
            more: Any = {"content_type": kind} if kind else {}
            with transaction.atomic():
                answer = owner.post(matrix.filled(route, row, row), body, **more)
                transaction.set_rollback(True)
            refused += answer.status_code == 400
            if WORD in text_of(answer):
                shown.append(route)
    assert shown == [] and refused > 20
    assert WORD not in caplog.text


def test_a_fault_in_a_page_shows_and_keeps_no_secret(
    owner: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("it broke")

    monkeypatch.setattr(Hook, "save", broken)
    form = {"name": "crm", "url": f"https://93.184.216.34/{WORD}", "kinds": ["call.ended"]}
    answer = owner.post("/webhooks/add/", form | {"language": "en"})
    assert answer.status_code == 500
    assert WORD not in text_of(answer) and WORD not in caplog.text


def test_a_log_that_holds_one_is_found(
    rows: Rows, owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("monitoring").warning("told %s", Hook.objects.get().url)
    assert WORD in caplog.text


Told = tuple[list[tuple[Any, ...]], list[tuple[str, str]]]


@pytest.fixture
def listen(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> Callable[[Callable[[], None]], Told]:
    """What is asked of workers, and what is told to pages, while something is done."""

    def listening(do: Callable[[], None]) -> Told:
        work: list[tuple[Any, ...]] = []
        told: list[tuple[str, str]] = []
        monkeypatch.setattr(celery.app, "send_task", lambda *args, retry: work.append(args))
        monkeypatch.setattr(live, "_send", lambda kind, pk: told.append((kind, pk)))
        with django_capture_on_commit_callbacks(execute=True):
            do()
        if thread := celery._waker._thread:
            thread.join(5)
        return work, told

    return listening


def test_work_is_asked_for_by_name_alone_and_messages_name_rows_only(
    rows: Rows, listen: Callable[..., Told]
) -> None:
    def do() -> None:
        celery.wake("telephony.apply")
        live.changed("call", rows[0].pk)
        for row in rows:
            row.save()

    work, told = listen(do)
    assert ("telephony.apply",) in work and {len(args) for args in work} == {1}
    assert ("call", str(rows[0].pk)) in told and WORD not in f"{work}{told}"


def test_work_and_messages_that_hold_one_are_found(rows: Rows, listen: Callable[..., Told]) -> None:
    url = Hook.objects.get().url

    def do() -> None:
        celery.wake(f"telephony.apply {url}")
        live.changed("call", url)

    work, told = listen(do)
    assert WORD in str(work) and WORD in str(told)
