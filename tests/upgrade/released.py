"""The database of each released version, with data: every later version has to go on from it.

python -m tests.upgrade.released   writes released/<version>.<kind>.sql.gz of the version here
"""

import gzip
import os
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.sql import SQL, Identifier

from tests import postgres
from tests.live.stack import ROOT

FOLDER = Path(__file__).with_name("released")


@dataclass(frozen=True)
class Column:
    """`is_asked`: a row cannot be written without it."""

    name: str
    is_asked: bool


Tables = Mapping[str, frozenset[Column]]


class Database(Protocol):
    kind: str
    url: str

    def ask(self, query: str) -> list[Any]: ...

    def dump(self) -> bytes:
        """SQL that makes it anew."""

    def load(self, dump: bytes) -> None: ...

    def columns(self) -> list[tuple[str, str, bool]]:
        """Of all tables: table, column, and whether a row cannot be written without it."""

    def count(self, table: str) -> int: ...


class Sqlite:
    kind = "sqlite"

    def __init__(self, file: Path) -> None:
        self.file, self.url = file, f"sqlite:///{file}"

    def ask(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as found:
            return found.execute(query).fetchall()

    def dump(self) -> bytes:
        with closing(sqlite3.connect(self.file)) as made:
            return "\n".join(made.iterdump()).encode()

    def load(self, dump: bytes) -> None:
        with closing(sqlite3.connect(self.file)) as made:
            made.executescript(dump.decode())

    def columns(self) -> list[tuple[str, str, bool]]:
        told = self.ask(
            'SELECT t.name, c.name, c."notnull" AND c.dflt_value IS NULL AND NOT c.pk'
            " FROM sqlite_master t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
        )
        return [(table, column, bool(asked)) for table, column, asked in told]

    def count(self, table: str) -> int:
        return int(self.ask(f'SELECT count(*) FROM "{table}"')[0][0])  # noqa: S608  # its own name


class Postgres:
    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as found:
            cursor = found.execute(query)
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> bytes:
        command = ["pg_dump", "--no-owner", "--no-privileges", self.url]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    def load(self, dump: bytes) -> None:
        command = ["psql", "--quiet", "--set", "ON_ERROR_STOP=1", self.url]
        subprocess.run(command, check=True, input=dump, stdout=subprocess.DEVNULL)

    def columns(self) -> list[tuple[str, str, bool]]:
        return self.ask(
            "SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL"
            " AND is_identity = 'NO' FROM information_schema.columns WHERE table_schema = 'public'"
        )

    def count(self, table: str) -> int:
        return int(self.ask(SQL("SELECT count(*) FROM {}").format(Identifier(table)))[0][0])


KINDS = (Sqlite.kind, Postgres.kind)


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[Database]:
    """A database without tables. Raises LookupError where PostgreSQL is not installed."""
    if kind == Sqlite.kind:
        yield Sqlite(folder / "db.sqlite3")
        return
    programs = postgres.programs()
    if programs is None:
        raise LookupError("PostgreSQL is not installed")
    with postgres.cluster(programs) as url:
        yield Postgres(url)


def versions() -> list[str]:
    dumps = FOLDER.glob("*.sql.gz")
    return sorted({path.name.removesuffix(".sql.gz").rsplit(".", 1)[0] for path in dumps})


def dump_of(version: str, kind: str) -> bytes:
    return gzip.decompress((FOLDER / f"{version}.{kind}.sql.gz").read_bytes())


def made(kind: str, root: Path = ROOT) -> bytes:
    """An example line, as the version in `root` keeps it."""
    with (
        tempfile.TemporaryDirectory(prefix="veyra-") as folder,
        empty(kind, Path(folder)) as database,
    ):
        for words in (("migrate", "-v", "0"), ("makeroles",), ("demo",)):
            manage(database, *words, root=root)
        return database.dump()


def manage(database: Database, *words: str, root: Path = ROOT) -> None:
    """A command of the version in `root` on that database. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="veyra-") as state:
        environment = os.environ | {"DATABASE_URL": database.url, "VEYRA_STATE": state}
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


def tables(database: Database) -> Tables:
    found: dict[str, set[Column]] = {}
    for table, name, asked in database.columns():
        found.setdefault(table, set()).add(Column(name, asked))
    return {table: frozenset(columns) for table, columns in found.items()}


def counts(database: Database) -> dict[str, int]:
    return {name: database.count(name) for name in tables(database)}


def broken_for_the_former(former: Tables, later: Tables) -> list[str]:
    """What programs of the former version would miss, or could not write, while the tables are
    those of the later one already.
    """
    wrong = [f"{table} is gone" for table in former.keys() - later.keys()]
    for table in former.keys() & later.keys():
        names = {column.name for column in former[table]}
        there = {column.name for column in later[table]}
        wrong += [f"{table}.{name} is gone" for name in names - there]
        before = {column.name for column in former[table] if column.is_asked}
        asked = {column.name for column in later[table] if column.is_asked}
        wrong += [f"{table}.{name} is asked for" for name in asked - before]
    return sorted(wrong)


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if f"v{version}" in versions():
        sys.exit(f"v{version} is there already: a released version stays as it was.")
    FOLDER.mkdir(exist_ok=True)
    for kind in KINDS:
        target = FOLDER / f"v{version}.{kind}.sql.gz"
        target.write_bytes(gzip.compress(made(kind), mtime=0))
        sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
