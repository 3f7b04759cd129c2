"""Let the calls that go on come to their end, and take no new ones."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitoring import draining

HALF_AN_HOUR = 1800


class Command(BaseCommand):
    help = (
        "Assistants take no new calls, alarms are silent, and it waits until no call goes on. Exits"
        " 1 where some still do: then all is as before. --end takes it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--within", type=int, default=HALF_AN_HOUR, metavar="SECONDS")
        parser.add_argument("--end", action="store_true", help="take calls again")

    def handle(self, *args: Any, within: int, end: bool, **options: Any) -> None:
        if end:
            draining.end()
            self.stdout.write(_("Calls are taken again."))
        elif left := draining.drain(timedelta(seconds=within)):
            text = ngettext(
                "%(count)d call still goes on. Calls are taken as before.",
                "%(count)d calls still go on. Calls are taken as before.",
                left,
            )
            raise CommandError(text % {"count": left})
        else:
            self.stdout.write(_("No call goes on, and no new one is taken."))
