"""A private PostgreSQL for one run of the suite: its own cluster, folder and port.

python -m tests.postgres COMMAND...   runs COMMAND with DATABASE_URL set to it
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.live.stack import free_port

DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None where PostgreSQL is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    newest = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return newest[-1].parent if newest else None


@contextlib.contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """A running server; yields the URL of a database in it."""
    with tempfile.TemporaryDirectory(prefix="veyra-pg-") as folder:
        data, port = f"{folder}/data", free_port()
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            shutil.chown(folder, "postgres")
        _run(programs / "initdb", "-D", data, "-U", "veyra", "--auth=trust", "-E", "UTF8")
        # Nothing here outlives the run, so it need not survive a power cut.
        careless = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        where = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        # Some tests start all of Veyra twice.
        where += " -c max_connections=300"
        log = f"{folder}/log"
        control = programs / "pg_ctl"
        _run(control, "-D", data, "-l", log, "-w", "-o", f"{careless} {where}", "start")
        try:
            yield f"postgres://veyra@127.0.0.1:{port}/postgres"
        finally:
            _run(control, "-D", data, "-w", "-m", "immediate", "stop")


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["setpriv", f"--reuid={pwd.getpwnam('postgres').pw_uid}", "--clear-groups", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")


def main(command: list[str]) -> int:
    found = programs()
    if found is None:
        sys.exit("PostgreSQL is not installed.")
    with cluster(found) as url:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
