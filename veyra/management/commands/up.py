"""Everything on one machine, under one supervisor: what `make run` starts."""

import io
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from veyra.up import background as in_background
from veyra.up.start import up
from veyra.up.trouble import Trouble


class Command(BaseCommand):
    help = "Start broker, LiveKit, web, workers, beat, tap and agent, and keep them running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--background", action="store_true", help="come back once it answers")
        parser.add_argument("--wait", action="store_true", help="until the one that runs answers")
        parser.add_argument("--stop", action="store_true", help="end the one that runs")

    def handle(self, *args: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Progress shows at once in a pipe, too.
            sys.stdout.reconfigure(line_buffering=True)
        with translation.override(terminal_language(os.environ.get("LANG", ""))):
            try:
                code = self._do(**options)
            except Trouble as trouble:
                self.stderr.write(str(trouble))
                code = 1
        sys.exit(code)

    def _do(self, *, background: bool, wait: bool, stop: bool, **options: Any) -> int:
        if stop:
            ended = in_background.stop(settings.STATE)
            self.stdout.write(_("Veyra has ended.") if ended else _("Veyra does not run."))
        elif background:
            told = in_background.start(settings.STATE)
            self.stdout.write(_("Veyra runs. What it says: %(file)s") % {"file": told})
        elif wait:
            in_background.wait(settings.STATE)
        else:
            return up(self.stdout.write)
        return 0


def terminal_language(lang: str) -> str:
    """The terminal speaks the language of its user, not that of the installation."""
    return "ru" if lang.startswith("ru") else "en"
