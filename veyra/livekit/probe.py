"""Asking LiveKit's two programs whether they are there, without a key."""

import http.client
import secrets
import socket
from urllib.parse import urlsplit


def server_answers(url: str, timeout: float = 2.0, path: str = "/") -> bool:
    """Does `url` (ws:// or http://) answer 200? livekit-server does so at / when it is ready."""
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def gateway_answers(host: str, port: int, timeout: float = 2.0) -> bool:
    """Does the gateway answer OPTIONS over UDP with 200?"""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as line:
            line.settimeout(timeout)
            line.connect(address)
            line.send(_options(host, port, *line.getsockname()[:2]))
            return line.recv(4096).startswith(b"SIP/2.0 200")
    except OSError:
        return False


def _options(host: str, port: int, own_host: str, own_port: int) -> bytes:
    branch, tag, call = (secrets.token_hex(8) for _ in range(3))
    lines = [
        f"OPTIONS sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {own_host}:{own_port};branch=z9hG4bK{branch};rport",
        "Max-Forwards: 70",
        f"From: <sip:probe@{own_host}>;tag={tag}",
        f"To: <sip:{host}:{port}>",
        f"Call-ID: {call}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:probe@{own_host}:{own_port}>",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
