"""A small caller: enough SIP and RTP to be answered, to give up and to be refused."""

import asyncio
import hashlib
import re
import secrets
import struct
from collections.abc import Iterator

SILENCE = b"\xff" * 160  # 20 ms of PCMU
DIGITS = "0123456789*#"


def digest(challenge: str, username: str, password: str, uri: str) -> str:
    """The Authorization value that answers a challenge (RFC 2617, MD5, with or without qop)."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    first = md5(username, given["realm"], password)
    second = md5("INVITE", uri)
    fields = f'username="{username}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
    fields += f'uri="{uri}", algorithm=MD5, '
    if "qop" not in given:
        return f'Digest {fields}response="{md5(first, given["nonce"], second)}"'
    cnonce = secrets.token_hex(4)
    answer = md5(first, given["nonce"], "00000001", cnonce, "auth", second)
    return f'Digest {fields}qop=auth, nc=00000001, cnonce="{cnonce}", response="{answer}"'


class Ear(asyncio.DatagramProtocol):
    """Keeps the sound that arrives, as it was coded."""

    def __init__(self) -> None:
        self.heard = bytearray()

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        if data[1] & 0x7F == 0:  # PCMU, by the header that is always 12 bytes long
            self.heard += data[12:]


class Caller(asyncio.DatagramProtocol):
    """One call from `number` to `called` at the gateway on 127.0.0.1:`port`.

    `final` resolves to the final status of the INVITE; `gone` is set when the call is over.
    `source` is the address that it comes from, `host` the one that it says in From. `says` is what
    he says again and again, as PCMU; what he hears in PCMU is `ear.heard`, 8000 bytes a second.
    """

    says = SILENCE

    def __init__(
        self,
        port: int,
        called: str,
        number: str,
        login: tuple[str, str] = ("", ""),
        codec: int = 0,
        acknowledges: bool = True,
        source: str = "127.0.0.1",
        host: str = "127.0.0.1",
    ) -> None:
        self.source, self.host = source, host
        self.gateway, self.called, self.number = ("127.0.0.1", port), called, number
        self.login, self.codec, self.acknowledges, self.tries = login, codec, acknowledges, 3
        self.call_id, self.tag = secrets.token_hex(8), secrets.token_hex(4)
        self.sequence, self.to = 1, f"<sip:{called}@127.0.0.1>"
        self.uri = self.target = f"sip:{called}@127.0.0.1:{port}"
        self.final: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        self.talking: asyncio.Task[None] | None = None
        self.digits: list[str] = []

    async def call(self) -> "Caller":
        loop = asyncio.get_running_loop()
        self.media, self.ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
        self.signals, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.source, 0)
        )
        self.own = f"{self.source}:{self.signals.get_extra_info('sockname')[1]}"
        self.invite()
        return self

    def invite(self, *headers: str) -> None:
        self.branch = "z9hG4bK" + secrets.token_hex(6)
        port = self.media.get_extra_info("sockname")[1]
        sdp = "\r\n".join(
            [
                "v=0",
                "o=- 1 1 IN IP4 127.0.0.1",
                "s=-",
                "c=IN IP4 127.0.0.1",
                "t=0 0",
                f"m=audio {port} RTP/AVP {self.codec} 101",
                "a=rtpmap:0 PCMU/8000" if self.codec == 0 else f"a=rtpmap:{self.codec} G729/8000",
                "a=rtpmap:101 telephone-event/8000",
                "",
            ]
        )
        self.send("INVITE", self.uri, "Content-Type: application/sdp", *headers, body=sdp)

    def send(self, method: str, uri: str, *headers: str, body: str = "") -> None:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.own};branch={self.branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.number}@{self.host}>;tag={self.tag}",
            f"To: {self.to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.sequence} {method}",
            f"Contact: <sip:{self.number}@{self.own}>",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        message = "\r\n".join(lines) + "\r\n\r\n" + body
        self.signals.sendto(message.encode(), self.gateway)

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        head, _, body = data.decode().partition("\r\n\r\n")
        lines = head.split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        if not lines[0].startswith("SIP/2.0"):
            self.answer(lines, headers)
        elif "INVITE" in headers["cseq"]:
            self.invited(int(lines[0].split()[1]), headers, body)

    def answer(self, lines: list[str], headers: dict[str, str]) -> None:
        """Whatever the gateway asks of us is fine; a BYE ends the call."""
        names = ("via", "from", "to", "call-id", "cseq")
        kept = [line for line in lines[1:] if line.partition(":")[0].lower() in names]
        reply = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        self.signals.sendto(reply.encode(), self.gateway)
        if lines[0].startswith("BYE"):
            self.over()

    def invited(self, status: int, headers: dict[str, str], body: str) -> None:
        if status < 200:
            return
        self.to = headers["to"]
        if status < 300:
            found = re.search(r"<(sip:[^>]+)>", headers.get("contact", ""))
            self.target = found[1] if found else self.uri
            # The acknowledgement of an answer is a transaction of its own (RFC 3261, 13.2.2.4).
            self.branch = "z9hG4bK" + secrets.token_hex(6)
        if status >= 300 or self.acknowledges:
            self.send("ACK", self.target)
        challenge = headers.get("proxy-authenticate")
        if challenge and self.login[0] and self.tries:
            self.tries -= 1
            self.sequence += 1
            self.to = f"<sip:{self.called}@127.0.0.1>"
            self.invite(f"Proxy-Authorization: {digest(challenge, *self.login, self.uri)}")
            return
        if not self.final.done():
            self.final.set_result(status)
            if status < 300 and self.acknowledges:
                found = re.search(r"m=audio (\d+)", body)
                assert found, "an answer without audio"
                self.talking = asyncio.ensure_future(self.talk(int(found[1])))
        if status >= 300:
            self.over()

    async def talk(self, port: int) -> None:
        stamp, stream = 0, secrets.randbits(32)
        packets = self.packets()
        for number in range(1 << 16):
            kind, payload, step = next(packets)
            header = struct.pack("!BBHII", 0x80, kind, number, stamp, stream)
            self.media.sendto(header + payload, ("127.0.0.1", port))
            stamp += step
            await asyncio.sleep(0.02)

    def packets(self) -> Iterator[tuple[int, bytes, int]]:
        """What he says, and between it the keys that were pressed (RFC 4733)."""
        at = 0
        while True:
            if self.digits:
                event = DIGITS.index(self.digits.pop(0))
                for tick in range(1, 8):
                    end = 0x80 if tick > 5 else 0
                    last = 1280 if tick == 7 else 0
                    yield 101, struct.pack("!BBH", event, end | 10, 160 * min(tick, 6)), last
                for _pause in range(10):
                    yield 0, SILENCE, 160
            at = (at + 160) % len(self.says)
            yield 0, self.says[at : at + 160], 160

    def stop_talking(self) -> None:
        if self.talking:
            self.talking.cancel()

    def hang_up(self) -> None:
        """CANCEL while it rings, BYE when somebody answered."""
        if self.final.done():
            self.sequence += 1
            self.branch = "z9hG4bK" + secrets.token_hex(6)
            self.send("BYE", self.target)
            self.over()
        else:
            self.send("CANCEL", self.uri)

    def over(self) -> None:
        self.stop_talking()
        self.gone.set()
