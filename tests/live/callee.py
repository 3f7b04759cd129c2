"""Providers that take calls, and the telephones behind them: enough SIP and RTP to be called.

with Provider({"79160000001": "answer", "79160000002": "busy"}) as provider: ...
with StreamProvider({...}, certificate=path) as provider: ...    # TLS; without one: TCP
"""

import re
import secrets
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any, Self

from tests.live.sound import SUITE, VOICED_RMS, Secret, loudness, new_key

SILENCE = b"\xff" * 160  # 20 ms of PCMU
RING_SECONDS = 0.6
REALM = "provider.example"
# What a telephone does when it is called: the answers to the INVITE, None is a pause that rings.
ANSWERS: dict[str, tuple[int, ...]] = {
    "answer": (100, 180, 200),
    "busy": (100, 180, 486),
    "decline": (100, 180, 603),
    "ring": (100, 180),
    # In the same moment.
    "ring, then out of order": (100, 180, 503),
    "out of order": (100, 503),
    "forbidden": (100, 403),
    "answer in clear": (100, 180, 200),
    "dead": (),
}
PHRASES = {100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here", 603: "Decline"}
# The telephone's formats, the one it likes best first; it does not understand the last one.
CODECS = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000"}


@dataclass
class Telephone:
    """One call as the telephone saw it. `line`: where its SIP goes back to."""

    invite: str
    line: Any
    answered: float | None = None
    first_voice: float | None = None
    voiced: float = 0.0
    packets: int = 0
    # What came in µ-law, each packet with its moment.
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    # Sound that came in clear although it was to be encrypted, or could not be opened.
    unreadable: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}:\s*(.*?)\r?$", self.invite, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""

    @property
    def sdp(self) -> str:
        return self.invite.partition("\r\n\r\n")[2]

    @property
    def codecs(self) -> list[str]:
        """As offered, in order: "PCMA/8000"."""
        return re.findall(r"^a=rtpmap:\d+ (\S+?)\r?$", self.sdp, re.MULTILINE)


