"""Look after every call, so that no caller is left alone."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from telephony.watching import Watchdog
from veyra import stopping


class Command(BaseCommand):
    help = "Sends another assistant where one does not come, or is lost. One works at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        watchdog = Watchdog()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watchdog.stop())
        stopping.attend("watchdog")
        self.stdout.write("Calls are watched.")
        watchdog.run()
        self.stdout.write("Calls are watched no more.")
