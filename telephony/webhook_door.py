"""The door for LiveKit's webhooks.

No page: it has no session, no language and no form, so a webhook does not pass what a page passes.
That would take five times as long as to store it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from channels.db import database_sync_to_async
from django.db import Error
from django.urls import path

from telephony import intake
from veyra.livekit import webhooks
from veyra.livekit.webhooks import WebhookEvent
from veyra.outage import Outage

log = logging.getLogger(__name__)

# A hundred times the largest webhook that LiveKit was seen to send.
LARGEST = 256 * 1024
# Webhooks that wait for a database which is slow: more would fill the memory, and come again.
MOST_WAITING = 1_000
# Between two warnings about strangers, who can knock as often as they like.
WARNING_SECONDS = 60.0


class NotRead(Exception):
    """The body was not read to its end, and `status` is the answer."""

    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class Batch:
    """Webhooks that are stored together."""

    events: list[WebhookEvent] = field(default_factory=list)
    is_stored: bool = False


class Door:
    """An ASGI application. 200 also for what was stored before or means nothing to us.

    What comes while others are being stored waits for them, and is then stored in one transaction:
    a thousand callers at once are no thousand transactions.
    """

    def __init__(self, take: Callable[[list[WebhookEvent]], Awaitable[None]]) -> None:
        self._take_all = take
        self._next = Batch()
        self._waiting = 0
        self._one_at_a_time = asyncio.Lock()
        self._outage = Outage(log, "the database takes no webhooks")
        self._strangers, self._warned_at = 0, float("-inf")

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        status = await self.answer(scope, receive)
        headers = [(b"content-length", b"0")]
        await send(
            {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def answer(self, scope: HTTPScope, receive: ASGIReceiveCallable) -> int:
        """The HTTP status."""
        if scope["method"] != "POST":
            return 405
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            signed = webhooks.hash_signed(headers.get(b"authorization", ""))
            body = await _body(headers.get(b"content-length", "0"), receive)
            event = webhooks.receive(body, signed)
        except NotRead as error:
            return error.status
        except webhooks.BadSignature as error:
            self._warn_of_strangers(error)
            return 401
        except webhooks.Nonsense as error:
            log.warning("webhook that cannot be read: %s", error)
            return 400
        # LiveKit comes again with what we could not store.
        return 200 if await self._take(event) else 503

    def _warn_of_strangers(self, error: webhooks.BadSignature) -> None:
        self._strangers += 1
        if time.monotonic() - self._warned_at < WARNING_SECONDS:
            return
        log.warning("webhooks with a bad signature: %d, now: %s", self._strangers, error)
        self._strangers, self._warned_at = 0, time.monotonic()

    async def _take(self, event: WebhookEvent) -> bool:
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            return await self._take_together(event)
        finally:
            self._waiting -= 1

    async def _take_together(self, event: WebhookEvent) -> bool:
        batch = self._next
        batch.events.append(event)
        async with self._one_at_a_time:
            if batch is self._next:
                self._next = Batch()
                batch.is_stored = await self._store(batch.events)
        return batch.is_stored

    async def _store(self, events: list[WebhookEvent]) -> bool:
        """False: the database takes nothing now."""
        try:
            await self._take_all(events)
        except Error as error:
            self._outage.felt(error)
            return False
        self._outage.over()
        return True


async def _body(claimed: str, receive: ASGIReceiveCallable) -> bytes:
    """Raises NotRead: it is too large, if possible before it is read, or its sender is gone."""
    if not claimed.isdecimal() or int(claimed) > LARGEST:
        raise NotRead(413)
    body, goes_on = b"", True
    while goes_on:
        message = await receive()
        if message["type"] != "http.request":  # he is gone, and hears no answer
            raise NotRead(400)
        body += message.get("body", b"")
        if len(body) > LARGEST:
            raise NotRead(413)
        goes_on = message.get("more_body", False)
    return body


# A thread of its own: to read a page takes longer than LiveKit should wait.
_thread = ThreadPoolExecutor(1, "webhooks")
_take = database_sync_to_async(intake.take_webhooks, thread_sensitive=False, executor=_thread)
door: Any = Door(_take)
http_urlpatterns = [path("livekit/webhook", door)]
