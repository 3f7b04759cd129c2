"""The database as a whole: copied while it is in use, and put in place of the one in use."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.db import connections
from django.utils.translation import gettext_noop

from veyra.sentences import Sentence

SCRATCH = "scratch"
# How a file is called that holds the database as it was before a restore.
BEFORE = "before-"
CANNOT_RESTORE = gettext_noop(
    "The backup of %(at)s cannot be restored: %(why)s Make another one now."
)


class UpkeepError(Exception):
    """It could not be done; `sentence` says why, and what to do."""

    def __init__(self, msgid: str, **values: Any) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


class Engine(Protocol):
    """What a backup needs of SQLite or PostgreSQL. Every method may raise UpkeepError."""

    kind: str

    def dump(self, target: Path) -> dict[str, int]:
        """Writes all of it, as it is at one moment, to a new file; how many rows each table has."""

    def scratch(self, dump: Path) -> AbstractContextManager[str]:
        """Another database, made of that file, for as long as the block lasts: its alias."""

    def swap(self, dump: Path, stamp: str) -> str:
        """Puts the scratch database, which must be open, in place of the one in use. Under which
        name the old one is kept.
        """

    def size(self) -> int:
        """Bytes of it on the disk."""

    def counts(self, alias: str) -> dict[str, int]:
        """How many rows each table has."""

    def damage(self, alias: str) -> str:
        """What the database finds broken in itself; "": nothing."""


@contextmanager
def beside(changed: Mapping[str, Any]) -> Iterator[str]:
    """A second database, whose settings differ so from those of the one in use: its alias."""
    settings = {**connections["default"].settings_dict, **changed}
    connections.databases[SCRATCH] = settings
    try:
        yield SCRATCH
    finally:
        connections[SCRATCH].close()
        del connections[SCRATCH]
        del connections.databases[SCRATCH]


def rows_of(alias: str) -> dict[str, int]:
    """How many rows each table has."""
    connection = connections[alias]
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*) FROM {quoted}")  # noqa: S608  # a table of ours
            found[table] = int(cursor.fetchone()[0])
    return found
