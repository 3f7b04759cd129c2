"""Where both opponents run: one PostgreSQL, one broker, one process of each kind for each."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.live.stack import ROOT, free_port, wait_until
from tests.live.system import System
from tests.postgres import cluster, programs
from veyra.livekit.probe import server_answers

BARE = "tests.bench.bare"


class MissingError(Exception):
    """Something that the comparison needs is not on this machine."""


class Ground:
    """Veyra's programs are started by `system`, the opponent's by `start_bare_…`."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.bare_port = free_port()
        self.bare: list[subprocess.Popen[bytes]] = []
        self.environment = {**system.environment, "DJANGO_SETTINGS_MODULE": f"{BARE}.settings"}

    def start_web(self) -> subprocess.Popen[bytes]:
        self.system.start_program("web")
        wait_until(lambda: _answers(self.system.web_port, "/health/live"), "no web")
        return self.system.processes["web"]

    def start_simulator(self) -> None:
        """In place of LiveKit; it is never for production."""
        command = [sys.executable, "manage.py", "simulator", "--port", str(self.system.stack.port)]
        environment = {**self.system.environment, "DEBUG": "true"}
        self.bare.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        wait_until(lambda: server_answers(self.system.stack.url), "no simulator", 90)

    def start_bare_web(self) -> subprocess.Popen[bytes]:
        options = ["--host", "127.0.0.1", "--port", str(self.bare_port), "--lifespan", "off"]
        web = self.start_bare("uvicorn", f"{BARE}.asgi:application", *options)
        wait_until(lambda: _answers(self.bare_port, "/"), "no bare web")
        return web

    def start_bare_worker(self) -> subprocess.Popen[bytes]:
        options = ["-P", "threads", "-c", "4", "-Q", "bare", "-l", "INFO"]
        worker = self.start_bare("celery", "-A", f"{BARE}.celery", "worker", *options)
        log = self.system.folder / "celery.log"
        wait_until(lambda: "ready." in log.read_text(), "no bare worker")
        return worker

    def start_bare(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.system.folder / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.bare.append(process)
        return process

    def stop(self) -> None:
        for process in self.bare:
            process.terminate()
        for process in self.bare:
            process.wait(15)
        self.system.stop()


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def ground() -> Iterator[Ground]:
    """A broker and a migrated PostgreSQL; everything is ended behind the block."""
    found = programs()
    if found is None:
        raise MissingError("PostgreSQL is not installed")
    # pytest's own folders are too deep for a socket's path, which ends at 107 characters.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder, cluster(found) as database:
        system = System(Path(folder), database, DEBUG="false")
        arena = Ground(system)
        try:
            system.stack.start_broker()
            system.manage("migrate", "--verbosity", "0")
            yield arena
        finally:
            arena.stop()
