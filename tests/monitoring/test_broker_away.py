"""The broker dies under open boards: they find out by themselves, and hear again on its return."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import LazySettings

from monitoring.board import Viewer
from monitoring.hub import Hub
from telephony.models import Call
from tests.monitoring.test_hub import Line, Screen, tell, until
from veyra.up import tools

# The thread that reads may have a connection of an earlier test to look after.
pytestmark = pytest.mark.django_db(transaction=True)

ENGLISH = Viewer("en", True)


class Broker:
    """The bundled Valkey on a socket of its own; killed without a word, and started again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "broker.sock"
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self._command = [tools.broker(), *options, "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        # A killed server leaves it; whoever connects is refused.
        assert self.socket.exists()

    async def up(self) -> None:
        self.start()
        async with asyncio.timeout(5):
            while True:
                try:
                    return await tell(Call())
                except redis.ConnectionError:
                    await asyncio.sleep(0.02)


@pytest.fixture
def broker(settings: LazySettings) -> Iterator[Broker]:
    # pytest's own folders are too deep for a socket's path.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        broker = Broker(Path(folder))
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [f"unix://{broker.socket}"]},
            }
        }
        yield broker
        broker.kill()


@asynccontextmanager
async def open_board(line: Line, *, sweep: float) -> AsyncIterator[Screen]:
    """A board that shows everything there is, and has heard the broker once."""
    screen, hub = Screen(), Hub(line.read, read_keys=line.keys, interval=0, sweep=sweep)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    await change(line, screen)
    yield screen
    hub.leave(screen)
    await get_channel_layer().flush()


async def change(line: Line, screen: Screen) -> None:
    """Another caller; the board shows him when it hears of it."""
    call = line.ring()
    await tell(call)
    await until(lambda: str(call.pk) in screen.texts[-1])


async def test_what_happened_while_the_broker_was_away_is_on_the_board(broker: Broker) -> None:
    await broker.up()
    line = Line()
    async with open_board(line, sweep=0.2) as screen:
        broker.kill()
        call = line.ring()
        with pytest.raises(redis.ConnectionError):
            await tell(call)
        await until(lambda: str(call.pk) in screen.texts[-1])
        broker.start()


async def test_a_board_hears_again_when_the_broker_is_back(broker: Broker) -> None:
    """Nobody opens a socket anew, and no sweep helps: the subscription itself is renewed."""
    await broker.up()
    line = Line()
    async with open_board(line, sweep=60) as screen:
        broker.kill()
        missed = line.ring()
        await broker.up()

        async def tell_until_heard() -> None:
            while str(missed.pk) not in screen.texts[-1]:
                await tell(missed)
                await asyncio.sleep(0.05)

        await asyncio.wait_for(tell_until_heard(), 5)
        await change(line, screen)
