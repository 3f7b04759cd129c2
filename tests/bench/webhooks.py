"""Webhooks accepted in a second, against a bare Django view that inserts one row.

The same bodies go to both in turns, through as many connections, to one uvicorn process each.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable

import aiohttp

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.traffic import Webhook, whole_calls

ROUNDS = 7
CALLS = 100
CONNECTIONS = 16


def measure(arena: Ground) -> list[Figure]:
    arena.start_web()
    arena.start_bare_web()
    return [asyncio.run(_measure(arena))]


async def _measure(arena: Ground) -> Figure:
    stack = arena.system.stack
    ours_url = f"{arena.system.url}/livekit/webhook"
    bare_url = f"http://127.0.0.1:{arena.bare_port}/insert"
    rates: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        ours = await _rate(ours_url, list(whole_calls(CALLS, stack.api_key, stack.api_secret)))
        bare = await _rate(bare_url, list(whole_calls(CALLS, stack.api_key, stack.api_secret)))
        if number:  # the first round warms up
            rates.append((ours, bare))
    return Figure(
        name="webhooks accepted (PostgreSQL)",
        unit="/s",
        ours=statistics.median(ours for ours, _ in rates),
        bare=statistics.median(bare for _, bare in rates),
        bound=">=",
        target=0.7,
        paired=statistics.median(ours / bare for ours, bare in rates),
    )


async def _rate(url: str, traffic: Iterable[Webhook]) -> float:
    """How many a second; each must be taken."""
    waiting = iter(traffic)
    done = 0

    async def send_on(http: aiohttp.ClientSession) -> None:
        nonlocal done
        for webhook in waiting:
            async with http.post(url, data=webhook.body, headers=webhook.headers) as answer:
                answer.raise_for_status()
            done += 1

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as http:
        start = time.perf_counter()
        await asyncio.gather(*(send_on(http) for _ in range(CONNECTIONS)))
        return done / (time.perf_counter() - start)
