"""PostgreSQL, by its own programs pg_dump and pg_restore."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from django.utils.translation import gettext_noop
from psycopg import IsolationLevel
from psycopg.sql import SQL, Identifier, Literal

from monitoring.upkeep.databases import SCRATCH, UpkeepError, beside, rows_of

NO_PROGRAM = gettext_noop(
    "%(program)s is not installed on this server. Install PostgreSQL's client programs of version"
    " %(version)s, the database's own."
)
TOO_OLD = gettext_noop(
    "%(program)s is older than the database, which has version %(version)s. Install PostgreSQL's"
    " client programs of that version."
)
FAILED = gettext_noop("%(program)s did not do its work (exit code %(code)s): %(why)s")
MAY_NOT = gettext_noop(
    "The database's user may not make, rename or delete a database (%(error)s). Give him that"
    " right: ALTER ROLE … CREATEDB."
)
NOT_THERE = gettext_noop(
    "The database does not answer (%(error)s). Start PostgreSQL, then try again."
)
# What pg_dump and pg_restore say goes into a sentence, so far.
SAID = 300


class Postgres:
    """See monitoring.upkeep.databases.Engine."""

    kind = "postgresql"

    def dump(self, target: Path) -> dict[str, int]:
        target.touch(mode=0o600)
        # The whole of a backup is compressed, once.
        plain = ("-Fc", "-Z0", "--no-owner", "--no-privileges", "-f", str(target))
        try:
            with psycopg.connect(**_where()) as held:
                held.isolation_level, held.read_only = IsolationLevel.REPEATABLE_READ, True
                snapshot = str(_one(held, SQL("SELECT pg_export_snapshot()")))
                found = {name: _count(held, name) for name in _tables(held)}
                _run("pg_dump", *plain, f"--snapshot={snapshot}")
        except psycopg.Error as error:
            raise UpkeepError(NOT_THERE, error=type(error).__name__) from error
        return found

    @contextmanager
    def scratch(self, dump: Path) -> Iterator[str]:
        name = f"veyra_scratch_{os.getpid()}"
        with _master() as master:
            _drop(master, name)
            master.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
        try:
            _run("pg_restore", "--no-owner", "--exit-on-error", "-d", name, str(dump))
            with beside({"NAME": name, "OPTIONS": {}}) as alias:
                yield alias
        finally:
            with suppress(UpkeepError), _master() as master:
                _drop(master, name)

    def swap(self, dump: Path, stamp: str) -> str:
        made = str(connections[SCRATCH].settings_dict["NAME"])
        used = str(connections["default"].settings_dict["NAME"])
        before = f"{used}_before_{stamp}".lower()[:63]
        connections[SCRATCH].close()
        _close_ours()
        with _master() as master:
            _shut_out(master, used, True)
            try:
                _exchange(master, used, made, before)
            finally:
                # Whatever happened, something of that name has to be open again.
                _shut_out(master, used, False)
        return before

    def size(self) -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])

    def counts(self, alias: str) -> dict[str, int]:
        return rows_of(alias)

    def damage(self, alias: str) -> str:
        # pg_restore made each row and each constraint anew, or it would have ended.
        return ""


def _where(name: str = "") -> dict[str, Any]:
    """How psycopg gets there; `name`: of another database on the same server."""
    given = connections["default"].settings_dict
    found = {
        "dbname": name or given["NAME"],
        "host": given["HOST"],
        "port": given["PORT"],
        "user": given["USER"],
        "password": given["PASSWORD"],
    }
    return {key: str(value) for key, value in found.items() if value}


@contextmanager
def _master() -> Iterator[psycopg.Connection[Any]]:
    """From where databases are made and renamed: any but the one in use."""
    used = connections["default"].settings_dict["NAME"]
    other = "template1" if used == "postgres" else "postgres"
    try:
        with psycopg.connect(**_where(other), autocommit=True) as master:
            yield master
    except psycopg.errors.InsufficientPrivilege as error:
        raise UpkeepError(MAY_NOT, error=type(error).__name__) from error
    except psycopg.Error as error:
        raise UpkeepError(NOT_THERE, error=type(error).__name__) from error


def _drop(master: psycopg.Connection[Any], name: str) -> None:
    master.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _exchange(master: psycopg.Connection[Any], used: str, made: str, before: str) -> None:
    _rename(master, used, before)
    try:
        _rename(master, made, used)
    except psycopg.Error:
        _rename(master, before, used)
        raise
    _shut_out(master, before, False)


def _rename(master: psycopg.Connection[Any], name: str, to: str) -> None:
    master.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(name), Identifier(to)))


def _shut_out(master: psycopg.Connection[Any], name: str, out: bool) -> None:
    """Our programs come back within a moment, and find the other database."""
    known = _one(master, SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(Literal(name)))
    if not known:
        return
    allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    master.execute(allow.format(Identifier(name), Literal(not out)))
    if out:
        end = SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
        master.execute(end.format(Literal(name)))


def _close_ours() -> None:
    connection: Any = connections["default"]
    connection.close()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()


def _one(held: psycopg.Connection[Any], query: Any) -> Any:
    row = held.execute(query).fetchone()
    return row[0] if row else None


def _tables(held: psycopg.Connection[Any]) -> list[str]:
    known = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    return [row[0] for row in held.execute(known)]


def _count(held: psycopg.Connection[Any], table: str) -> int:
    return int(_one(held, SQL("SELECT count(*) FROM {}").format(Identifier(table))))


def _run(program: str, *arguments: str) -> None:
    """The password stands in no list of processes."""
    variables = {"dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
    where = _where()
    known = {variables[key]: value for key, value in where.items() if key in variables}
    secret = {"PGPASSWORD": where["password"]} if "password" in where else {}
    try:
        subprocess.run(  # noqa: S603  # a program of PostgreSQL's, and words of ours
            [program, *arguments],
            check=True,
            env={**os.environ, **known, **secret},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except FileNotFoundError as error:
        raise UpkeepError(NO_PROGRAM, program=program, version=_version()) from error
    except subprocess.CalledProcessError as error:
        raise _told(program, error) from error


def _told(program: str, error: subprocess.CalledProcessError) -> UpkeepError:
    said = str(error.stderr or "")
    if "server version mismatch" in said:
        return UpkeepError(TOO_OLD, program=program, version=_version())
    why = said.strip().splitlines()[0][:SAID] if said.strip() else ""
    return UpkeepError(FAILED, program=program, code=error.returncode, why=why)


def _version() -> str:
    connection: Any = connections["default"]
    version: Mapping[str, Any] | int = connection.pg_version
    return str(int(version) // 10000) if isinstance(version, int) else ""
