"""Make what the repository does not hold: programs of others and the libraries of the pages."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from veyra.up import build
from veyra.up.trouble import Trouble

Make = Callable[[Path, Path, build.Say], object]
WHAT: dict[str, list[Make]] = {
    "diagrams": [build.diagrams],
    "frontend": [build.frontend],
    "livekit": [build.server, build.gateway],
    "promtool": [build.promtool],
}


class Command(BaseCommand):
    help = (
        "Build LiveKit's programs or promtool into the state folder, the libraries of the pages, "
        "or what draws the diagrams of the documents."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="+", choices=sorted(WHAT))

    def handle(self, *args: Any, what: list[str], **options: Any) -> None:
        for make in [make for name in what for make in WHAT[name]]:
            try:
                make(settings.BASE_DIR, settings.STATE, self._say)
            except Trouble as trouble:
                self.stderr.write(str(trouble))
                sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
