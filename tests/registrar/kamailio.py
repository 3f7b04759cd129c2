"""The real Kamailio on ports of its own, with our reviewed configuration, kept running."""

import contextlib
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

from tests.live.stack import ROOT, free_range, wait_until
from tests.registrar.provider import DOMAIN, Provider
from veyra.kamailio import config
from veyra.kamailio.client import Registrar, RegistrarError
from veyra.kamailio.config import Front
from veyra.kamailio.types import Line, LineState, Place

READY_SECONDS = 10
RULES = ROOT / "deploy/registrar/kamailio.cfg"


def lacks_kamailio() -> list[str]:
    return [] if config.program() else ["kamailio"]


def front_on_free_ports(folder: Path, gateway_port: int, authority: Path | None = None) -> Front:
    """A Kamailio of this machine; `authority` is whose certificates it trusts."""
    return Front(
        listen="127.0.0.1",
        public="127.0.0.1",
        port=free_range(3)[0],
        inner_ip=config.hidden("a secret of this test"),
        gateway_ip="127.0.0.1",
        gateway_port=gateway_port,
        folder=folder / "run",
        socket=folder / "run" / "registrar.sock",
        ca=authority or Path("/etc/ssl/certs"),
    )


class Kamailio:
    """`outer` is where providers reach it, `inner` is where the gateway does."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.host, self.port = front.listen, front.port
        self.outer = f"{self.host}:{self.port}"
        self.inner = f"{front.inner_ip}:{front.inner_port}"
        self.client = Registrar(front.socket)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        config.write(self.front, RULES)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(15)

    @property
    def log(self) -> str:
        return (self.front.folder / "kamailio.log").read_text()

    def start(self) -> None:
        # A test run that is killed takes it along.
        leash = shutil.which("setpriv")
        prefix = [leash, "--pdeathsig", "KILL"] if leash else []
        with (self.front.folder / "kamailio.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, *config.command(self.front, config.program())],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, "kamailio did not answer", READY_SECONDS)

    def kill(self) -> None:
        """All its processes at once, as the kernel does when memory is short."""
        if self._process is None:
            return
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):  # the others end when one is missing
                process.kill()
        self._process.wait(5)

    def cpu_seconds(self) -> float:
        """What all its processes have used until now."""
        return sum(sum(process.cpu_times()[:2]) for process in self._family())

    def put(self, line: Line) -> Line:
        self.client.put(line, "1")
        return line

    def clear(self) -> None:
        """Forget all lines at once: their providers are gone, nobody would hear a goodbye."""
        lines = self.client.lines()
        with self.client._talk() as talk:
            for line_id in lines:
                talk.forget(line_id)

    def _family(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        main = psutil.Process(self._process.pid)
        return [*main.children(recursive=True), main]

    def _answers(self) -> bool:
        try:
            self.client.lines()
        except RegistrarError:
            return False
        return True


def line(
    provider: Provider, login: str = "1001", numbers: tuple[str, ...] = ("74991124148",)
) -> Line:
    """A line of the provider: Russian numbers, each in two spellings."""
    spellings = [(f"{first}{number[1:]}", f"+{number}") for number in numbers for first in "78"]
    return Line(
        id=secrets.token_hex(16),
        login=login,
        domain=DOMAIN,
        password=provider.accounts[login],
        proxy_ip=provider.wire.host,
        proxy_port=provider.wire.port,
        networks=(f"{provider.wire.host}/32",),
        numbers=tuple(spellings),
        place=Place.ANY,
    )


def registered(kamailio: Kamailio, line: Line, seconds: float = 10) -> LineState:
    return until(kamailio, line, lambda state: state.registered, seconds)


def until(
    kamailio: Kamailio, line: Line, right: Callable[[LineState], bool], seconds: float = 10
) -> LineState:
    """What is known of the line, once it is right."""
    end = time.monotonic() + seconds
    while not right(state := kamailio.client.lines()[line.id]):
        if time.monotonic() > end:
            raise AssertionError(f"not so in {seconds} s: {state}")
        time.sleep(0.05)
    return state
