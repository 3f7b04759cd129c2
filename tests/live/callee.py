"""A provider that takes calls, and the telephones behind it: enough SIP and RTP to be called.

with Provider({"79160000001": "answer", "79160000002": "busy"}) as provider: ...
"""

import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Self

import numpy as np

SILENCE = b"\xff" * 160  # 20 ms of PCMU
RING_SECONDS = 0.6
VOICED_RMS = 200
# What a telephone does when it is called: the answers to the INVITE, None is a pause that rings.
ANSWERS: dict[str, tuple[int, ...]] = {
    "answer": (100, 180, 200),
    "busy": (100, 180, 486),
    "decline": (100, 180, 603),
    "ring": (100, 180),
    "out of order": (100, 503),
    "dead": (),
}
PHRASES = {100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here", 603: "Decline"}


@dataclass
class Telephone:
    """One call as the telephone saw it."""

    invite: str
    address: tuple[str, int]
    answered: float | None = None
    first_voice: float | None = None
    voiced: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}:\s*(.*?)\r?$", self.invite, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""


class Provider:
    """Listens on `port`; `calls` are the telephones that were called, in order, by number."""

    def __init__(self, numbers: dict[str, str]) -> None:
        self.numbers = numbers
        self.calls: list[tuple[str, Telephone]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self._goes_on = True
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._goes_on = False
        for _number, telephone in self.calls:
            telephone.over.set()
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def of(self, number: str) -> list[Telephone]:
        return [telephone for called, telephone in self.calls if called == number]

    def hang_up(self, telephone: Telephone) -> None:
        via = f"SIP/2.0/UDP {self.address};branch=z9hG4bK{time.monotonic_ns()}"
        contact = telephone.header("Contact").strip("<>").split(">")[0]
        lines = [
            f"BYE {contact} SIP/2.0",
            f"Via: {via}",
            f"From: {telephone.header('To')};tag=callee",
            f"To: {telephone.header('From')}",
            f"Call-ID: {telephone.header('Call-ID')}",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        self._send("\r\n".join([*lines, "", ""]), telephone.address)
        telephone.over.set()

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]  # any of our methods
        self._threads.append(thread)
        thread.start()

    def _send(self, text: str, address: tuple[str, int]) -> None:
        self._socket.sendto(text.encode(), address)

    def _listen(self) -> None:
        seen: set[str] = set()
        while self._goes_on:
            try:
                data, address = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            text = data.decode(errors="replace")
            request = Telephone(text, address)
            method = text.split(" ", 1)[0]
            key = f"{request.header('Call-ID')} {request.header('CSeq')}"
            if method == "INVITE" and key not in seen:
                seen.add(key)
                self._called(request)
            elif method in ("BYE", "CANCEL"):
                self._send(answer(request, 200), address)
                self._ended(request, method)

    def _ended(self, request: Telephone, method: str) -> None:
        for _number, telephone in self.calls:
            if telephone.header("Call-ID") == request.header("Call-ID"):
                telephone.over.set()
                if method == "CANCEL":
                    self._send(answer(telephone, 487), telephone.address)

    def _called(self, telephone: Telephone) -> None:
        found = re.match(r"INVITE sips?:([^@;>\s]+)", telephone.invite)
        number = found.group(1) if found else ""
        self.calls.append((number, telephone))
        self._start(self._behave, telephone, self.numbers.get(number, "dead"))

    def _behave(self, telephone: Telephone, how: str) -> None:
        for status in ANSWERS[how]:
            if status >= 200 and 180 in ANSWERS[how] and telephone.over.wait(RING_SECONDS):
                return
            if status == 200:
                self._talk(telephone)
                return
            self._send(answer(telephone, status), telephone.address)

    def _talk(self, telephone: Telephone) -> None:
        """Pick up, send silence and listen until the call is over."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind(("127.0.0.1", 0))
            media.settimeout(0.02)
            theirs = re.search(r"m=audio (\d+)", telephone.invite)
            target = ("127.0.0.1", int(theirs.group(1)) if theirs else 9)
            self._send(answer(telephone, 200, media.getsockname()[1]), telephone.address)
            telephone.answered = time.monotonic()
            sent = 0
            while not telephone.over.is_set():
                if time.monotonic() - telephone.answered >= sent * 0.02:
                    head = b"\x80\x00" + sent.to_bytes(2, "big") + (sent * 160).to_bytes(4, "big")
                    media.sendto(head + b"\0\0\0\1" + SILENCE, target)
                    sent += 1
                try:
                    self._hear(telephone, media.recv(2048))
                except TimeoutError:
                    continue

    def _hear(self, telephone: Telephone, packet: bytes) -> None:
        if packet[1] & 0x7F == 0 and loudness(packet[12:]) > VOICED_RMS:
            telephone.voiced += (len(packet) - 12) / 8000
            telephone.first_voice = telephone.first_voice or time.monotonic()


def loudness(pcmu: bytes) -> float:
    """Root mean square of µ-law samples."""
    codes = ~np.frombuffer(pcmu, np.uint8)
    magnitude = ((codes & 0x0F).astype(int) * 8 + 0x84) << ((codes >> 4) & 7)
    return float(np.sqrt(np.mean((magnitude - 0x84).astype(float) ** 2)))


def answer(request: Telephone, status: int, media: int = 0) -> str:
    """A response to a request; `media` is the port of the sound where it is a yes to a call."""
    sdp = ""
    if media:
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        lines += [f"m=audio {media} RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000"]
        lines += ["a=rtpmap:101 telephone-event/8000", "a=sendrecv", ""]
        sdp = "\r\n".join(lines)
    vias = re.findall(r"^(Via:.*?)\r?$", request.invite, re.MULTILINE | re.IGNORECASE)
    head = [
        f"SIP/2.0 {status} {PHRASES.get(status, 'No')}",
        *vias,
        f"From: {request.header('From')}",
        f"To: {request.header('To')}" + (";tag=callee" if status > 100 else ""),
        f"Call-ID: {request.header('Call-ID')}",
        f"CSeq: {request.header('CSeq')}",
        f"Contact: <sip:callee@{request_host(request)}>",
        *(["Content-Type: application/sdp"] if sdp else []),
        f"Content-Length: {len(sdp)}",
    ]
    return "\r\n".join([*head, "", sdp])


def request_host(request: Telephone) -> str:
    """Where the request was sent: we are reached there again."""
    found = re.match(r"\w+ sips?:(?:[^@\s]*@)?([^;>\s]+)", request.invite)
    return found.group(1) if found else "127.0.0.1"
