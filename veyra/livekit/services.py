"""Which of LiveKit's programs beside the server run: each waits for work on LiveKit's bus."""

import threading
import time
from typing import Literal

import redis
from django.conf import settings

Service = Literal["egress", "ingress"]
# The channel on which a program waits for work, as psrpc names it; an egress may name its cluster.
CHANNELS: dict[Service, str] = {
    "egress": "EgressInternal|StartEgress*REQ",
    "ingress": "IngressInternal|StartIngress*REQ",
}
PATIENCE_SECONDS = 2.0
# Pages look again only when the last look is this old.
FRESH_SECONDS = 10.0


def runs(service: Service) -> bool | None:
    """None: LiveKit's Redis is not ours to ask, or away. The simulator has both."""
    if settings.LIVEKIT_SIMULATED:
        return True
    return _last.get(service)


def ask(url: str, service: Service) -> bool | None:
    """Does somebody wait for work of this kind on the bus at `url`?"""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=1
        ) as bus:
            return bool(bus.pubsub_channels(CHANNELS[service]))
    except (redis.RedisError, OSError):
        return None


class _Last:
    """The last look of this process, shared by all pages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Service, tuple[float, bool | None]] = {}

    def get(self, service: Service) -> bool | None:
        with self._lock:
            at, found = self._found.get(service, (float("-inf"), None))
            if time.monotonic() - at > FRESH_SECONDS:
                found = ask(settings.LIVEKIT_REDIS_URL, service)
                self._found[service] = time.monotonic(), found
            return found


_last = _Last()
