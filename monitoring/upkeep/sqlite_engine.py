"""SQLite, by its own way of copying a database that others write to."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.translation import gettext_noop

from monitoring.upkeep.databases import BEFORE, UpkeepError, beside, rows_of

NOT_READ = gettext_noop(
    "The database could not be copied (%(error)s). Look whether its disk is full or broken."
)

PATIENCE = 60.0


class Sqlite:
    """See monitoring.upkeep.databases.Engine."""

    kind = "sqlite"

    def dump(self, target: Path) -> dict[str, int]:
        try:
            copy(_open_one(), target)
        except (sqlite3.Error, DatabaseError) as error:
            raise UpkeepError(NOT_READ, error=type(error).__name__) from error
        with self.scratch(target) as alias:
            return rows_of(alias)

    @contextmanager
    def scratch(self, dump: Path) -> Iterator[str]:
        with beside({"NAME": str(dump)}) as alias:
            yield alias

    def swap(self, dump: Path, stamp: str) -> str:
        before = settings.BACKUP_DIR / f"{BEFORE}{stamp}.sqlite3"
        try:
            copy(_open_one(), before)
            with closing(sqlite3.connect(dump)) as source:
                source.backup(_open_one(), progress=_patience())
        except (sqlite3.Error, DatabaseError):
            # What is there cannot even be opened: it goes aside as it is.
            before = _exchange_files(dump, before)
        connections["default"].close()
        return str(before)

    def size(self) -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            return int(cursor.fetchone()[0])

    def counts(self, alias: str) -> dict[str, int]:
        return rows_of(alias)

    def damage(self, alias: str) -> str:
        with connections[alias].cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(1)")
            found = str(cursor.fetchone()[0])
            if found != "ok":
                return found
            cursor.execute("PRAGMA foreign_key_check")
            lost = cursor.fetchone()
        return f"{lost[0]} -> {lost[2]}" if lost else ""


def copy(source: sqlite3.Connection, target: Path) -> None:
    """In one step: nobody who writes meanwhile makes it begin anew, and nobody waits for it."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as made:
        source.backup(made, progress=_patience())
        # One file by itself, without a journal beside it.
        made.execute("PRAGMA journal_mode=DELETE")


def _patience() -> Callable[[int, int, int], None]:
    """Who holds the database for ever is not waited for so long."""
    until = time.monotonic() + PATIENCE

    def look(status: int, remaining: int, total: int) -> None:
        if time.monotonic() > until and status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise sqlite3.OperationalError("database is locked")

    return look


def _open_one() -> Any:
    connection = connections["default"]
    connection.ensure_connection()
    return connection.connection


def _exchange_files(dump: Path, aside: Path) -> Path:
    connection = connections["default"]
    connection.close()
    live = Path(str(connection.settings_dict["NAME"]))
    for end in ("", "-wal", "-shm"):
        there = live.with_name(live.name + end)
        if there.exists():
            there.replace(aside.with_name(aside.name + end))
    with closing(sqlite3.connect(dump)) as source:
        copy(source, live)
    return aside
