"""Connections to Redis that stay open between two looks."""

from functools import lru_cache

import redis


@lru_cache(maxsize=4)
def client_of(url: str, seconds: float) -> redis.Redis:
    """One pool of connections for each address; a broken one is opened anew."""
    return redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=1)
