"""The programs of one machine, and supervisord's configuration for them. Pure."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from veyra.up.choose import Choice, Kind

LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    needs_broker: bool = True


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things are: the interpreter, the project, the state folder, and the web's address.

    `broker` is the program to start, empty where REDIS_URL names a server that runs already.
    `kamailio` is its command, empty where it is not installed.
    """

    python: str
    base: Path
    state: Path
    broker: str
    web_host: str
    web_port: int
    uid: int
    kamailio: tuple[str, ...] = ()

    @property
    def broker_socket(self) -> Path:
        return self.state / "broker.sock"

    @property
    def run(self) -> Path:
        """Files that a start writes for the programs it starts."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        return self.state / "logs"


def programs(layout: Layout, choice: Choice) -> list[Program]:
    """Everything that one supervisor keeps alive."""
    livekit = [*_livekit(layout, choice), *_registrar(layout, choice)]
    return [*_broker(layout), *livekit, *_veyra(layout, choice)]


def _broker(layout: Layout) -> list[Program]:
    if not layout.broker:
        return []
    options = "--port 0 --unixsocketperm 700 --save 60 1 --dbfilename broker.rdb"
    limits = "--maxmemory 256mb --maxmemory-policy noeviction --loglevel warning"
    places = ["--unixsocket", str(layout.broker_socket), "--dir", str(layout.state)]
    command = (layout.broker, *options.split(), *limits.split(), *places)
    return [Program("broker", command, needs_broker=False)]


def _livekit(layout: Layout, choice: Choice) -> list[Program]:
    if choice.kind is Kind.SIMULATOR:
        return [Program("simulator", _manage(layout, "simulator"))]
    found = {"livekit-server": choice.server, "livekit-sip": choice.gateway}
    return [
        Program(name, (path, "--config", str(layout.run / f"{name}.yaml")))
        for name, path in found.items()
        if path
    ]


def signs_in(layout: Layout, choice: Choice) -> bool:
    """Can lines that must register be served here? It takes Kamailio, beside a gateway of ours."""
    return bool(layout.kamailio and choice.gateway)


def _registrar(layout: Layout, choice: Choice) -> list[Program]:
    if not signs_in(layout, choice):
        return []
    return [
        Program("kamailio", layout.kamailio, needs_broker=False),
        Program("registrar", _manage(layout, "registrar")),
    ]


def _veyra(layout: Layout, choice: Choice) -> list[Program]:
    bind = ("--host", layout.web_host, "--port", str(layout.web_port))
    quiet = ("--lifespan", "off", "--timeout-graceful-shutdown", "5", "--no-access-log")
    celery = ("celery", "-A", "veyra")
    # Workers need not know of each other; one that asks around while the broker goes away ends.
    alone = ("--without-mingle", "--without-gossip")
    threads = ("worker", "-P", "threads", "-l", "WARNING", *alone)
    # Applying is single by its lease, so it never takes more than one of the four.
    work = (*threads, "-c", "4", "-Q", "default,livekit,hands")
    # Whoever dials waits until it rings.
    dial = (*threads, "-c", "8", "-Q", "calls", "-n", "calls@%h")
    slow = (*threads, "-c", "2", "-Q", "slow", "-n", "slow@%h")
    saving = (*threads, "-c", "1", "-Q", "saving", "-n", "saving@%h")
    found = [
        _ours(layout, "web", "uvicorn", "veyra.asgi:application", *bind, *quiet),
        _ours(layout, "worker", *celery, *work),
        _ours(layout, "worker-calls", *celery, *dial),
        _ours(layout, "worker-slow", *celery, *slow),
        _ours(layout, "worker-saving", *celery, *saving),
        _ours(layout, "beat", *celery, "beat", "--pidfile=", "-l", "WARNING"),
        Program("tap", _manage(layout, "tap")),
        # It tells of a broker that does not start, too.
        Program("lookout", _manage(layout, "lookout"), needs_broker=False),
    ]
    if choice.kind is not Kind.SIMULATOR:
        found.append(Program("agent", _manage(layout, "runagent")))
        found += [
            Program(name, _manage(layout, name)) for name in ("watchdog", "standby", "recorder")
        ]
    return found


def _ours(layout: Layout, name: str, module: str, *arguments: str) -> Program:
    """A program of somebody else's that runs our work, and can be asked to restart."""
    return Program(name, _manage(layout, "run", name, module, *arguments))


def _manage(layout: Layout, *arguments: str) -> tuple[str, ...]:
    return (layout.python, "manage.py", *arguments)


def supervisord_conf(layout: Layout, wanted: Iterable[Program]) -> str:
    """One supervisor without a control socket; each program's log in its own file."""
    head = {
        "nodaemon": "true",
        "logfile": "/dev/null",
        "logfile_maxbytes": "0",
        "loglevel": "warn",
        "pidfile": str(layout.run / "supervisord.pid"),
        "directory": str(layout.base),
        # Whoever starts it; without the line supervisord warns root.
        "user": str(layout.uid),
    }
    sections = [_section("supervisord", head)]
    sections += [_section(f"program:{p.name}", _program(layout, p)) for p in wanted]
    return "\n".join(sections)


def _program(layout: Layout, program: Program) -> dict[str, str]:
    after = ["--after", str(layout.broker_socket)] if layout.broker and program.needs_broker else []
    leash = [layout.python, "-I", "-S", str(LEASH), *after]
    return {
        "command": shlex.join([*leash, *program.command]),
        # Whatever has one priority stops side by side; the broker outlives those who use it.
        "priority": "20" if program.needs_broker else "10",
        "autorestart": "true",
        "startretries": "1000",
        "stopwaitsecs": str(STOP_SECONDS),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(layout.logs / f"{program.name}.log"),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "3",
    }


def _section(name: str, values: dict[str, str]) -> str:
    # supervisord expands %(...)s, and takes " ;" for the beginning of a comment.
    lines = [f"{key}={value.replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
