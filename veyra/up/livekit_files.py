"""LiveKit's configuration files, written from our settings."""

from pathlib import Path

from django.conf import settings

from veyra.livekit.config import (
    Gateway,
    Line,
    Server,
    gateway_config,
    server_config,
    to_yaml,
)


def write_livekit_files(folder: Path) -> None:
    """livekit-server.yaml and livekit-sip.yaml for a LiveKit beside our web."""
    line = Line(
        api_key=settings.LIVEKIT_API_KEY,
        api_secret=settings.LIVEKIT_API_SECRET,
        redis=settings.LIVEKIT_REDIS_URL,
        public_ip=settings.PUBLIC_IP,
    )
    server = Server(
        port=settings.LIVEKIT_PORT,
        bind=settings.LIVEKIT_LISTEN,
        udp_port=settings.LIVEKIT_UDP_PORT,
        tcp_port=settings.LIVEKIT_TCP_PORT if settings.PUBLIC_IP else 0,
        webhook_url=f"http://127.0.0.1:{settings.PORT}/livekit/webhook",
    )
    gateway = Gateway(
        ws_url=f"ws://127.0.0.1:{settings.LIVEKIT_PORT}",
        port=settings.SIP_PORT,
        rtp_ports=settings.RTP_PORTS,
        listen=settings.SIP_LISTEN,
    )
    write_private(folder / "livekit-server.yaml", to_yaml(server_config(line, server)))
    write_private(folder / "livekit-sip.yaml", to_yaml(gateway_config(line, gateway)))


def write_private(path: Path, text: str) -> None:
    """A file with keys in it: only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text(text)
