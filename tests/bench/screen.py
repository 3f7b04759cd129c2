"""From a webhook to the change in a browser's socket, against the shortest chain that does as much.

Veyra: store, mark, wake, fold in a Celery worker, tell, read, render once, send. The other: insert
the webhook, the call that it tells of and its caller, Celery task, group_send, read the call with
its number and assistant, render the same row, send. In turns, one call at a time, throttles off.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass

import aiohttp

from telephony.numbers import pretty
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.sockets import headers, log_in, until
from tests.bench.traffic import Webhook, new_call, webhooks
from tests.live.stack import wait_until
from veyra.livekit.simulator import sequence

# A board's socket is opened anew every two minutes; here, after so many pairs.
BATCHES, PAIRS, WARM_UP = 3, 40, 5
# What the one still does behind the change on the screen must not meet the other.
PAUSE = 0.05


@dataclass(frozen=True)
class Chain:
    """Where the webhook goes, and the socket on which its caller shows up."""

    url: str
    socket: aiohttp.ClientWebSocketResponse


def measure(arena: Ground) -> list[Figure]:
    arena.system.application = "tests.bench.unthrottled:application"
    arena.start_web()
    arena.system.start_program("worker")
    arena.start_bare_web()
    arena.start_bare_worker()
    wait_until(lambda: "ready." in arena.system.log("worker"), "no worker")
    cookie = log_in(arena)
    return [asyncio.run(_measure(arena, cookie))]


async def _measure(arena: Ground, cookie: str) -> Figure:
    times = [pair for _ in range(BATCHES) for pair in await _batch(arena, cookie)]
    return Figure(
        name="webhook to browser, p95",
        unit="ms",
        ours=_p95([pair[0] for pair in times]),
        bare=_p95([pair[1] for pair in times]),
        bound="<=",
        target=1.5,
    )


async def _batch(arena: Ground, cookie: str) -> list[tuple[float, float]]:
    bare_url = f"http://127.0.0.1:{arena.bare_port}"
    options = headers(arena, cookie)
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{arena.system.url}/ws/live/", headers=options) as board,
        http.ws_connect(f"{bare_url}/ws/rows/", headers=options) as rows,
    ):
        await until(board, '"full": true')
        ours = Chain(f"{arena.system.url}/livekit/webhook", board)
        bare = Chain(f"{bare_url}/insert-and-announce", rows)
        times = [await _pair(arena, http, ours, bare) for _ in range(WARM_UP + PAIRS)]
        return times[WARM_UP:]


async def _pair(
    arena: Ground, http: aiohttp.ClientSession, ours: Chain, bare: Chain
) -> tuple[float, float]:
    """Milliseconds of the one and of the other, each with a call of its own."""
    found = []
    for chain in (ours, bare):
        call = new_call()
        key, secret = arena.system.stack.api_key, arena.system.stack.api_secret
        joined = webhooks(sequence.rings(call, call.created_at, new_room=False), key, secret)[0]
        start = time.perf_counter()
        reader = asyncio.create_task(until(chain.socket, pretty(call.invite.caller)))
        await _send(http, chain.url, joined)
        await reader
        found.append((time.perf_counter() - start) * 1000)
        if chain is ours:  # a board that only grows is no board
            left = sequence.hung_up(call, call.created_at)
            for webhook in webhooks(left, key, secret):
                await _send(http, chain.url, webhook)
            await until(chain.socket, "data-ended")
        await asyncio.sleep(PAUSE)
    return found[0], found[1]


async def _send(http: aiohttp.ClientSession, url: str, webhook: Webhook) -> None:
    async with http.post(url, data=webhook.body, headers=webhook.headers) as answer:
        answer.raise_for_status()


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
