"""`manage.py up` in a folder and on ports of its own, as `make run` starts it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.live.stack import ROOT, binary, free_port, free_range, wait_until

LEASH = str(ROOT / "veyra/up/leash.py")


class Up:
    """One start in a folder and on ports of its own."""

    def __init__(self, state: Path, **changes: str) -> None:
        self.state = state
        self.port, self.sip_port, self.livekit_port = free_port(), free_port(), free_port()
        found = {binary(name) or "" for name in ("livekit-server", "livekit-sip")}
        folders = [str(Path(path).parent) for path in found]
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "LIVEKIT_URL")},
            "PATH": os.pathsep.join([*folders, os.environ["PATH"]]),
            "VEYRA_STATE": str(state),
            "PORT": str(self.port),
            "LIVEKIT_PORT": str(self.livekit_port),
            "LIVEKIT_UDP_PORT": str(free_port()),
            "AGENT_PORT": str(free_port()),
            "SIP_PORT": str(self.sip_port),
            "REGISTRAR_PORT": str(free_range(4)[0]),
            "RTP_PORTS": "{}-{}".format(*free_range(50)),
            "LANG": "C.UTF-8",
            **changes,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-I", "-S", LEASH, sys.executable, "manage.py", "up"]
        with (self.state / "out").open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT
            )
        wait_until(lambda: "Veyra is ready" in self.output(), "no address was printed", 300)

    def stop(self) -> None:
        """All of it, as Ctrl-C does."""
        if self.process is None:
            return
        rest = self.tree() if self.process.poll() is None else []
        self.process.terminate()
        self.process.wait(90)
        psutil.wait_procs(rest, timeout=5)

    def output(self) -> str:
        return (self.state / "out").read_text()

    def commands(self) -> dict[int, str]:
        """The command line of each living process of this start."""
        found = {}
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):  # it died while we looked
                found[process.pid] = " ".join(process.cmdline())
        return found

    def tree(self) -> list[psutil.Process]:
        assert self.process is not None
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def child(self, words: str) -> psutil.Process:
        return psutil.Process(next(p for p, line in self.commands().items() if words in line))

    def again(self, **changes: str) -> subprocess.CompletedProcess[str]:
        """One more start that is expected to end by itself."""
        return subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**self.environment, **changes},
            capture_output=True,
            text=True,
            timeout=60,
        )
