"""A LiveKit without sound, for training, demos and tests: its API, its webhooks, its bus."""

import asyncio
from typing import Any

from aiohttp import web
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from veyra.livekit.pairs import Pair, pairs
from veyra.livekit.simulator import encoding
from veyra.livekit.simulator.server import application
from veyra.livekit.simulator.speaker import Speaker
from veyra.livekit.simulator.switchboard import Switchboard


class Command(BaseCommand):
    help = "Run a simulated LiveKit on 127.0.0.1: calls come from `manage.py simulate`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.LIVEKIT_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The simulator is never for production: it needs DEBUG=true.")
        try:
            asyncio.run(run(options["port"]))
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used ({error.strerror}): give another one "
                "with --port."
            ) from error
        except KeyboardInterrupt:
            self.stdout.write("The simulator has stopped.")


def known() -> list[Pair]:
    """It needs no start to hear of another one."""
    now = pairs()
    return [now.first, now.second] if now.second else [now.first]


async def run(port: int) -> None:
    """Serve until cancelled. What is published lies in STATE/simulator.json."""
    path = settings.STATE / "simulator.json"
    url = f"http://127.0.0.1:{settings.PORT}/livekit/webhook"
    async with Speaker(url, settings.LIVEKIT_REDIS_URL, lambda: pairs().first) as speaker:
        store = encoding.load(path)
        switchboard = Switchboard(store, speaker.speak)
        switchboard.recorders.folder = settings.STATE / "simulator"
        app = application(switchboard, known, lambda: encoding.save(store, path))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
