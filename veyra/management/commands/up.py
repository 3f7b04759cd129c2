"""Everything on one machine, under one supervisor: what `make run` starts."""

import io
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from veyra.up.start import up
from veyra.up.trouble import Trouble


class Command(BaseCommand):
    help = "Start broker, LiveKit, web, workers, beat, tap and agent, and keep them running."

    def handle(self, *args: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Progress shows at once in a pipe, too.
            sys.stdout.reconfigure(line_buffering=True)
        with translation.override(terminal_language(os.environ.get("LANG", ""))):
            try:
                code = up(self.stdout.write)
            except Trouble as trouble:
                self.stderr.write(str(trouble))
                code = 1
        sys.exit(code)


def terminal_language(lang: str) -> str:
    """The terminal speaks the language of its user, not that of the installation."""
    return "ru" if lang.startswith("ru") else "en"
