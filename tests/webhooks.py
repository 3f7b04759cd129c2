"""A webhook comes in, without a server around the door."""

from typing import Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async

from telephony import intake
from telephony.webhook_door import Door


def post(body: bytes, authorization: str = "", **different: Any) -> int:
    """The status of the answer. `different`: what the request's scope has otherwise."""

    async def answer() -> int:
        door = Door(database_sync_to_async(intake.take_webhooks))
        return await door.answer(*request(body, authorization, **different))

    return async_to_sync(answer)()


def request(body: bytes, authorization: str, **different: Any) -> tuple[Any, Any]:
    """What an ASGI application is given of it: the scope, and where the body comes from."""
    headers = [(b"content-length", b"%d" % len(body)), (b"authorization", authorization.encode())]

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    return {"type": "http", "method": "POST", "headers": headers, **different}, receive
