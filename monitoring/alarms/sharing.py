"""Which lookout tells whom of a lost database. Those of several hosts have only Redis in common
then: whoever writes his name first tells that channel, and goes on telling it.
"""

import contextlib
import socket
from collections.abc import Iterable
from datetime import timedelta

import redis
from django.conf import settings

from monitoring.health.redises import client_of

REMINDED = timedelta(minutes=30)
# Of whoever has gone without a reminder, another one takes the place.
KEPT = REMINDED + timedelta(minutes=2)
SECONDS = 1.0
US = socket.gethostname()


def ours(channels: Iterable[int]) -> set[int]:
    """Those that are ours to tell, by their keys: all where Redis does not answer, since to be
    told twice is better than never.
    """
    wanted = set(channels)
    try:
        return {pk for pk in wanted if _take(client_of(settings.REDIS_URL, SECONDS), pk)}
    except redis.RedisError:
        return wanted


def give_up(channels: Iterable[int]) -> None:
    """Another one may tell them."""
    with contextlib.suppress(redis.RedisError):
        client = client_of(settings.REDIS_URL, SECONDS)
        for pk in channels:
            if _is_ours(client, pk):
                client.delete(_key(pk))


def _take(client: redis.Redis, pk: int) -> bool:
    if client.set(_key(pk), US, nx=True, ex=KEPT):
        return True
    return _is_ours(client, pk) and bool(client.expire(_key(pk), KEPT))


def _is_ours(client: redis.Redis, pk: int) -> bool:
    return client.get(_key(pk)) == US.encode()


def _key(pk: int) -> str:
    return f"veyra:database-is-away:{pk}"
