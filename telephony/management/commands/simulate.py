"""Imagined calls on the simulated LiveKit."""

import asyncio
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from telephony.simulate import CannotSimulate, simulate
from veyra.livekit.types import LiveKitError

STATUSES = {
    180: "rang, and nobody answered",
    200: "answered",
    401: "refused: the login is wrong",
    486: "refused: nobody serves the number",
    503: "refused: two connections claim the number",
}
NO_SIMULATOR = {
    "unavailable": "No simulator answers at LIVEKIT_URL: start it with `manage.py simulator`.",
    "unauthenticated": "The simulator runs with other LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
}


class Command(BaseCommand):
    help = "Place imagined calls on the running simulator (`manage.py simulator`)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calls", type=int, default=10, help="how many calls")
        parser.add_argument("--concurrent", type=int, default=3, help="how many at once")
        parser.add_argument("--pace", type=float, default=1.0, help="0.1: ten times faster")
        parser.add_argument("--seed", type=int, help="the same calls again")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Imagined calls are never for production: they need DEBUG=true.")
        calls, concurrent = max(0, options["calls"]), max(1, options["concurrent"])
        dice = Random(options["seed"])  # noqa: S311  # imagined callers are no secret
        try:
            seen = asyncio.run(simulate(calls, concurrent, dice, pace=options["pace"]))
        except CannotSimulate as error:
            raise CommandError(str(error.sentence)) from error
        except LiveKitError as error:
            raise CommandError(NO_SIMULATOR.get(error.code, error.message)) from error
        for status, count in sorted(seen.items()):
            self.stdout.write(f"{count:4} × {STATUSES[status]}")
