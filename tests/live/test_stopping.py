"""Every program of ours ends when its row asks it to; a supervisor brings it back."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.stack import ROOT, free_port, wait_until
from veyra.up import tools
from veyra.up.choose import Choice, Kind
from veyra.up.programs import Layout, programs

pytestmark = pytest.mark.live

ASK = """
from django.utils import timezone
from veyra.running import Program
now = timezone.now()
print(sum(row.ask_to_stop(now) for row in Program.objects.filter(name="{name}")))
"""
OTHERS = [
    pytest.param(name, marks=pytest.mark.prove)
    for name in ("worker", "beat", "tap", "watchdog", "standby", "recorder", "agent")
]


class Desk:
    """Programs as `make run` starts them, beside a broker and an empty database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        socket = folder / "broker.sock"
        self.environment = os.environ | {
            "VEYRA_STATE": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": f"unix://{socket}",
            "LIVEKIT_REDIS_URL": f"unix://{socket}",
            "LIVEKIT_URL": f"ws://127.0.0.1:{free_port()}",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "a secret that is long enough for it",
            "AGENT_PORT": str(free_port()),
            "PORT": str(self.port),
        }
        layout = Layout(
            python=sys.executable,
            base=ROOT,
            state=folder,
            broker="",
            web_host="127.0.0.1",
            web_port=self.port,
            uid=os.getuid(),
        )
        choice = Choice(kind=Kind.CONFIGURED)
        self.commands = {each.name: each.command for each in programs(layout, choice)}
        listens = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
        self._broker = self.start([tools.broker(), *listens])

    def start(self, command: list[str] | tuple[str, ...]) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def asked(self, name: str) -> bool:
        """Its row is there by now, and asks it to stop."""
        return self.manage("shell", "--no-imports", "-c", ASK.format(name=name)).strip() == "1"

    def close(self) -> None:
        self._broker.kill()
        self._broker.wait()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    # pytest's own folders are too deep for a socket's path.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        desk = Desk(Path(folder))
        desk.manage("migrate", "--verbosity", "0")
        yield desk
        desk.close()


@pytest.mark.parametrize("name", ["web", *OTHERS])
def test_a_program_ends_when_its_row_asks_it_to(desk: Desk, name: str) -> None:
    process = desk.start(desk.commands[name])
    try:
        wait_until(lambda: desk.asked(name), f"{name} told nobody that it runs", 60)
        assert process.wait(20) in (0, -15)
    finally:
        process.kill()
        process.wait()
