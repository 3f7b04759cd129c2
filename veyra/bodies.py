"""No request brings more than any door of ours takes.

Django writes the whole body of a request to the disk before it looks who sends it.
"""

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
)

# A table with a hundred thousand numbers has some megabytes; nothing else comes near it.
LARGEST = 16 * 1024 * 1024


class Bounded:
    """`application`, behind a limit: 413 to who sends more, as soon as that is known."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        body = Body(receive, send)
        if not body.is_promised(scope):
            await self._application(scope, body.receive, body.send)
        if body.is_too_large:
            await body.refuse()


class Body:
    """What came of one request."""

    def __init__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self._receive, self._send = receive, send
        self._taken = 0
        self.is_too_large = self._is_answered = False

    def is_promised(self, scope: HTTPScope) -> bool:
        """Does the sender himself say that it is too large?"""
        told = dict(scope["headers"]).get(b"content-length", b"0")
        self.is_too_large = told.isdigit() and int(told) > LARGEST
        return self.is_too_large

    async def receive(self) -> ASGIReceiveEvent:
        """What comes; where it is too much, as if its sender were gone."""
        event = await self._receive()
        if event["type"] == "http.request":
            self._taken += len(event.get("body", b""))
            self.is_too_large = self._taken > LARGEST
        return {"type": "http.disconnect"} if self.is_too_large else event

    async def send(self, event: ASGISendEvent) -> None:
        self._is_answered = True
        await self._send(event)

    async def refuse(self) -> None:
        if self._is_answered:
            return
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await self._send(
            {"type": "http.response.start", "status": 413, "headers": headers, "trailers": False}
        )
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
