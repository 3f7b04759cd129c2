"""SIP messages as lists of headers: read, written and answered by the telephones of these tests."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Self

PHRASES = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    423: "Interval Too Brief",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    503: "Service Unavailable",
}
# What an answer takes over from its request, in this order.
KEPT = ("via", "from", "to", "call-id", "cseq")


@dataclass
class Message:
    """A request or a response; `headers` in their order, each (name, value)."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        pairs = [(name.strip(), value.strip()) for name, _, value in map(_split, lines)]
        # Counted anew when it is written.
        return cls(start, [pair for pair in pairs if pair[0].lower() != "content-length"], body)

    def __bytes__(self) -> bytes:
        lines = [f"{name}: {value}" for name, value in self.headers]
        size = len(self.body.encode())
        return "\r\n".join([self.start, *lines, f"Content-Length: {size}", "", self.body]).encode()

    @property
    def method(self) -> str:
        """Of the request, or of the one that this answers."""
        return self.get("CSeq").split(" ")[-1]

    @property
    def status(self) -> int:
        """0 where this is a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def user(self, name: str) -> str:
        """The user part of the address in a header: `From`, `To`, `Contact`…"""
        return user_of(self.get(name))

    def routes(self, name: str) -> list[str]:
        """The addresses of Route, Record-Route or Service-Route headers, in order."""
        return [uri for value in self.all(name) for uri in re.findall(r"<([^>]*)>", value)]

    def without(self, *names: str) -> list[tuple[str, str]]:
        return [pair for pair in self.headers if pair[0].lower() not in names]


def reply(
    request: Message,
    status: int,
    *headers: tuple[str, str],
    body: str = "",
    tag: str = "",
    source: tuple[str, int] | None = None,
) -> Message:
    """The answer to a request; `source` is noted in the Via, as whoever receives one does."""
    kept = [pair for name in KEPT for pair in request.headers if pair[0].lower() == name]
    kept = [
        (name, f"{value};tag={tag}")
        if name.lower() == "to" and tag and "tag=" not in value
        else (name, value)
        for name, value in kept
    ]
    if source and kept[0][0].lower() == "via":
        kept[0] = ("Via", received(kept[0][1], source))
    kept += [pair for pair in request.headers if pair[0].lower() == "record-route"]
    content = [("Content-Type", "application/sdp")] if body else []
    phrase = PHRASES.get(status, "No")
    return Message(f"SIP/2.0 {status} {phrase}", [*kept, *headers, *content], body)


def received(via: str, source: tuple[str, int]) -> str:
    """A Via that tells where its request really came from (RFC 3581)."""
    plain = re.sub(r";(rport|received)(=[^;]*)?", "", via)
    return f"{plain};received={source[0]};rport={source[1]}"


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def user_of(uri: str) -> str:
    found = re.search(r"sips?:([^@;>]+)@", uri)
    return found.group(1) if found else ""


def address_of(uri: str) -> tuple[str, int]:
    """Where a URI or a Via's sender is."""
    found = re.search(r"(?:sips?:(?:[^@;>]*@)?|SIP/2\.0/\w+ )([\d.]+)(?::(\d+))?", uri)
    if found is None:
        raise ValueError(f"no address in {uri}")
    return found.group(1), int(found.group(2) or 5060)


def parameters(value: str) -> dict[str, str]:
    """name=value pairs, quoted or not, of an Authorization header or a Via."""
    return dict(re.findall(r'(\w+)="?([^",;]*)"?', value))


def branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def sound(port: int = 40000) -> str:
    """The SDP of a telephone that speaks A-law."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    lines += [f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000"]
    return "\r\n".join([*lines, "a=rtpmap:101 telephone-event/8000", "a=sendrecv", ""])
