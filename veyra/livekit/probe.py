"""Asking LiveKit's two programs whether they are there, without a key."""

import http.client
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

# Of an answer so much is read.
LARGEST = 4_000_000
# By IP_RECVERR and IPV6_RECVERR of Linux, which Python has no names for, a socket that is not
# connected hears at once that nobody is there.
TELL_REFUSALS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}


def server_answers(url: str, timeout: float = 2.0, path: str = "/") -> bool:
    """Does `url` (ws:// or http://) answer 200? livekit-server does so at / when it is ready."""
    answer = _ask(urlsplit(url)._replace(path=path).geturl(), timeout)
    return bool(answer and answer.status == 200)


def gateway_answers(host: str, port: int, timeout: float = 2.0) -> bool:
    """Does the gateway answer OPTIONS over UDP with 200?"""
    return options_answer(host, port, timeout).startswith(b"SIP/2.0 200")


def options_answer(host: str, port: int, timeout: float = 2.0) -> bytes:
    """What whoever is there says to OPTIONS over UDP; empty: nothing."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as way:
            way.connect(address)
            own = way.getsockname()[0]
        # Not connected: a gateway with several addresses answers from the one that is nearest to
        # who asks, and to a container that is another than the one it asked.
        with socket.socket(family, kind, protocol) as line:
            line.settimeout(timeout)
            if sys.platform == "linux":
                line.setsockopt(*TELL_REFUSALS[family], 1)
            line.bind((own, 0))
            line.sendto(_options(host, port, *line.getsockname()[:2]), address)
            return line.recv(4096)
    except OSError:
        return b""


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


def server_time(url: str, timeout: float = 2.0) -> datetime | None:
    """The clock of the program at `url`, to the second; None: it does not tell."""
    answer = _ask(url, timeout)
    told = answer.headers.get("Date") if answer else None
    try:
        # Its second may be nearly over.
        return parsedate_to_datetime(told) + timedelta(seconds=0.5) if told else None
    except ValueError:
        return None


def text_of(url: str, timeout: float = 2.0) -> tuple[int, str] | None:
    """Status and body of GET `url`; None: nobody answers."""
    answer = _ask(url, timeout)
    return (answer.status, answer.body) if answer else None


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: str


def _ask(url: str, timeout: float) -> _Answer | None:
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        body = answer.read(LARGEST).decode(errors="replace")
        return _Answer(answer.status, dict(answer.getheaders()), body)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
