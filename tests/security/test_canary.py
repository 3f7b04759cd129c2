"""A word put into every secret that there is stands nowhere else: in no page, answer of the API,
log, change, file, argument of work, message, figure or row of the database as a backup has it.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from agentworker.models import ProviderKey
from monitoring.access.export import written
from monitoring.logs import bundle
from monitoring.models import AlertChannel, Hook, Watch
from recordings.models import Ingress, Part, Recording, Storage, Stream, StreamTarget
from telephony.models import Trunk
from tests.people.test_doors import doors
from veyra import celery, live
from veyra.models import User
from veyra.secrets import EncryptedTextField

pytestmark = pytest.mark.django_db
WORD = "canary7f3a"
# A caller's own number is encrypted, too, and whoever asked for his file or erased him reads it.
NO_SECRET = {"monitoring.Erasure.number", "monitoring.CallerFile.number"}
Make = Callable[[dict[str, str]], models.Model]
NOW = timezone.now()
MADE: Mapping[str, Make] = {
    "agentworker.ProviderKey": lambda s: ProviderKey.objects.create(
        name="key", provider="openai", **s
    ),
    "telephony.Trunk": lambda s: Trunk.objects.create(name="line", addresses="10.0.0.1", **s),
    "recordings.Ingress": lambda s: Ingress.objects.create(
        name="in", kind="rtmp", room_name="r", **s
    ),
    "recordings.StreamTarget": lambda s: StreamTarget.objects.create(
        stream=Stream.objects.create(room_name="r"), shown="rtmp://host/…", **s
    ),
    "recordings.Storage": lambda s: Storage.objects.create(name="store", kind="s3", **s),
    "recordings.Recording": lambda s: Recording.objects.create(state="missing", **s),
    "recordings.Part": lambda s: Part.objects.create(
        room_name="r", room_sid="RM", recorder="ours", began_at=NOW, **s
    ),
    "monitoring.AlertChannel": lambda s: AlertChannel.objects.create(
        name="chat", kind="webhook", language="en", secret=f'{{"url": "{s["secret"]}"}}'
    ),
    "monitoring.Watch": lambda s: Watch.objects.create(pk=1, **s),
    "monitoring.Hook": lambda s: Hook.objects.create(
        name="crm", host="crm.example.org", language="en", kinds=["call.ended"], **s
    ),
}


def secrets() -> dict[str, list[str]]:
    """{"app.Model": [columns]} of this project's secrets, found from the models."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            name = f"{model._meta.label}.{field.name}"
            if isinstance(field, EncryptedTextField) and name not in NO_SECRET:
                found.setdefault(model._meta.label, []).append(field.name)
    return found


@pytest.fixture
def rows() -> list[models.Model]:
    made = []
    for label, columns in secrets().items():
        row = MADE[label]({name: f"https://x.example/{WORD}-{label}-{name}" for name in columns})
        for name in columns:  # changed, so that the record of changes has it before and after
            setattr(row, name, f"{getattr(row, name)}-again")
        row.save()
        made.append(row)
    return made


@pytest.fixture
def owner(settings: LazySettings) -> Client:
    user = User.objects.create_superuser(
        "owner", password="x", language="en", set_up_at=timezone.now()
    )
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_every_secret_column_is_tried(rows: list[models.Model]) -> None:
    assert set(secrets()) == set(MADE) and len(rows) == len(MADE)


def pages(rows: list[models.Model]) -> Iterator[str]:
    """Every address: with the number or key of each row in it, and each row's own in the admin."""
    for route in doors(get_resolver().url_patterns):
        if "logout" in route:
            continue
        for key in {str(row.pk) for row in rows} | {"1"} if "<" in route else {"1"}:
            address = re.sub(r"<(int|uuid|path):\w+>", key, route)
            yield "/" + re.sub(r"<.*?>", "csv", address)
    for row in rows:
        if type(row) in admin.site._registry:
            name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
            yield reverse(f"{name}_changelist") + "?q=x"
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_history", args=[row.pk])


def text_of(answer: Any) -> str:
    parts = answer.streaming_content if answer.streaming else [answer.content]
    return b"".join(parts).decode("utf-8", "replace") + str(answer.headers)


def test_no_page_and_no_answer_of_the_api_shows_a_secret(
    rows: list[models.Model], owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    seen, shown = 0, []
    for address in dict.fromkeys(pages(rows)):
        answer = owner.get(address)
        seen += answer.status_code == 200
        if WORD in text_of(answer):
            shown.append(address)
    assert shown == [] and seen > 60
    assert WORD not in caplog.text


def test_no_row_holds_a_secret_in_the_clear(rows: list[models.Model]) -> None:
    """So no backup does before it is sealed, no record of changes and no kept error."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608  # of our own tables
            if WORD in str(cursor.fetchall()):
                told.append(table)
    assert told == []


def test_no_file_and_no_figure_holds_a_secret(
    rows: list[models.Model], owner: Client, tmp_path: Path, settings: LazySettings
) -> None:
    settings.MEDIA_ROOT = settings.STATE = tmp_path
    user = User.objects.get()
    span = timedelta(days=1)
    assert WORD not in "".join(written(user, timezone.now() - span, timezone.now() + span))
    assert WORD not in text_of(owner.get("/metrics")) + text_of(owner.get("/health"))
    row = bundle.ask(user, uuid4())
    assert bundle.run_next()
    row.refresh_from_db()
    with zipfile.ZipFile(row.path) as packed:
        for name in packed.namelist():
            assert WORD.encode() not in packed.read(name), name


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


def test_work_is_asked_for_by_name_alone_and_messages_name_rows_only(
    rows: list[models.Model],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    work: list[tuple[Any, ...]] = []
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(celery.app, "send_task", lambda *args, retry: work.append(args))
    monkeypatch.setattr(live, "_send", lambda kind, pk: told.append((kind, pk)))
    with django_capture_on_commit_callbacks(execute=True):
        celery.wake("telephony.apply")
        live.changed("call", rows[0].pk)
        for row in rows:
            row.save()
    thread = celery._waker._thread
    if thread:
        thread.join(5)
    assert ("telephony.apply",) in work and {len(args) for args in work} == {1}
    assert ("call", str(rows[0].pk)) in told and WORD not in f"{work}{told}"
