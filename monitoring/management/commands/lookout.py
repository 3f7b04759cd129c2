"""Watch the watcher: alarms come even where the schedule, the queue or the database is dead."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from monitoring.alarms.lookout import Lookout, hear_soon
from veyra import stopping


class Command(BaseCommand):
    help = "Tells staff of what is wrong where the other programs cannot. Run one of it."
    # It starts, and tells of it, while the database is away.
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        # Before a thread asks the database: it ends where the pool goes while it waits for one.
        hear_soon()
        lookout = Lookout()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: lookout.stop())
        stopping.attend("lookout")
        self.stdout.write("The line is looked after.")
        lookout.run()
        self.stdout.write("The line is looked after no more.")
