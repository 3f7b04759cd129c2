"""A backup put into a database beside the one in use, proven there, and only then used."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext_noop

from monitoring import forgetting
from monitoring.upkeep import archive, backup
from monitoring.upkeep.archive import DATABASE, Manifest
from monitoring.upkeep.databases import Engine, UpkeepError
from monitoring.upkeep.engine import engine
from monitoring.upkeep.models import Backup, JobRun
from recordings.folder_store import FolderStore
from recordings.stores import Source
from recordings.storing import StoreError
from telephony.models import OutboundCall
from veyra.celery import wake
from veyra.models import Lease
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

OTHER_KIND = gettext_noop(
    "The backup is of %(backup)s, and the database here is %(here)s. Set DATABASE_URL to a"
    " database of that kind, then try again."
)
TOO_NEW = gettext_noop(
    "The backup was made by a newer Veyra (%(migration)s). Install that version, then try again."
)
LESS = gettext_noop(
    "The backup is not whole: the table %(table)s has %(found)s rows instead of %(rows)s."
)
DAMAGED = gettext_noop("The database in the backup is damaged: %(damage)s")
NO_BACKUP = gettext_noop("There is no backup “%(name)s” in %(folder)s.")
NONE_YET = gettext_noop("There is no backup yet. Make one first.")
PROVEN = gettext_noop(
    "The backup of %(at)s was restored for trial: all %(rows)s rows in %(tables)s tables are"
    " there, and this Veyra can work with them."
)
NOT_CALLED = gettext_noop(
    "A backup was restored: what waited to be dialled is not dialled any more."
)


@dataclass(frozen=True)
class Opened:
    """A backup in a scratch database, all of it proven."""

    manifest: Manifest
    alias: str
    dump: Path
    base: Engine


@dataclass(frozen=True)
class Restored:
    """`before`: under which name the database that was in use is kept; `left`: what a person has to
    see to, since it could not be done.
    """

    manifest: Manifest
    before: str
    again: int
    left: list[Sentence]


def find(name: str, field_keys: list[str]) -> Source:
    """By the name of one in BACKUP_DIR, a path, or "latest". Raises UpkeepError, StoreError."""
    path = Path(name)
    if name == "latest":
        names = sorted(each for each in backup.home().names("") if backup.time_of(each))
        if not names:
            raise UpkeepError(NONE_YET)
        path = Path(settings.BACKUP_DIR) / names[-1]
    elif not path.is_file():
        path = Path(settings.BACKUP_DIR) / path.name
    if not path.is_file():
        raise UpkeepError(NO_BACKUP, name=name, folder=str(settings.BACKUP_DIR))
    return backup.source_of(FolderStore(path.parent), path.name, field_keys)


def source_of(row: Backup) -> Source:
    """From this server, or else the copy. Raises StoreError."""
    storage = backup.far()
    if backup.home().exists(row.name) or storage is None:
        return backup.source_of(backup.home(), row.name, settings.FIELD_KEYS)
    store = backup.far_store(storage)
    return backup.source_of(store, backup.COPIES + row.name, settings.FIELD_KEYS)


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Raises UpkeepError, StoreError: there is something wrong with it."""
    base = engine()
    with archive.workplace() as folder:
        manifest = archive.unpack(source, folder)
        if manifest.database != base.kind:
            raise UpkeepError(OTHER_KIND, backup=manifest.database, here=base.kind)
        with base.scratch(folder / DATABASE) as alias:
            _prove(base, manifest, alias)
            yield Opened(manifest, alias, folder / DATABASE, base)


def _prove(base: Engine, manifest: Manifest, alias: str) -> None:
    found = base.counts(alias)
    for table, rows in manifest.rows.items():
        if found.get(table, 0) != rows:
            raise UpkeepError(LESS, table=table, found=found.get(table, 0), rows=rows)
    executor = MigrationExecutor(connections[alias])
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)
    if unknown:
        raise UpkeepError(TOO_NEW, migration=".".join(min(unknown)))
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", database=alias, interactive=False, verbosity=0)
    if damage := base.damage(alias):
        raise UpkeepError(DAMAGED, damage=damage)


def prove(row: Backup, now: datetime) -> Sentence:
    """Restore it for trial. Raises UpkeepError, StoreError."""
    with opened(source_of(row)) as found:
        rows = found.manifest.rows
    Backup.objects.filter(pk=row.pk).update(proven_at=now)
    values = {"at": shown(row.at), "rows": sum(rows.values()), "tables": len(rows)}
    return Sentence(PROVEN, values)


def restore(found: Opened, now: datetime) -> Restored:
    """Use it from now on. The line is published again, and erased callers are erased again."""
    _calm(found.alias)
    before = found.base.swap(found.dump, now.strftime("%Y%m%d%H%M%S"))
    left: list[Sentence] = []
    try:
        backup.adopt()
    except StoreError as error:
        left.append(error.sentence)
    done = forgetting.again(now)
    wake("telephony.apply")
    return Restored(found.manifest, before, len(done.erased), [*left, *done.wrong])


def _calm(alias: str) -> None:
    """What was under way when the backup was made is not begun once more, hours later."""
    Session.objects.using(alias).all().delete()
    Lease.objects.using(alias).all().delete()
    now = timezone.now()
    open_runs = JobRun.objects.using(alias).filter(finished_at=None)
    open_runs.update(started_at=now, finished_at=now, ok=False)
    waiting = OutboundCall.objects.using(alias).filter(state=OutboundCall.State.WAITING)
    waiting.update(
        state=OutboundCall.State.FAILED, result=Sentence(NOT_CALLED).to_json(), over_at=now
    )


def shown(at: datetime) -> str:
    return timezone.localtime(at, timezone.get_default_timezone()).strftime("%d.%m.%Y %H:%M")
