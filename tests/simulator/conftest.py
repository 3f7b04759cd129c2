"""A simulated LiveKit on a free port, in a thread of its own, and what it said."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from aiohttp import web

from veyra.livekit.client import LiveKit
from veyra.livekit.pairs import Pair
from veyra.livekit.simulator.sequence import Said
from veyra.livekit.simulator.server import application
from veyra.livekit.simulator.store import Store
from veyra.livekit.simulator.switchboard import Switchboard

T = TypeVar("T")
KEY, SECRET = "veyra", "a-secret-of-at-least-thirty-two-characters"


@dataclass
class Simulated:
    loop: asyncio.AbstractEventLoop
    store: Store = field(default_factory=Store)
    said: list[Said] = field(default_factory=list)
    saves: int = 0
    pairs: list[Pair] = field(default_factory=lambda: [Pair(KEY, SECRET)])
    port: int = 0

    def __post_init__(self) -> None:
        self.switchboard = Switchboard(
            self.store, self.speak, agent_seconds=0.01, closing_seconds=0.01
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def speak(self, said: list[Said]) -> None:
        self.said += said

    def save(self) -> None:
        self.saves += 1

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run in the simulator's loop, where its calls live."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)

    def client(self, secret: str = SECRET) -> LiveKit:
        return LiveKit(self.url, KEY, secret)

    async def serve(self) -> web.AppRunner:
        runner = web.AppRunner(application(self.switchboard, lambda: self.pairs, self.save))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    simulated = Simulated(loop)
    runner = simulated.do(simulated.serve())
    yield simulated
    simulated.do(runner.cleanup())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
