"""Sends what the simulated LiveKit says: signed webhooks, and the gateway's bytes on Redis."""

import asyncio
import base64
import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import aiohttp
import redis.asyncio
from livekit import api
from redis.exceptions import RedisError

from veyra.livekit.pairs import Pair
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.sequence import Said

log = logging.getLogger(__name__)

# LiveKit sends an event five times at most, and never one that is older than 30 s.
RETRY_SECONDS = (1, 2, 4, 8)
TOKEN_TTL = timedelta(minutes=5)


def signed(body: str, key: str, secret: str) -> str:
    """The token of a webhook: it vouches for the body's hash."""
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return api.AccessToken(key, secret).with_ttl(TOKEN_TTL).with_sha256(digest).to_jwt()


class Speaker:
    """Open inside `async with`. Events of one room arrive in order, and hold nobody up."""

    def __init__(self, webhook_url: str, redis_url: str, signs_by: Callable[[], Pair]) -> None:
        self._url, self._signs_by = webhook_url, signs_by
        self._redis = redis.asyncio.from_url(redis_url)
        self._queues: dict[str, asyncio.Queue[api.WebhookEvent]] = defaultdict(asyncio.Queue)
        self._senders: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> "Speaker":
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(self, *error: object) -> None:
        """What is under way is sent first."""
        await asyncio.gather(*self._senders.values(), return_exceptions=True)
        await self._http.close()
        await self._redis.aclose()

    async def speak(self, said: list[Said]) -> None:
        for message in said:
            if isinstance(message, BusMessage):
                await self._publish(message)
            else:
                self._queue(message)

    async def _publish(self, message: BusMessage) -> None:
        try:
            await self._redis.publish(message.channel, message.raw)
        except RedisError as error:  # LiveKit's bus loses messages too while Redis is away
            log.warning("the bus is away: %s", type(error).__name__)

    def _queue(self, event: api.WebhookEvent) -> None:
        room = event.room.sid or event.egress_info.room_id or event.ingress_info.ingress_id
        self._queues[room].put_nowait(event)
        if room not in self._senders:
            self._senders[room] = asyncio.create_task(self._send_all(room))

    async def _send_all(self, room: str) -> None:
        queue = self._queues[room]
        while not queue.empty():
            await self._send(queue.get_nowait())
        del self._queues[room], self._senders[room]

    async def _send(self, event: api.WebhookEvent) -> None:
        body, pair = sequence.body(event), self._signs_by()
        headers = {
            "Content-Type": "application/webhook+json",
            "Authorization": signed(body, pair.name, pair.secret),
        }
        for pause in (*RETRY_SECONDS, None):
            if await self._post(body, headers):
                return
            if pause is None:
                log.warning("webhook %s was not delivered", event.id)
                return
            await asyncio.sleep(pause)

    async def _post(self, body: str, headers: dict[str, str]) -> bool:
        """Whether the receiver took it, or refused it for good (any 4xx but 429)."""
        try:
            async with self._http.post(self._url, data=body, headers=headers) as answer:
                return answer.status < 500 and answer.status != 429
        except (aiohttp.ClientError, TimeoutError):
            return False
