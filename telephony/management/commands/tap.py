"""Listen on LiveKit's bus, so that calls have their answer times and refusals their reasons."""

import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from telephony.tapping import Tapping
from veyra import stopping

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Listens on LiveKit's Redis bus for incoming calls. Several may run at once."

    def handle(self, *args: Any, **options: Any) -> None:
        tapping = Tapping(settings.LIVEKIT_REDIS_URL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: tapping.stop())
        stopping.attend("tap")
        self.stdout.write("The tap listens.")
        tapping.run()
        self.stdout.write(f"The tap stopped; {tapping.unreadable} messages could not be read.")