class Provider:
    """Takes calls by UDP; `calls` are the telephones that were called, in order, by number without
    its plus.

    With a `login` (user, password) it asks for it by `challenge`: 407, as exchanges do, or 401.
    Whoever picks up says `sound`, in µ-law, again and again.
    """

    protocol = "UDP"

    def __init__(
        self,
        numbers: dict[str, str],
        login: tuple[str, str] | None = None,
        challenge: int = 407,
        sound: bytes = SILENCE,
    ) -> None:
        self.numbers = numbers
        self.frames = [sound[at : at + 160] for at in range(0, len(sound), 160)]
        self.login = login
        self.challenge = challenge
        self.calls: list[tuple[str, Telephone]] = []
        # INVITEs that came without the right login.
        self.turned_away = 0
        self._nonce = secrets.token_hex(8)
        self._seen: set[str] = set()
        self._goes_on = True
        self._threads: list[threading.Thread] = []
        self._socket = self._open()
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])

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
        via = f"SIP/2.0/{self.protocol} {self.address};branch=z9hG4bK{time.monotonic_ns()}"
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
        self._send("\r\n".join([*lines, "", ""]), telephone.line)
        telephone.over.set()

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]  # any of our methods
        self._threads.append(thread)
        thread.start()

    def _open(self) -> socket.socket:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind(("127.0.0.1", 0))
        return found

    def _send(self, text: str, line: Any) -> None:
        self._socket.sendto(text.encode(), line)

    def _listen(self) -> None:
        while self._goes_on:
            try:
                data, address = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self._take(data.decode(errors="replace"), address)

    def _take(self, text: str, line: Any) -> None:
        request = Telephone(text, line)
        method = text.split(" ", 1)[0]
        key = f"{request.header('Call-ID')} {request.header('CSeq')}"
        if method == "INVITE" and key not in self._seen:
            self._seen.add(key)
            if self._is_known(request):
                self._called(request)
            else:
                self.turned_away += 1
                self._send(answer(request, self.challenge, extra=self._question()), line)
        elif method in ("BYE", "CANCEL"):
            self._send(answer(request, 200), line)
            self._ended(request, method)

    def _question(self) -> str:
        name = "Proxy-Authenticate" if self.challenge == 407 else "WWW-Authenticate"
        return f'{name}: Digest realm="{REALM}", nonce="{self._nonce}", algorithm=MD5'

    def _is_known(self, request: Telephone) -> bool:
        """Does it carry the digest of our login (RFC 2617)?"""
        if self.login is None:
            return True
        name = "Proxy-Authorization" if self.challenge == 407 else "Authorization"
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', request.header(name)))
        user, password = self.login
        ours = digest(f"{user}:{REALM}:{password}")
        right = digest(f"{ours}:{self._nonce}:" + digest(f"INVITE:{told.get('uri', '')}"))
        return told.get("username") == user and told.get("response") == right

    def _ended(self, request: Telephone, method: str) -> None:
        for _number, telephone in self.calls:
            if telephone.header("Call-ID") == request.header("Call-ID"):
                telephone.over.set()
                if method == "CANCEL":
                    self._send(answer(telephone, 487), telephone.line)

    def _called(self, telephone: Telephone) -> None:
        found = re.match(r"INVITE sips?:([^@;>\s]+)", telephone.invite)
        number = found.group(1).removeprefix("+") if found else ""
        self.calls.append((number, telephone))
        self._start(self._behave, telephone, self.numbers.get(number, "dead"))

    def _behave(self, telephone: Telephone, how: str) -> None:
        for status in ANSWERS[how]:
            rings_on = status >= 200 and 180 in ANSWERS[how] and how != "ring, then out of order"
            if rings_on and telephone.over.wait(RING_SECONDS):
                return
            if status == 200:
                self._talk(telephone, Secret.offered(telephone.sdp) if how == "answer" else None)
                return
            self._send(answer(telephone, status), telephone.line)

    def _talk(self, telephone: Telephone, secret: Secret | None) -> None:
        """Pick up, speak and listen until the call is over; `secret` opens what is heard."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind(("127.0.0.1", 0))
            media.settimeout(0.02)
            theirs = re.search(r"m=audio (\d+)", telephone.invite)
            target = ("127.0.0.1", int(theirs.group(1)) if theirs else 9)
            sdp = description(telephone, media.getsockname()[1], encrypted=secret is not None)
            self._send(answer(telephone, 200, sdp), telephone.line)
            telephone.answered = time.monotonic()
            sent = 0
            while not telephone.over.is_set():
                if not secret and time.monotonic() - telephone.answered >= sent * 0.02:
                    head = b"\x80\x00" + sent.to_bytes(2, "big") + (sent * 160).to_bytes(4, "big")
                    media.sendto(head + b"\0\0\0\1" + self.frames[sent % len(self.frames)], target)
                    sent += 1
                try:
                    self._hear(telephone, media.recv(2048), secret)
                except TimeoutError:
                    continue

    def _hear(self, telephone: Telephone, packet: bytes, secret: Secret | None) -> None:
        try:
            packet = secret.open(packet) if secret else packet
        except ValueError:
            telephone.unreadable += 1
            return
        telephone.packets += 1
        kind = packet[1] & 0x7F
        if kind == 0:
            telephone.heard.append((time.monotonic(), packet[12:]))
        if kind in (0, 8) and loudness(packet[12:], kind) > VOICED_RMS:
            telephone.voiced += (len(packet) - 12) / 8000
            telephone.first_voice = telephone.first_voice or time.monotonic()


class Line:
    """A connection that one thread reads and others write: TLS bears one of them at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    def send(self, data: bytes) -> None:
        with self._turn:
            self._connection.sendall(data)

    def receive(self) -> bytes | None:
        """What came; b"" where the other side has ended, None where nothing comes."""
        if not self._waits() and not select.select([self._connection], [], [], 0.2)[0]:
            return None
        try:
            with self._turn:
                return self._connection.recv(65536)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def _waits(self) -> bool:
        """Has TLS opened more than was read?"""
        tls = self._connection
        return isinstance(tls, ssl.SSLSocket) and tls.pending() > 0


