"""Veyra as it runs: web, worker, tap and assistant as processes, beside a real LiveKit.

system = System(folder); system.start()
system.manage("loaddata", ...)      # or open_database() for rows
result = system.call("74991124148", "listen:20")
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any

from tests.live import twice
from tests.live.stack import ROOT, Stack, free_port, wait_until

QUEUES = "default,calls,hands,livekit,saving,slow"
PROGRAMS = ("web", "worker", "beat", "tap", "agent")
_empty: dict[str, bytes] = {}
LINE_IS_LIVE = """
from telephony.models import PublishedObject
states = list(PublishedObject.objects.values_list("state", flat=True))
result = bool(states) and set(states) == {"live"}
"""


# Reads a line of JSON (code), runs it, writes a line of JSON (its `result`).
SHELL = """
import json, os, sys, traceback, django
# Answers have the pipe for themselves: the log is written to stdout, too.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
django.setup()
for line in sys.stdin:
    names = {}
    try:
        exec(json.loads(line), names)
        answer = {"result": names.get("result")}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer, default=str), file=answers, flush=True)
"""


class System:
    """All of it. `start` any subset of PROGRAMS; logs lie in `folder` as <program>.log.

    Within tests.live.twice there are two of some, but for those in `alone` (words).
    """

    application = "veyra.asgi:application"

    def __init__(
        self, folder: Path, database: str = "", *, alone: str = "", **environment: str
    ) -> None:
        self.folder = folder
        self.is_twice = bool(twice.server() and not database)
        self.twins = {
            k: v for k, v in twice.TWINS.items() if self.is_twice and k not in alone.split()
        }
        if self.is_twice:
            database = twice.database(folder)
        self.stack = Stack(folder, variables=environment)
        self.web_port = self.stack.webhook_port
        self.agent_port = free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.environment = {
            **os.environ,
            **self.stack.environment(),
            "VEYRA_STATE": str(folder),
            "DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3",
            "PORT": str(self.web_port),
            "AGENT_PORT": str(self.agent_port),
            "DEBUG": "true",
            "DJANGO_SETTINGS_MODULE": "veyra.settings",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._shell: subprocess.Popen[str] | None = None

    def start(self, *programs: str) -> None:
        """LiveKit, the tables, then `programs` (all, if none is named), each until it is ready."""
        self.stack.start()
        self._make_tables()
        for program in programs or PROGRAMS:
            self.start_program(program)
        for program in programs or PROGRAMS:
            wait_until(self._ready(program), f"{program} was not ready", 90)

    def _make_tables(self) -> None:
        """To migrate takes seconds: a run's first system leaves its empty file to the others."""
        own = self.folder / "db.sqlite3"
        if self.is_twice:
            twice.make_tables(self.environment["DATABASE_URL"], self.manage)
        elif self.environment["DATABASE_URL"] != f"sqlite:///{own}":
            self.manage("migrate", "--verbosity", "0")
        elif empty := _empty.get("file"):
            own.write_bytes(empty)
        else:
            self.manage("migrate", "--verbosity", "0")
            _empty["file"] = own.read_bytes()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for name in reversed(list(self.processes)):
            if name in self.processes:
                self.end(name)
        if self._shell:
            self._shell.kill()
            self._shell.wait()
        self.stack.stop()

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py to its end; its output. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def ask(self, code: str) -> Any:
        """Run Python beside the system's database; what it leaves in `result`, through JSON."""
        if self._shell is None:
            self._shell = subprocess.Popen(
                [sys.executable, "-c", SHELL],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        if self._shell.stdin is None or self._shell.stdout is None:
            raise RuntimeError("the shell has no pipes")
        self._shell.stdin.write(json.dumps(textwrap.dedent(code)) + "\n")
        self._shell.stdin.flush()
        answer = json.loads(self._shell.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["result"]

    def wait_for_line(self, seconds: float = 60) -> None:
        """Until everything that was saved stands in LiveKit."""
        wait_until(lambda: bool(self.ask(LINE_IS_LIVE)), "the line was not published", seconds)

    def start_program(self, name: str) -> None:
        shared = name == "web" and name in self.twins
        with twice.door(self.web_port) if shared else nullcontext() as door:
            self._spawn(name, door)
            if twin := self.twins.get(name):
                self._spawn(twin, door)

    def _spawn(self, name: str, door: socket | None) -> None:
        # A test run that is killed takes its processes along.
        leash = shutil.which("setpriv")
        command = [*([leash, "--pdeathsig", "KILL"] if leash else []), *self._command(name)]
        if door:
            command += ["--fd", str(door.fileno())]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[door.fileno()] if door else [],
            )

    def end(self, name: str, seconds: float = 15) -> None:
        """Ask a program to stop, and insist after `seconds`."""
        if self.twins.get(name) in self.processes:
            self.end(self.twins[name], seconds)
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _command(self, name: str) -> list[str]:
        python = sys.executable
        celery = [python, "-m", "celery", "-A", "veyra"]
        uvicorn = [python, "-m", "uvicorn", self.application, "--host", "127.0.0.1"]
        work = ["worker", "-P", "threads", "-c", "4", "-Q", QUEUES, "-l", "INFO"]
        commands = {
            "web": [*uvicorn, "--port", str(self.web_port), "--lifespan", "off"],
            "second web": [*uvicorn, "--lifespan", "off"],
            "worker": [*celery, *work],
            "second worker": [*celery, *work, "-n", "second@%h"],
            "beat": [*celery, "beat", "-l", "INFO", "--pidfile="],
            "tap": [python, "manage.py", "tap"],
            "agent": [python, "manage.py", "runagent"],
            # As on another host: a name, a port and children of its own.
            "second agent": [python, "manage.py", "runagent", "--name", "second", "--port", "0"],
            "watchdog": [python, "manage.py", "watchdog"],
            "standby": [python, "manage.py", "standby"],
            "recorder": [python, "manage.py", "recorder"],
            "registrar": [python, "manage.py", "registrar"],
            "kamailio": [python, "manage.py", "kamailio"],
        }
        return commands[name]

    def _ready(self, name: str) -> Callable[[], bool]:
        if name == "web":
            return lambda: self._answers("/health/live")
        words = {"worker": "[tasks]", "beat": "is starting.", "agent": "registered"}
        words["second agent"] = "registered"
        words["standby"] = words["recorder"] = "ready."
        names, word = {name, self.twins.get(name, name)}, words.get(name, "")
        return lambda: all(word in self.log(each) for each in names)

    def _answers(self, path: str) -> bool:
        connection = HTTPConnection("127.0.0.1", self.web_port, timeout=1)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    # Calls

    def dial(self, number: str, *steps: str, user: str = "79161234567", **options: str) -> "Caller":
        """Place a call in the background; Caller.result() waits for its end.

        It goes to the gateway, or to the host:port in the option `way`.
        """
        return Caller(self, number, steps, user, options)

    def call(self, number: str, *steps: str, user: str = "79161234567", **options: str) -> Any:
        """Place a call and wait until it is over: telephony.sip_caller.Result as a dict."""
        return self.dial(number, *steps, user=user, **options).result()


class Caller:
    """One call of our SIP caller, which runs as a process of its own."""

    def __init__(
        self,
        system: System,
        number: str,
        steps: tuple[str, ...],
        user: str,
        options: dict[str, str],
    ) -> None:
        self.heard = Path(tempfile.mkstemp(suffix=".wav", dir=system.folder)[1])
        way = options.pop("way", f"{system.stack.sip_host}:{system.stack.sip_port}")
        uri = f"sip:{number}@{way}"
        command = [sys.executable, "-m", "telephony.sip_caller", uri, "--user", user]
        command += ["--heard", str(self.heard), "--do", *(steps or ("listen:20",))]
        for name, value in options.items():
            command += [f"--{name}", value]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def result(self, seconds: float = 90) -> dict[str, Any]:
        output, _ = self.process.communicate(timeout=seconds)
        answer: dict[str, Any] = json.loads(output)
        return answer


@contextmanager
def running(
    *programs: str, database: str = "", alone: str = "", **environment: str
) -> Iterator[System]:
    """A system in a folder of its own, ended behind the block."""
    # pytest's own folders are too deep for a socket's path, which ends at 107 characters.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        system = System(Path(folder), database, alone=alone, **environment)
        try:
            system.start(*programs)
            yield system
        finally:
            system.stop()
