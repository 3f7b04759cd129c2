"""The live suite with two webs, two workers and two workers of assistants beside one PostgreSQL
and one Redis, as on two hosts.

python -m tests.live.twice [ARGUMENTS OF PYTEST]
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, SO_REUSEADDR, SOL_SOCKET, socket
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tests import postgres

# The URL of the PostgreSQL in which each system gets a database; unset: all is there once.
SERVER = "LIVE_TWICE"
Master = psycopg.Connection[tuple[object, ...]]
TWINS = {"web": "second web", "worker": "second worker", "agent": "second agent"}
SUITE = ("-m", "live and not browser and not prove", "-n", "2", "--dist", "loadfile")


def server() -> str:
    return os.environ.get(SERVER, "")


def database(folder: Path) -> str:
    """A new one for the system in that folder: its URL."""
    name = folder.name.replace("-", "_").lower()
    with _master() as master:
        template = _ready() if _is_there(master, _ready()) else "template1"
        _make(master, name, template)
    return urlsplit(server())._replace(path=f"/{name}").geturl()


def make_tables(url: str, manage: Callable[..., object]) -> None:
    """To migrate takes seconds: the first one's tables, while they are empty, are kept for all."""
    with _master() as master:
        if not _is_there(master, _ready()):
            manage("migrate", "--verbosity", "0")
            _make(master, _ready(), urlsplit(url).path.strip("/"))


def _make(master: Master, name: str, template: str) -> None:
    made = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
    master.execute(made)


def _is_there(master: Master, name: str) -> bool:
    known = master.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return known.fetchone() is not None


def _ready() -> str:
    """Of this process of pytest."""
    return f"ready_{os.getpid()}"


@contextmanager
def _master() -> Iterator[Master]:
    with psycopg.connect(server(), autocommit=True) as master:
        yield master


@contextmanager
def door(port: int) -> Iterator[socket]:
    """At which both webs listen; whoever is free takes the next request."""
    with socket(AF_INET) as listening:
        listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(2048)
        listening.set_inheritable(True)
        yield listening


def main(arguments: list[str]) -> int:
    programs = postgres.programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed.")
    with postgres.cluster(programs) as url:
        command = [sys.executable, "-m", "pytest", "-q", *(arguments or SUITE)]
        return subprocess.run(command, env=os.environ | {SERVER: url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
