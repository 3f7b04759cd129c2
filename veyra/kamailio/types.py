"""Lines that must register, and what Kamailio says of them, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Place(StrEnum):
    """Where an INVITE of a provider names the number that was called."""

    ANY = "any"
    TO = "to"
    REQUEST = "request"
    CALLED_DID = "called_did"
    DIVERSION = "diversion"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A login at a provider, and what may come in over it.

    `id` is what the provider gets as the user of our contact: nobody may be able to guess it.
    REGISTER goes to `proxy_ip`, for `login` at `domain`. `networks` are the provider's, as CIDR.
    `numbers` are pairs: digits as the provider may write them, and the E.164 number meant.
    """

    id: str
    login: str
    domain: str
    # Never in logs: repr leaves it out.
    password: str = field(repr=False)
    proxy_ip: str
    proxy_port: int = 5060
    transport: Transport = Transport.UDP
    # Seconds that we ask for; the provider may grant fewer, or more.
    expires: int = 600
    networks: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    place: Place = Place.ANY


@dataclass(frozen=True, kw_only=True)
class LineState:
    """What Kamailio knows of one line. Times are aware; None: that has not happened yet.

    `code` and `reason` are the last final answer to REGISTER (0: none yet; to be asked for the
    login is no answer; 421: the provider takes no digest by MD5), `address` is who gave it.
    `registered` stays true while we ask anew.
    `paused`: nothing is sent before `retry`; Kamailio pauses a line by itself when it is refused.
    `place` is where the number of the last call stood, empty before the first call.
    `service_route` is the server, host[:port], by which the provider wants our calls; mostly empty.
    """

    id: str
    seal: str
    registered: bool = False
    paused: bool = False
    code: int = 0
    reason: str = ""
    address: str = ""
    asked_at: datetime | None = None
    heard_at: datetime | None = None
    expires_at: datetime | None = None
    place: str = ""
    service_route: str = ""


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """An address outside all networks, and how many requests came from it without an answer."""

    address: str
    count: int
