"""The database of each released version, with data: every later version has to go on from it.

python -m tests.upgrade.released   writes released/<version>.sql.gz beside it, of the version here
"""

import gzip
import os
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.live.stack import ROOT

FOLDER = Path(__file__).with_name("released")


@dataclass(frozen=True)
class Column:
    """`is_asked`: a row cannot be written without it."""

    name: str
    is_asked: bool


Tables = Mapping[str, frozenset[Column]]


def versions() -> list[str]:
    return sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))


def write(target: Path) -> None:
    """Of an example line, as this version keeps it."""
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        database = Path(folder) / "db.sqlite3"
        manage(database, "migrate", "-v", "0")
        manage(database, "demo")
        with closing(sqlite3.connect(database)) as made:
            target.write_bytes(gzip.compress("\n".join(made.iterdump()).encode(), mtime=0))


def load(dump: Path, database: Path) -> None:
    with closing(sqlite3.connect(database)) as made:
        made.executescript(gzip.decompress(dump.read_bytes()).decode())


def manage(database: Path, *words: str) -> None:
    """A command of this version on that database. Raises CalledProcessError."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{database}",
        "VEYRA_STATE": str(database.parent),
    }
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)


def tables(database: Path) -> Tables:
    with closing(sqlite3.connect(database)) as found:
        names = found.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {name: columns(found, name) for (name,) in names}


def columns(database: sqlite3.Connection, table: str) -> frozenset[Column]:
    told = database.execute(
        'SELECT name, "notnull", dflt_value, pk FROM pragma_table_info(?)', (table,)
    )
    return frozenset(
        Column(name, bool(not_null) and default is None and not key)
        for name, not_null, default, key in told
    )


def counts(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as found:
        return {
            name: found.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  # a table's own name
            for name in tables(database)
        }


def broken_for_the_former(former: Tables, later: Tables) -> list[str]:
    """What programs of the former version would miss, or could not write, while the tables are
    those of the later one already.
    """
    wrong = [f"{table} is gone" for table in former.keys() - later.keys()]
    for table in former.keys() & later.keys():
        names = {column.name for column in former[table]}
        there = {column.name for column in later[table]}
        wrong += [f"{table}.{name} is gone" for name in names - there]
        asked = {column.name for column in later[table] if column.is_asked}
        wrong += [f"{table}.{name} is asked for" for name in asked - names]
    return sorted(wrong)


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / f"v{version}.sql.gz"
    if target.exists():
        sys.exit(f"{target} is there already: a released version stays as it was.")
    write(target)
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
