"""A webhook comes in, without a server around the door."""

from typing import Any

from telephony import intake
from telephony.webhook_door import Door
from veyra.livekit.webhooks import WebhookEvent


async def take(events: list[WebhookEvent]) -> None:
    intake.take_webhooks(events)


def post(body: bytes, authorization: str = "", **different: Any) -> int:
    """The status of the answer. `different`: what the request's scope has otherwise.

    A single webhook waits for nothing, so its door needs no event loop, and what is stored is
    stored in this thread, as the test's transaction asks.
    """
    try:
        Door(take).answer(*request(body, authorization, **different)).send(None)
    except StopIteration as answered:
        return int(answered.value)
    raise AssertionError("the door waits for somebody")


def request(body: bytes, authorization: str, **different: Any) -> tuple[Any, Any]:
    """What an ASGI application is given of it: the scope, and where the body comes from."""
    headers = [(b"content-length", b"%d" % len(body)), (b"authorization", authorization.encode())]

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    return {"type": "http", "method": "POST", "headers": headers, **different}, receive