class StreamProvider(Provider):
    """Takes calls by TCP, or by TLS where it has a certificate (PEM with its key)."""

    def __init__(
        self, numbers: dict[str, str], certificate: Path | None = None, **options: Any
    ) -> None:
        self.protocol = "TLS" if certificate else "TCP"
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls:
            self._tls.load_cert_chain(str(certificate))
        # Callers who broke the connection off before they said anything.
        self.broken_off = 0
        super().__init__(numbers, **options)

    def _open(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0))

    def _send(self, text: str, line: Any) -> None:
        line.send(text.encode())

    def _listen(self) -> None:
        while self._goes_on:
            try:
                line, _address = self._socket.accept()
            except TimeoutError:
                continue
            self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        line.settimeout(5)
        try:
            line = self._tls.wrap_socket(line, server_side=True) if self._tls else line
        except (OSError, TimeoutError):
            self.broken_off += 1
            return
        line.settimeout(0.2)
        with line:
            self._read(Line(line))

    def _read(self, line: Line) -> None:
        data = b""
        while self._goes_on:
            got = line.receive()
            if got == b"":
                return
            data += got or b""
            while found := message(data):
                data = data[len(found) :]
                self._take(found.decode(errors="replace"), line)


def message(data: bytes) -> bytes:
    """The first whole message of a stream; b"" until there is one."""
    head, gap, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"^Content-Length:\s*(\d+)", head, re.MULTILINE | re.IGNORECASE)
    size = int(length.group(1)) if length else 0
    return data[: len(head) + 4 + size] if gap and len(body) >= size else b""


def digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def description(telephone: Telephone, port: int, *, encrypted: bool) -> str:
    """The SDP of a telephone that has picked up, in the best format that was offered."""
    offered = re.search(r"m=audio \d+ \S+ ([\d ]+)", telephone.sdp)
    kinds = offered.group(1).split() if offered else []
    kind = next((each for each in CODECS if each in kinds), "0")
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    lines += [f"m=audio {port} RTP/{'SAVP' if encrypted else 'AVP'} {kind} 101"]
    lines += [f"a=rtpmap:{kind} {CODECS[kind]}", "a=rtpmap:101 telephone-event/8000"]
    if encrypted:
        found = re.search(rf"a=crypto:(\d+) {SUITE}", telephone.sdp)
        lines += [f"a=crypto:{found.group(1) if found else 1} {SUITE} inline:{new_key()}"]
    return "\r\n".join([*lines, "a=sendrecv", ""])


def answer(request: Telephone, status: int, sdp: str = "", extra: str = "") -> str:
    """A response to a request; `sdp` describes the sound where it is a yes to a call."""
    vias = re.findall(r"^(Via:.*?)\r?$", request.invite, re.MULTILINE | re.IGNORECASE)
    head = [
        f"SIP/2.0 {status} {PHRASES.get(status, 'No')}",
        *vias,
        f"From: {request.header('From')}",
        f"To: {request.header('To')}" + (";tag=callee" if status > 100 else ""),
        f"Call-ID: {request.header('Call-ID')}",
        f"CSeq: {request.header('CSeq')}",
        f"Contact: {contact(request)}",
        *([extra] if extra else []),
        *(["Content-Type: application/sdp"] if sdp else []),
        f"Content-Length: {len(sdp)}",
    ]
    return "\r\n".join([*head, "", sdp])


def contact(request: Telephone) -> str:
    """Where the request was sent: we are reached there again."""
    found = re.match(r"\w+ sips?:(?:[^@\s]*@)?(\S+) SIP", request.invite)
    return f"<sip:callee@{found.group(1) if found else '127.0.0.1'}>"
