"""The configuration files of LiveKit's programs, as values and as YAML text.

Server and gateway refuse unknown keys, so what stands here is checked against the real programs
in tests/live.
"""

import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

# PUBLIC_IP=auto: LiveKit asks a STUN server for its own address.
AUTO = "auto"
LOOPBACK = "127.0.0.1"
# Of incoming streams; LiveKit's own ports for WHIP and its relay are those of many other programs.
RTMP_PORT, WHIP_PORT, RELAY_PORT = 1935, 8085, 9095
EGRESS_HEALTH_PORT, INGRESS_HEALTH_PORT = 9191, 9192


@dataclass(frozen=True, kw_only=True)
class Line:
    """What both programs must agree on. `redis` is a URL: redis://, rediss:// or unix://.

    `public_ip` is an address, "auto", or empty where the line stays on this machine.
    """

    api_key: str
    api_secret: str = field(repr=False)
    redis: str = field(repr=False)
    public_ip: str = ""
    # Another pair that the server accepts: name and secret.
    second: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Server:
    """livekit-server. `udp_port` carries all media; ports of 0 stay closed."""

    port: int
    udp_port: int
    webhook_url: str
    bind: str = LOOPBACK
    tcp_port: int = 0
    metrics_port: int = 0
    # The host that senders of incoming streams reach; empty: it is told to none.
    ingress_host: str = ""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """livekit-sip. Its health and metrics ports listen on every interface, hence closed by 0."""

    ws_url: str
    port: int
    rtp_ports: tuple[int, int]
    listen: str = LOOPBACK
    health_port: int = 0
    metrics_port: int = 0


def server_config(line: Line, server: Server) -> dict[str, Any]:
    """livekit-server's configuration."""
    config: dict[str, Any] = {
        "port": server.port,
        "bind_addresses": [server.bind],
        # Left out, tcp_port would be LiveKit's own 7881, on every interface.
        "rtc": _media(line.public_ip) | {"udp_port": server.udp_port, "tcp_port": server.tcp_port},
        "redis": redis_config(line.redis),
        "keys": _keys(line),
        # Without api_key LiveKit sends no webhook at all.
        "webhook": {"api_key": line.api_key, "urls": [server.webhook_url]},
        "logging": {"level": "info", "json": True},
    }
    if server.metrics_port:
        config["prometheus"] = {"port": server.metrics_port}
    if server.ingress_host:
        config["ingress"] = {
            "rtmp_base_url": f"rtmp://{server.ingress_host}:{RTMP_PORT}/x",
            "whip_base_url": f"http://{server.ingress_host}:{WHIP_PORT}/w",
        }
    return config


def _keys(line: Line) -> dict[str, str]:
    return dict([(line.api_key, line.api_secret), *([line.second] if line.second else [])])


def with_pairs(text: str, line: Line) -> str:
    """The same configuration of the server, or of a program beside it, by the pairs of `line`."""
    config: dict[str, Any] = yaml.safe_load(text)
    if "keys" in config:
        webhook = config["webhook"] | {"api_key": line.api_key}
        return to_yaml(config | {"keys": _keys(line), "webhook": webhook})
    return to_yaml(config | {"api_key": line.api_key, "api_secret": line.api_secret})


def egress_config(line: Line, ws_url: str, metrics_port: int = 0) -> dict[str, Any]:
    """The configuration of the program that records and sends on."""
    return _beside(line, ws_url, metrics_port) | {
        "health_port": EGRESS_HEALTH_PORT,
        # Its browser, which draws the picture of a room, comes to LiveKit without TLS.
        "insecure": True,
        # By their own defaults a machine of four processors takes no picture, and one of two no
        # second sound.
        "cpu_cost": {
            "max_cpu_utilization": 0.9,
            "room_composite_cpu_cost": 2,
            "audio_room_composite_cpu_cost": 0.5,
            "track_cpu_cost": 0.2,
        },
    }


def ingress_config(line: Line, ws_url: str, metrics_port: int = 0) -> dict[str, Any]:
    """The configuration of the program that takes streams in."""
    return _beside(line, ws_url, metrics_port) | {
        "health_port": INGRESS_HEALTH_PORT,
        "rtmp_port": RTMP_PORT,
        "whip_port": WHIP_PORT,
        "http_relay_port": RELAY_PORT,
    }


def _beside(line: Line, ws_url: str, metrics_port: int) -> dict[str, Any]:
    told: dict[str, Any] = {"prometheus_port": metrics_port} if metrics_port else {}
    return told | {
        "api_key": line.api_key,
        "api_secret": line.api_secret,
        "ws_url": ws_url,
        "redis": redis_config(line.redis),
        "logging": {"level": "info", "json": True},
    }


def _media(public_ip: str) -> dict[str, Any]:
    if public_ip == AUTO:
        return {"use_external_ip": True, "enable_loopback_candidate": True}
    if public_ip:
        return {
            "use_external_ip": False,
            "node_ip": public_ip,
            "enable_loopback_candidate": True,
        }
    return {
        "use_external_ip": False,
        "node_ip": LOOPBACK,
        "enable_loopback_candidate": True,
        "interfaces": {"includes": ["lo0" if sys.platform == "darwin" else "lo"]},
    }


def gateway_config(line: Line, gateway: Gateway) -> dict[str, Any]:
    """livekit-sip's configuration."""
    low, high = gateway.rtp_ports
    config: dict[str, Any] = {
        "api_key": line.api_key,
        "api_secret": line.api_secret,
        "ws_url": gateway.ws_url,
        "redis": redis_config(line.redis),
        "sip_port": gateway.port,
        "listen_ip": gateway.listen,
        "rtp_port": f"{low}-{high}",
        "use_external_ip": line.public_ip == AUTO,
        # By its own default the gateway refuses calls as soon as a small machine is busy.
        "max_cpu_utilization": 1,
        "logging": {"level": "info", "json": True},
    }
    if line.public_ip != AUTO:
        # Without it the gateway looks for an interface that is not loopback, and may find none.
        config["nat_1_to_1_ip"] = line.public_ip or LOOPBACK
    if gateway.health_port:
        config["health_port"] = gateway.health_port
    if gateway.metrics_port:
        config["prometheus_port"] = gateway.metrics_port
    return config


def redis_config(url: str) -> dict[str, Any]:
    """LiveKit's `redis` section; a unix socket's path goes where the address does."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return {"address": parts.path}
    config: dict[str, Any] = {"address": f"{parts.hostname or LOOPBACK}:{parts.port or 6379}"}
    if parts.username:
        config["username"] = unquote(parts.username)
    if parts.password:
        config["password"] = unquote(parts.password)
    if parts.path.strip("/"):
        config["db"] = int(parts.path.strip("/"))
    if parts.scheme == "rediss":
        config["use_tls"] = True
    return config


def to_yaml(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False)
