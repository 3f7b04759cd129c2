"""A provider that stands between a caller and the line: a stateless proxy (RFC 3261, 16.11).

with Exchange({"1001": "secret"}, {"74991124148": "1001"}) as exchange: ...
A call to sip:74991124148@<exchange.address> goes to whoever registered as 1001.
"""

from hashlib import sha256
from typing import Any

from tests.registrar.messages import Message, address_of, parameters, received, user_of
from tests.registrar.provider import Provider
from tests.registrar.wires import Source


class Exchange(Provider):
    """`numbers` is login by number. Whatever else is sent to it, it takes as a Provider does."""

    def __init__(self, accounts: dict[str, str], numbers: dict[str, str], **options: Any) -> None:
        self.numbers = numbers
        # Calls that go through us, by Call-ID.
        self._through: set[str] = set()
        super().__init__(accounts, **options)

    def _take(self, data: bytes, source: Source) -> None:
        message = Message.parse(data)
        called = "" if message.status else user_of(message.uri)
        if message.method == "INVITE" and called in self.numbers:
            self._through.add(message.get("Call-ID"))
        if message.get("Call-ID") not in self._through:
            super()._take(data, source)
        elif message.status:
            self._pass_back(message)
        else:
            self._pass_on(message, source)

    def _pass_back(self, answer: Message) -> None:
        """Take our Via off; the next one says where to."""
        answer.headers.remove(("Via", answer.get("Via")))
        if via := answer.get("Via"):
            self.wire.send(bytes(answer), _sender(via))

    def _pass_on(self, request: Message, source: Source) -> None:
        routes = request.routes("Route")
        if routes and address_of(routes[0]) == (self.wire.host, self.wire.port):
            routes = routes[1:]
        via, *more = request.all("Via")
        target = self._target(request)
        ours = [("Record-Route", f"<sip:{self.address};lr>")] if request.method == "INVITE" else []
        passed = Message(
            f"{request.start.split(' ')[0]} {target} SIP/2.0",
            [
                ("Via", f"SIP/2.0/UDP {self.address};branch={_branch(via)}"),
                *[("Via", value) for value in (received(via, source), *more)],
                *[("Route", f"<{route}>") for route in routes],
                *ours,
                *request.without("via", "route"),
            ],
            request.body,
        )
        self.wire.send(bytes(passed), address_of((routes or [target])[0]))

    def _target(self, request: Message) -> str:
        login = self.numbers.get(user_of(request.uri))
        return self.bindings[login].contact if login else request.uri


def _branch(via: str) -> str:
    """Always the same one for what comes by the same way: CANCEL and ACK go along with INVITE."""
    plain = via.partition("branch=")[2].partition(";")[0]
    return f"z9hG4bK{sha256(plain.encode()).hexdigest()[:16]}"


def _sender(via: str) -> Source:
    """Where an answer goes by a Via that we have completed."""
    told = parameters(via)
    host, port = address_of(via)
    return told.get("received", host), int(told.get("rport") or port)
