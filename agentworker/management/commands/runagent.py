"""manage.py runagent: the process that answers calls."""

import asyncio
import os
import signal

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from agentworker import accesses
from agentworker.heartbeat import Heartbeat
from agentworker.housekeeping import Housekeeping
from agentworker.shipping import Shipper
from agentworker.taping import parts
from agentworker.uploading import Uploader, Uploading
from agentworker.worker import LineWorker, default_name
from veyra import stopping
from veyra.livekit.pairs import hold_to_file


class Command(BaseCommand):
    help = "Answers calls. SIGTERM: takes no more, ends with the last call; a second one: at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calls", type=int, default=settings.AGENT_CALLS)
        parser.add_argument("--port", type=int, default=settings.AGENT_PORT, help="health port")
        parser.add_argument("--name", default="", help="how the worker is listed")

    def handle(self, *, calls: int, port: int, name: str, **options: object) -> None:
        hold_to_file()
        line = LineWorker(
            calls, port, settings.AGENT_LISTEN, settings.AGENT_METRICS_PORT, accesses.libraries()
        )
        heartbeat = Heartbeat(name or default_name(port), line)
        housekeeping = Housekeeping(heartbeat, Shipper(settings.SPOOL_DIR))
        uploading = Uploading(Uploader(parts.folder(), settings.INTERNAL_URL))
        stopping.attend("agent")
        housekeeping.start()
        uploading.start()
        try:
            asyncio.run(run_until_told(line))
        finally:
            housekeeping.stop()
            uploading.stop()


async def run_until_told(line: LineWorker) -> None:
    """Serve until the first signal, then until the last call ended."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, stop)
    running = asyncio.create_task(line.server.run())
    told = asyncio.create_task(stop.wait())
    following = asyncio.create_task(line.follow_pairs())
    await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
    following.cancel()
    if running.done():
        told.cancel()
        return running.result()
    # Without a limit: a call ends by itself, at the latest at the trunk's longest duration.
    await line.server.drain(timeout=None)
    await line.server.aclose()
    return await running


def on_signal(stop: asyncio.Event) -> None:
    if stop.is_set():
        # Asked twice: the calls end with us, and the kernel takes the children's leash.
        os._exit(1)
    stop.set()
