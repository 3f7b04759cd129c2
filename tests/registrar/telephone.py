"""A SIP telephone for tests: calls, is called, and shows every message that it got.

with Telephone() as one, Telephone() as other:
    call = one.call(f"sip:alice@{other.address}")
    ring = other.called(); ring.answer(200, body=sound())
    call.expect(200); call.ack(); call.send("BYE"); call.expect(200)
"""

import queue
import secrets
import time
from typing import Any, Self

from tests.registrar.messages import Message, address_of, branch, reply, sound
from tests.registrar.wires import Source, Wire

SECONDS = 5.0


class Telephone:
    """One side of calls. Every message that came lies in `heard`."""

    def __init__(self, wire: type[Wire] = Wire, **place: Any) -> None:
        self._dialogs: dict[str, Dialog] = {}
        self._calls: queue.Queue[Dialog] = queue.Queue()
        self._answers: dict[tuple[str, str], bytes] = {}
        self.heard: list[Message] = []
        self.wire = wire(self._take, **place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    @property
    def address(self) -> str:
        return f"{self.wire.host}:{self.wire.port}"

    def uri(self, user: str) -> str:
        suffix = "" if self.wire.transport == "udp" else f";transport={self.wire.transport}"
        return f"sip:{user}@{self.address}{suffix}"

    def via(self) -> str:
        return f"SIP/2.0/{self.wire.transport.upper()} {self.address};rport;branch={branch()}"

    def call(
        self,
        uri: str,
        *headers: tuple[str, str],
        to: str = "",
        sender: str = "79161234567",
        contact: str = "",
        hop: Source | None = None,
    ) -> "Dialog":
        """Send an INVITE to `hop`, or where the URI says."""
        dialog = Dialog(
            self,
            call_id=secrets.token_hex(8),
            local=f"<sip:{sender}@{self.wire.host}>;tag={secrets.token_hex(4)}",
            remote=f"<{to or uri}>",
            target=uri,
            hop=hop or address_of(uri),
            contact=contact or self.uri("phone"),
        )
        self._dialogs[dialog.call_id] = dialog
        dialog.send("INVITE", *headers, body=sound())
        return dialog

    def called(self, seconds: float = SECONDS) -> "Dialog":
        """The next call that comes in."""
        try:
            return self._calls.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nobody called in {seconds} s") from None

    def alone(self, seconds: float) -> bool:
        """Does nobody call?"""
        try:
            self._calls.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def ask(
        self,
        method: str,
        uri: str,
        *headers: tuple[str, str],
        hop: Source | None = None,
        tag: str = "",
    ) -> "Dialog":
        """Send a request that belongs to no call of ours; its answers come to the Dialog.

        With a `tag` it pretends to belong to one.
        """
        dialog = Dialog(
            self,
            call_id=secrets.token_hex(8),
            local=f"<{self.uri('phone')}>;tag={secrets.token_hex(4)}",
            remote=f"<{uri}>" + (f";tag={tag}" if tag else ""),
            target=uri,
            hop=hop or address_of(uri),
            contact=self.uri("phone"),
        )
        self._dialogs[dialog.call_id] = dialog
        dialog.send(method, *headers)
        return dialog

    def answer(self, request: Message, source: Source, status: int, *more: Any, **o: Any) -> None:
        """Answer a request, and again whenever it is repeated."""
        data = bytes(reply(request, status, *more, source=source, **o))
        self._answers[request.get("Via"), request.get("CSeq")] = data
        self._respond(request, source, data)

    def asked(self, request: Message, source: Source) -> None:
        """A request outside of any call."""
        self.answer(request, source, 200)

    def _respond(self, request: Message, source: Source, data: bytes) -> None:
        is_plain = self.wire.transport == "udp" and "rport" not in request.get("Via")
        self.wire.send(data, address_of(request.get("Via")) if is_plain else source)

    def _take(self, data: bytes, source: Source) -> None:
        message = Message.parse(data)
        self.heard.append(message)
        if message.status:
            self._answered(message)
        elif known := self._answers.get((message.get("Via"), message.get("CSeq"))):
            if message.method != "ACK":
                self._respond(message, source, known)
        else:
            self._requested(message, source)

    def _answered(self, message: Message) -> None:
        dialog = self._dialogs.get(message.get("Call-ID"))
        if dialog:
            dialog.answered(message)

    def _requested(self, message: Message, source: Source) -> None:
        dialog = self._dialogs.get(message.get("Call-ID"))
        if dialog:
            dialog.requested(message, source)
        elif message.method == "INVITE" and "tag=" not in message.get("To"):
            self._rung(message, source)
        elif "tag=" in message.get("To") or message.method == "CANCEL":
            if message.method != "ACK":
                self.answer(message, source, 481)
        else:
            self.asked(message, source)

    def _rung(self, invite: Message, source: Source) -> None:
        dialog = Dialog(
            self,
            call_id=invite.get("Call-ID"),
            local=f"{invite.get('To')};tag={secrets.token_hex(4)}",
            remote=invite.get("From"),
            target=(invite.routes("Contact") or [invite.get("Contact")])[0],
            hop=source,
            contact=self.uri("phone"),
        )
        dialog.routes = invite.routes("Record-Route")
        dialog.invite, dialog.source = invite, source
        self._dialogs[dialog.call_id] = dialog
        dialog.answer(100)
        self._calls.put(dialog)


class Dialog:
    """One call as one of its sides sees it. `seen` is everything that came, in order."""

    def __init__(
        self,
        phone: Telephone,
        *,
        call_id: str,
        local: str,
        remote: str,
        target: str,
        hop: Source,
        contact: str,
    ) -> None:
        self.phone, self.call_id, self.hop, self.contact = phone, call_id, hop, contact
        self.local, self.remote, self.target = local, remote, target
        self.routes: list[str] = []
        self.invite: Message | None = None
        self.source: Source = hop
        self.seen: list[Message] = []
        self._inbox: queue.Queue[Message] = queue.Queue()
        self._sources: dict[int, Source] = {}
        self._number = 0
        self._last: dict[str, Message] = {}

    @property
    def rung(self) -> Message:
        """The INVITE that called us."""
        if self.invite is None:
            raise AssertionError("nobody called: the call is ours")
        return self.invite

    def send(self, method: str, *headers: tuple[str, str], body: str = "") -> Message:
        """A request of this call, sent along its route."""
        if method != "ACK":
            self._number += 1
        message = self.draft(method, self.phone.via(), *headers, body=body)
        self._last[method] = message
        self.phone.wire.send(bytes(message), self._next_hop())
        return message

    def last(self, method: str) -> Message:
        """What we sent last by this method."""
        return self._last[method]

    def ack(self) -> None:
        self.send("ACK")

    def cancel(self) -> None:
        """Take the INVITE back, by the way it took."""
        via = self._last["INVITE"].get("Via")
        cancel = self.draft("CANCEL", via)
        self.phone.wire.send(bytes(cancel), self.hop)

    def answer(self, status: int, *headers: tuple[str, str], body: str = "") -> None:
        """Answer the INVITE that called us."""
        tag = "" if status == 100 else self.local.rpartition("tag=")[2]
        contact = ("Contact", f"<{self.contact}>")
        self.phone.answer(self.rung, self.source, status, contact, *headers, body=body, tag=tag)

    def reply(self, request: Message, status: int, body: str = "") -> None:
        """Answer a request that came within the call."""
        source = self._sources.get(id(request), self.source)
        contact = ("Contact", f"<{self.contact}>")
        self.phone.answer(request, source, status, contact, body=body)

    def expect(self, what: int | str, seconds: float = SECONDS) -> Message:
        """The next answer with this status, or the next request by this method."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if what == (message.status or message.method):
                return message
        told = [message.start for message in self.seen]
        raise AssertionError(f"{what} did not come in {seconds} s; this did: {told}")

    def silent(self, seconds: float) -> bool:
        """Does nothing at all come?"""
        try:
            self._inbox.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def draft(self, method: str, via: str, *headers: tuple[str, str], body: str = "") -> Message:
        kind = "application/sdp" if method == "INVITE" else "message/sipfrag"
        content = [("Content-Type", kind)] if body else []
        return Message(
            f"{method} {self.target} SIP/2.0",
            [
                ("Via", via),
                *[("Route", f"<{route}>") for route in self.routes],
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._number} {method}"),
                ("Contact", f"<{self.contact}>"),
                ("Max-Forwards", "70"),
                *headers,
                *content,
            ],
            body,
        )

    def answered(self, message: Message) -> None:
        if message.method == "INVITE" and message.status >= 300:
            self._acknowledge(message)
        if message.method == "INVITE" and 100 < message.status < 300:
            self.remote = message.get("To")
            self.routes = message.routes("Record-Route")[::-1]
            self.target = (message.routes("Contact") or [self.target])[0]
        self._arrived(message)

    def requested(self, message: Message, source: Source) -> None:
        self._sources[id(message)] = source
        if message.method in ("BYE", "CANCEL"):
            self.phone.answer(message, source, 200)
        if message.method == "CANCEL":
            self.answer(487)
        self._arrived(message)

    def _arrived(self, message: Message) -> None:
        self.seen.append(message)
        self._inbox.put(message)

    def _next_hop(self) -> Source:
        if self.phone.wire.transport != "udp" or not self.seen:
            return self.hop
        return address_of((self.routes or [self.target])[0])

    def _acknowledge(self, refusal: Message) -> None:
        """A refused INVITE is acknowledged by the way it took (RFC 3261, 17.1.1.3)."""
        ack = self.draft("ACK", self._last["INVITE"].get("Via"))
        ack.headers = [
            ("To", refusal.get("To")) if name == "To" else (name, value)
            for name, value in ack.headers
        ]
        self.phone.wire.send(bytes(ack), self.hop)
