"""LiveKit's configuration files, written from our settings."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from veyra.livekit.config import (
    Gateway,
    Line,
    Server,
    egress_config,
    gateway_config,
    ingress_config,
    server_config,
    to_yaml,
    with_pairs,
)
from veyra.livekit.pairs import pairs
from veyra.up.preflight import Port, is_taken

log = logging.getLogger(__name__)


def write_livekit_files(folder: Path) -> None:
    """livekit-server.yaml and livekit-sip.yaml for a LiveKit beside our web."""
    line = _line()
    server = Server(
        port=settings.LIVEKIT_PORT,
        bind=settings.LIVEKIT_LISTEN,
        udp_port=settings.LIVEKIT_UDP_PORT,
        tcp_port=settings.LIVEKIT_TCP_PORT if settings.PUBLIC_IP else 0,
        metrics_port=free(settings.LIVEKIT_METRICS_PORT),
        webhook_url=f"http://127.0.0.1:{settings.PORT}/livekit/webhook",
        ingress_host=urlsplit(settings.LIVEKIT_PUBLIC_URL).hostname or "",
    )
    gateway = Gateway(
        ws_url=f"ws://127.0.0.1:{settings.LIVEKIT_PORT}",
        port=settings.SIP_PORT,
        rtp_ports=settings.RTP_PORTS,
        listen=settings.SIP_LISTEN,
        health_port=free(settings.SIP_HEALTH_PORT),
        metrics_port=free(settings.SIP_METRICS_PORT),
    )
    write_private(folder / "livekit-server.yaml", to_yaml(server_config(line, server)))
    write_private(folder / "livekit-sip.yaml", to_yaml(gateway_config(line, gateway)))


def free(port: int) -> int:
    """Itself; 0 where another program has it: LiveKit would not start, and can do without."""
    return 0 if port and is_taken(Port(port, "")) else port


class Kept:
    """The files of LiveKit's programs in `folder` as they are to be: as at the start, and by the
    key pairs of the moment.
    """

    def __init__(self, folder: Path) -> None:
        self.texts = {path: path.read_text() for path in folder.glob("livekit-*.yaml")}
        # That stand in them.
        self.pairs = pairs()

    def put_back(self) -> bool:
        """Where they are not any more as they are to be. Have the pairs changed?"""
        have_changed = pairs() != self.pairs
        if have_changed:
            self.pairs = pairs()
            line = _line()
            self.texts = {path: with_pairs(text, line) for path, text in self.texts.items()}
        for path, text in self.texts.items():
            try:
                if not path.exists() or path.read_text() != text:
                    write_private(path, text)
                    if not have_changed:
                        log.warning("%s was changed by somebody, and is put back", path.name)
            except OSError as error:
                log.warning("%s cannot be put back: %s", path.name, type(error).__name__)
        return have_changed


def write_stream_files(folder: Path) -> None:
    """livekit-egress.yaml and livekit-ingress.yaml for Docker's own programs."""
    ws_url = f"ws://127.0.0.1:{settings.LIVEKIT_PORT}"
    configs = {
        "egress": egress_config(_line(), ws_url, settings.EGRESS_METRICS_PORT),
        "ingress": ingress_config(_line(), ws_url, settings.INGRESS_METRICS_PORT),
    }
    for name, config in configs.items():
        path = folder / f"livekit-{name}.yaml"
        # Egress does not run as root, and reads it; only LiveKit's containers have the folder.
        path.touch(mode=0o644)
        path.write_text(to_yaml(config))


def _line() -> Line:
    known = pairs()
    return Line(
        api_key=known.first.name,
        api_secret=known.first.secret,
        redis=settings.LIVEKIT_REDIS_URL,
        public_ip=settings.PUBLIC_IP,
        second=(known.second.name, known.second.secret) if known.second else None,
    )


def write_private(path: Path, text: str) -> None:
    """A file with keys in it: only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text(text)
