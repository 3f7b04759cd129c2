"""A word that is put into every secret there is, and the ways to look for it."""

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from agentworker.models import ProviderKey
from agentworker.providers import PROVIDERS
from monitoring.alarms.kinds import KINDS
from monitoring.models import AlertChannel, Hook, Watch
from recordings.models import Ingress, Part, Recording, Storage, Stream, StreamTarget
from telephony.models import FormerPassword, Trunk
from tests.people import matrix
from tests.security.test_addresses import modules
from veyra.secrets import EncryptedTextField

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
    "telephony.FormerPassword": lambda s: FormerPassword.objects.create(
        trunk=Trunk.objects.create(name="former"), column="password", changed_at=NOW, **s
    ),
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


def make_rows() -> list[models.Model]:
    """A row of each kind, with the word in each of its secrets, before and after a change."""
    made = []
    for label, columns in secrets().items():
        row = MADE[label]({name: f"https://x.example/{WORD}-{label}-{name}" for name in columns})
        for name in columns:
            setattr(row, name, f"{getattr(row, name)}-again")
        row.save()
        made.append(row)
    return made


def pages(rows: Iterable[models.Model]) -> Iterator[str]:
    """Every address: with the number or key of each row in it, and each row's own in the admin."""
    keys = sorted({str(row.pk) for row in rows} | {"1"})
    for route in matrix.doors(get_resolver().url_patterns):
        if "logout" not in route:
            yield from (matrix.filled(route, key, key) for key in keys)
    for row in rows:
        if type(row) in admin.site._registry:
            name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
            yield reverse(f"{name}_changelist") + "?q=x"
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_history", args=[row.pk])


def text_of(answer: Any) -> str:
    parts = answer.streaming_content if answer.streaming else [answer.content]
    return b"".join(parts).decode("utf-8", "replace") + str(answer.headers)


def shown_on(
    client: Client, rows: Iterable[models.Model], under: str = "/"
) -> tuple[list[str], int]:
    """The pages on which the word stands, and how many pages there were to look at."""
    found, seen = [], 0
    for address in dict.fromkeys(each for each in pages(rows) if each.startswith(under)):
        answer = client.get(address)
        seen += answer.status_code == 200
        if WORD in text_of(answer):
            found.append(address)
    return found, seen


def tables_with(word: str = WORD) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608  # of our own tables
            if word in str(cursor.fetchall()):
                found.append(table)
    return found


def files_with(path: Path, words: Iterable[str] = (WORD,)) -> list[str]:
    """Of what is packed in this file, that in which one of the words stands."""
    looked_for = [word.encode() for word in words]
    return [name for name, body in _files_in(path) if any(word in body for word in looked_for)]


def _files_in(path: Path) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from ((name, packed.read(name)) for name in packed.namelist())
    else:
        with tarfile.open(path) as tar:
            for member in tar:
                read = tar.extractfile(member)
                yield member.name, read.read() if read else b""


def hidden_fields() -> set[str]:
    """Names of fields in which a form hides what is typed."""
    found = {name for kind in KINDS.values() for name in kind.secrets}
    found |= {f.name for each in PROVIDERS.values() for f in each.fields if f.is_secret}
    for module in modules():
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, forms.BaseForm):
                fields: Mapping[str, forms.Field] = getattr(kind, "base_fields", {})
                found |= {
                    name
                    for name, field in fields.items()
                    if isinstance(field.widget, forms.PasswordInput)
                }
    # A whole address is a secret only where it is hidden, and then it is tried by its own page.
    return {name for name in found if not re.search("url|proxy", name)}
