"""INVITEs as a provider's exchange sends them, from several addresses, and what comes back."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field

from tests.journal.caller import digest
from veyra.livekit.matching import Invite

SOURCES = tuple(f"127.0.0.{last}" for last in range(1, 7))
FINAL = 200


@dataclass
class Sent:
    """One INVITE under way. `final` resolves to its final status, if there ever is one."""

    invite: Invite
    call_id: str
    uri: str
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    branch: str = ""
    sequence: int = 0
    statuses: list[int] = field(default_factory=list)
    challenge: str = ""
    final: asyncio.Future[int] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Provider(asyncio.DatagramProtocol):
    """One source address. It offers no sound, so a call that is let in ends with 400 at once."""

    def __init__(self, gateway: tuple[str, int], source: str) -> None:
        self.gateway, self.source = gateway, source
        self.calls: dict[str, Sent] = {}

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.source, 0)
        )
        self.own = f"{self.source}:{self.transport.get_extra_info('sockname')[1]}"

    def close(self) -> None:
        self.transport.close()

    def call(self, invite: Invite) -> Sent:
        call_id = secrets.token_hex(8)
        uri = f"sip:{invite.called}@{self.gateway[0]}:{self.gateway[1]}"
        sent = self.calls[call_id] = Sent(invite, call_id, uri)
        self._invite(sent)
        return sent

    def log_in(self, sent: Sent) -> None:
        """Again, with the login that the call has."""
        login = digest(sent.challenge, sent.invite.username, sent.invite.password, sent.uri)
        sent.final = asyncio.get_running_loop().create_future()
        self._invite(sent, f"Proxy-Authorization: {login}")

    def _invite(self, sent: Sent, *headers: str) -> None:
        sent.branch = "z9hG4bK" + secrets.token_hex(6)
        sent.sequence += 1
        self._send("INVITE", sent, *headers)

    def _send(self, method: str, sent: Sent, *headers: str) -> None:
        invite = sent.invite
        lines = [
            f"{method} {sent.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.own};branch={sent.branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{invite.caller}@{invite.host}>;tag={sent.tag}",
            f"To: <sip:{invite.called}@{self.gateway[0]}>",
            f"Call-ID: {sent.call_id}",
            f"CSeq: {sent.sequence} {method}",
            f"Contact: <sip:{self.own}>",
            *headers,
            "Content-Length: 0",
        ]
        self.transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), self.gateway)

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        head = data.decode().partition("\r\n\r\n")[0].split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}
        sent = self.calls.get(headers.get("call-id", ""))
        status = re.match(r"SIP/2.0 (\d+)", head[0])
        if sent and status and sent.branch in headers["via"]:
            self._answered(sent, int(status[1]), headers)

    def _answered(self, sent: Sent, status: int, headers: dict[str, str]) -> None:
        sent.statuses.append(status)
        if status < FINAL:
            return
        self._send("ACK", sent)
        sent.challenge = headers.get("proxy-authenticate", "")
        if not sent.final.done():
            sent.final.set_result(status)
