"""A restore while others read and write, in processes of its own."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.django_db(transaction=True)


class World:
    """A database of its own, and commands that use it."""

    def __init__(self, url: str, state: Path) -> None:
        self.url, self.state = url, state
        self.connect = self._sqlite if url.startswith("sqlite") else self._postgres

    def _sqlite(self) -> Any:
        return closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20))

    def _postgres(self) -> Any:
        return psycopg.connect(self.url)

    def do(self, query: str) -> list[Any]:
        with self.connect() as held:
            found = held.execute(query)
            rows = found.fetchall() if found.description else []
            held.commit()
            return list(rows)

    def manage(self, *arguments: str) -> str:
        known = {"DATABASE_URL": self.url, "VEYRA_STATE": str(self.state), "DEBUG": "false"}
        environment = {**os.environ, **known, "REDIS_URL": "redis://127.0.0.1:9"}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as made:
            connection.connection.backup(made)
        yield World(f"sqlite:///{tmp_path}/db.sqlite3", tmp_path)
        return
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(url.geturl(), autocommit=True) as master:
        master.execute("CREATE DATABASE restored")
    found = World(url._replace(path="/restored").geturl(), tmp_path)
    found.manage("migrate", "-v0")
    yield found
    with psycopg.connect(url.geturl(), autocommit=True) as master:
        like = "SELECT datname FROM pg_database WHERE datname LIKE 'restored%'"
        for (name,) in master.execute(like).fetchall():
            master.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_what_was_there_is_there_again_for_who_had_it_open_all_the_time(world: World) -> None:
    world.do("INSERT INTO veyra_pulse (name, at) VALUES ('before', '2026-11-22 00:00:00+00:00')")
    assert "veyra-" in world.manage("backup")
    world.do("DELETE FROM veyra_pulse")
    world.do("INSERT INTO veyra_pulse (name, at) VALUES ('after', '2026-11-22 00:00:00+00:00')")
    with suppress(psycopg.errors.AdminShutdown), world.connect() as held:
        assert held.execute("SELECT name FROM veyra_pulse").fetchall() == [("after",)]
        held.commit()
        said = world.manage("restore", "latest", "--yes")
        # Nobody has to be started again: SQLite shows the other content to who has it open,
        # PostgreSQL has him come in once more.
        assert held.execute("SELECT name FROM veyra_pulse").fetchall() == [("before",)]
    assert world.do("SELECT name FROM veyra_pulse") == [("before",)]
    # The file that it came from is known, and the database as it was is kept.
    assert world.do("SELECT count(*) FROM monitoring_backup WHERE ok") == [(1,)]
    assert "before" in said
