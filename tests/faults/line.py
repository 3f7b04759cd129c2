"""A whole line on the real stack, kept alive by `manage.py up`, and ways to break it."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.faults.tls import Tls
from tests.live.stack import ROOT, binary, broker_binary, free_port, wait_until
from tests.live.system import SHELL
from tests.live.up import Up

# What proves that the line is well again, at the longest.
CALM_SECONDS = 150
OURS = {
    "web": "manage.py run web ",
    "worker": "manage.py run worker ",
    "worker-calls": "manage.py run worker-calls ",
    "beat": "manage.py run beat ",
    **{name: f"manage.py {name}" for name in ("tap", "watchdog", "standby", "recorder", "lookout")},
    "agent": "manage.py runagent",
    "registrar": "manage.py registrar",
    "livekit-server": "livekit-server --config",
    "livekit-sip": "livekit-sip --config",
    "broker": "valkey-server",
    "kamailio": "kamailio -DD",
}


class Line:
    """Everything of a start, and a desk beside it. Its folders: `state`, and `bin` with LiveKit's
    programs, from which they can be taken.
    """

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.state, self.bin = folder, folder / "s", folder / "bin"
        self.media = self.state / "media"
        self.state.mkdir(exist_ok=True)
        self.bin.mkdir()
        room_for(self.media, 8_000)
        for name in ("livekit-server", "livekit-sip"):
            (self.bin / name).symlink_to(binary(name) or "")
        (self.bin / "valkey-server").symlink_to(broker_binary() or "")
        ports = {"SIP_HEALTH_PORT": str(free_port()), "SIP_METRICS_PORT": str(free_port())}
        self.tls = Tls(folder)
        secure = {
            "LIVEKIT_PUBLIC_URL": self.tls.url,
            "SSL_CERT_FILE": str(self.tls.authorities),
        }
        alarms = {"ALARM_HOSTS": "127.0.0.1"}
        given = {"TEST_CALLS": "false", "DEBUG": "true", **ports, **secure, **alarms, **variables}
        self.up = Up(self.state, **given)
        self.up.environment["PATH"] = f"{self.bin}:{self.up.environment['PATH']}"
        self.up.environment["DJANGO_SETTINGS_MODULE"] = "veyra.settings"
        self._desk: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.up.start()
        self.do("desk.make_line(); desk.heal_by_hand()")
        self.wait_until_well(240)

    def stop(self) -> None:
        rest = []
        if self.up.process and self.up.process.poll() is None:
            rest = self.up.tree()
            # What was made to hang could not end.
            for process in rest:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
            self.up.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.up.process.wait(30)
        psutil.wait_procs(rest, timeout=5)
        if self._desk:
            self._desk.kill()
            self._desk.wait()
        subprocess.run(["umount", "--lazy", str(self.media)], check=False)

    def do(self, code: str) -> Any:
        """Run a line of Python at the desk (tests.faults.desk); what it gives, through JSON."""
        if self._desk is None:
            self._desk = self._open_desk()
        if self._desk.stdin is None or self._desk.stdout is None:
            raise RuntimeError("the desk has no pipes")
        whole = f"from tests.faults import desk\n{code}"
        self._desk.stdin.write(json.dumps(whole) + "\n")
        self._desk.stdin.flush()
        answer: dict[str, Any] = {}
        # Among them are lines of the log.
        while not answer.keys() & {"result", "error"}:
            answer = json.loads(self._desk.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["result"]

    def ask(self, expression: str) -> Any:
        return self.do(f"result = {expression}")

    def _open_desk(self) -> subprocess.Popen[str]:
        with (self.folder / "desk.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", SHELL],
                cwd=ROOT,
                env=self.up.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait_until_well(self, seconds: float = CALM_SECONDS) -> None:
        """Until no check fails and no rule sees anything."""
        found: list[str] = []

        def is_well() -> bool:
            found[:] = self.ask("desk.ill()")
            time.sleep(0.3)
            return not found

        try:
            wait_until(is_well, "the line was not well", seconds)
        except TimeoutError as error:
            raise TimeoutError(f"still ill after {seconds} s: {found}") from error

    def settle(self, times: int = 6) -> None:
        """Nothing is seen any more of what was before, not even calls that have just ended."""
        self.wait_for("desk.all_calls_are_over() and desk.has_run_a_while()")
        for left in reversed(range(times)):
            self.do("desk.begin_anew()")
            try:
                self.wait_until_well(30)
            except TimeoutError:
                if not left:
                    raise
                continue
            self.do("desk.begin_anew()")
            return

    def wait_for(self, expression: str, seconds: float = CALM_SECONDS) -> None:
        """Until this is true at the desk."""
        wait_until(lambda: bool(self.ask(expression)), f"not {expression}", seconds)

    # What breaks

    def process(self, name: str, seconds: float = 30) -> psutil.Process:
        """The program itself, not the leash that keeps it; it may be about to start again."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self._process(name)
            except (StopIteration, psutil.NoSuchProcess):
                if time.monotonic() > end:
                    raise TimeoutError(f"{name} does not run") from None
            time.sleep(0.2)

    def _process(self, name: str) -> psutil.Process:
        words = OURS[name]
        found = [
            pid
            for pid, line in self.up.commands().items()
            if words in line + " " and "leash.py" not in line and "supervisord" not in line
        ]
        tree = {pid: psutil.Process(pid) for pid in found}
        return next(each for pid, each in tree.items() if each.ppid() not in tree)

    def is_there(self, name: str, old: int) -> bool:
        """Another process than that of `old`."""
        try:
            return bool(self._process(name).pid != old)
        except (StopIteration, psutil.NoSuchProcess):
            return False

    def hang(self, name: str) -> None:
        """It lives, and does nothing any more; nor do its children."""
        parent = self.process(name)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)

    def hang_jobs(self) -> None:
        """The processes of assistants, spare ones included; not their parent, which takes calls."""
        for process in self.process("agent").children(recursive=True):
            if process.num_threads() > 1 and not process.children():
                process.send_signal(signal.SIGSTOP)

    def free(self) -> None:
        """What still hangs is ended, and started again by its supervisor."""
        for process in self.up.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() == psutil.STATUS_STOPPED:
                    process.kill()

    def kill(self, name: str) -> None:
        """Its supervisor starts it again."""
        self.process(name).kill()

    def wait_for_program(self, name: str, seconds: float = 60) -> None:
        """Until it has said that it began."""
        old = self.ask(f"desk.begun({name!r})")
        wait_until(lambda: bool(self.ask(f"desk.begun({name!r})") != old), f"no {name}", seconds)

    @property
    def secret(self) -> str:
        """LiveKit's."""
        return str(self.ask("desk.settings.LIVEKIT_API_SECRET"))

    def take_away(self, name: str) -> None:
        """One of LiveKit's programs ends, and is not there to be started again."""
        (self.bin / name).unlink()
        self.kill(name)

    def wait_for_port(self, port: int) -> None:
        """Until somebody listens on it; the supervisor waits longer after each attempt."""

        def is_open() -> bool:
            with socket.socket() as line:
                return line.connect_ex(("127.0.0.1", port)) == 0

        wait_until(is_open, f"nobody listens on {port}", 90)

    def put_back(self, name: str) -> None:
        (self.bin / name).symlink_to(binary(name) or "")

    def type(self, command: str) -> None:
        """As a person does at this host."""
        subprocess.run(command, shell=True, check=True, timeout=30)  # noqa: S602  # as it was shown

    def config(self, name: str, change: Callable[[str], str]) -> None:
        """Write another configuration for one of LiveKit's programs."""
        path = self.state / "run" / f"{name}.yaml"
        path.write_text(change(path.read_text()))

    def call(self, *steps: str, number: str = "74991124148") -> subprocess.Popen[str]:
        """Somebody calls the line."""
        uri = f"sip:{number}@127.0.0.1:{self.up.sip_port}"
        command = [sys.executable, "-m", "telephony.sip_caller", uri, "--user", "79161234567"]
        heard = ["--heard", str(self.folder / "heard.wav"), "--do", *steps]
        return subprocess.Popen(
            [*command, *heard],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


def room_for(folder: Path, megabytes: int) -> None:
    """A disk of its own at `folder`. Raises CalledProcessError where that is not allowed."""
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(megabytes * 1_000_000)
    mkfs = shutil.which("mkfs.ext4") or "/sbin/mkfs.ext4"
    folder.mkdir(exist_ok=True)
    for command in (
        [mkfs, "-q", "-F", str(image)],
        ["mount", "-o", "loop", str(image), str(folder)],
    ):
        subprocess.run(command, check=True, capture_output=True)
