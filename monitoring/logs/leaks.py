"""Does a secret of ours stand anywhere in the clear? Looked for each night.

Every secret is opened in memory and looked for as it is, and as it looks within JSON, an address
or base64. Where one is found, only its name and the place are told and stored.
"""

import base64
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from django_celery_beat.models import PeriodicTask

from monitoring.alarms.models import Delivery
from monitoring.callfile import CallFile
from monitoring.erasure import CallerFile
from monitoring.logs.models import LogError, SupportBundle
from monitoring.recovery.models import RecoveryAction
from monitoring.upkeep.job import Job, Outcome, Period
from monitoring.upkeep.models import JobRun
from veyra.audit_entries import AuditEntry
from veyra.livekit.pairs import made_since
from veyra.secrets import EncryptedTextField, Sealed, SecretError
from veyra.sentences import Sentence

# Shorter ones stand in other words, too.
SHORTEST = 8
CHUNK = 4_000_000
# Of a row's texts at most those of so long ago: what is older was looked through before.
SINCE = timedelta(days=8)
# Encrypted because they are about people; files about them name them, as they must.
ABOUT_PEOPLE = ("monitoring.erasure", "monitoring.callerfile")

CLEAN = _(
    "No secret stands in the clear: %(secrets)s of them were looked for in %(places)s places."
)
LEAKED = _("Secrets stand in the clear in %(places)s places.")
FOUND = _("%(secret)s stands in %(place)s.")
SHORT = _("%(count)s secrets have fewer than %(least)s characters, so they cannot be looked for.")
UNREAD = _("%(place)s could not be read.")


@dataclass(frozen=True)
class Secret:
    """`name`: where it is kept, never what it is. `forms`: as it may stand somewhere."""

    name: str
    forms: tuple[bytes, ...]


def look(now: datetime) -> Outcome:
    """Raises DatabaseError."""
    named = list(_named())
    secrets = [Secret(name, forms(value)) for name, value in named if len(value) >= SHORTEST]
    found: dict[tuple[str, str], None] = {}
    unread: list[str] = []
    places = 0
    for place, texts in (*_tables(now), *_files(unread)):
        places += 1
        for text in texts:
            found |= {(secret.name, place): None for secret in secrets if stands(secret, text)}
    details = [Sentence(FOUND, {"secret": name, "place": place}) for name, place in found]
    if short := len(named) - len(secrets):
        details.append(Sentence(SHORT, {"count": short, "least": SHORTEST}))
    details += [Sentence(UNREAD, {"place": place}) for place in unread]
    leaked = {place for _name, place in found}
    told = Sentence(LEAKED, {"places": len(leaked)})
    clean = Sentence(CLEAN, {"secrets": len(secrets), "places": places})
    return Outcome(not leaked, told if leaked else clean, details)


NAME = "leaks"
JOBS = (
    Job(
        NAME,
        gettext_lazy("Secrets in the clear"),
        gettext_lazy(
            "Looks whether a password or key of ours stands in a log, a backup or a file that"
            " people took."
        ),
        Period.DAILY,
        look,
    ),
)


def leaked_in() -> list[str]:
    """Where the last look found secrets."""
    row = JobRun.objects.ended().of(NAME).newest().first()
    told = row.tells if row and row.ok is False else []
    return sorted({str(each.values["place"]) for each in told if each.msgid == FOUND})


def forms(value: str) -> tuple[bytes, ...]:
    packed = base64.b64encode(value.encode()).decode().rstrip("=")
    # Where it stands within other text, its last letters are packed together with what follows.
    written = (
        value,
        json.dumps(value)[1:-1],
        quote(value, safe=""),
        packed[: len(packed) // 4 * 4],
    )
    return tuple({each.encode(): None for each in written})


def stands(secret: Secret, text: bytes) -> bool:
    return any(each in text for each in secret.forms)


def _named() -> Iterator[tuple[str, str]]:
    """(where it is kept, what it is) of each secret there is."""
    for number, value in enumerate(settings.OWN_SECRETS, 1):
        yield f"settings {number}", value
    for pair in made_since():
        yield f"LiveKit {pair.name}", pair.secret
    for model in apps.get_models():
        fields = [each for each in model._meta.fields if isinstance(each, EncryptedTextField)]
        if model._meta.label_lower not in ABOUT_PEOPLE:
            for field in fields:
                yield from _of_field(model, field.attname)


def _of_field(model: type[models.Model], name: str) -> Iterator[tuple[str, str]]:
    for pk, stored in model._base_manager.values_list("pk", name).iterator():
        if isinstance(stored, Sealed):
            try:
                yield f"{model._meta.label} {pk}: {name}", stored.open()
            except SecretError:
                continue


def _tables(now: datetime) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Rows in which programs and people write down what happened, and what work was asked for."""
    since = now - SINCE
    rows: list[tuple[models.QuerySet[models.Model], Sequence[str]]] = [
        (LogError.objects.filter(last_at__gte=since), ("words", "sample")),
        (LogEntry.objects.filter(action_time__gte=since), ("object_repr", "change_message")),
        (AuditEntry.objects.filter(timestamp__gte=since), ("object_repr", "changes")),
        (Delivery.objects.made_since(since), ("name", "error")),
        (JobRun.objects.filter(at__gte=since), ("sentence", "details")),
        (RecoveryAction.objects.filter(at__gte=since), ("target", "sentence")),
        (PeriodicTask.objects.all(), ("args", "kwargs", "description")),
    ]
    for found, names in rows:
        yield found.model._meta.label, _texts(found, names)


def _texts(rows: models.QuerySet[models.Model], names: Sequence[str]) -> Iterator[bytes]:
    told = rows.values_list(*(Cast(name, TextField()) for name in names)).iterator()
    for row in told:
        text = "\n".join(str(each) for each in row)
        # JSON has quotes and letters of other languages in its own way.
        yield text.encode()


def _files(unread: list[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Logs, backups, and what was made for people to take."""
    kinds = (CallFile, CallerFile, SupportBundle)
    folders = dict.fromkeys([Path(settings.LOGS), Path(settings.LINE_LOGS)])
    folders |= dict.fromkeys([Path(settings.BACKUP_DIR), *(kind.folder() for kind in kinds)])
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"{folder.name}/{path.relative_to(folder)}", _read(path, unread)


def _read(path: Path, unread: list[str]) -> Iterator[bytes]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    with archive.open(name) as part:
                        yield from pieces(part)
        else:
            with path.open("rb") as file:
                yield from pieces(file)
    except FileNotFoundError:  # its time was over just now
        return
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        unread.append(path.name)


def pieces(file: IO[bytes], size: int = CHUNK, overlap: int = 2_000) -> Iterator[bytes]:
    """So that what stands across the end of one stands whole in the next."""
    before = b""
    while chunk := file.read(size):
        yield before + chunk
        before = (before + chunk)[-overlap:]
