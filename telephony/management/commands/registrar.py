"""Keep the registrar's lines as they are saved, so that calls come from providers with a login."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from telephony.hosts import Lookups
from telephony.registering import Controller
from veyra import stopping
from veyra.kamailio.client import Registrar


class Command(BaseCommand):
    help = "Signs in at the providers of the connections that have a login. One works at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        controller = Controller(Registrar(settings.REGISTRAR_SOCKET), Lookups())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: controller.stop())
        stopping.attend("registrar")
        self.stdout.write("The registrar's lines are kept.")
        controller.run()
        self.stdout.write("The registrar's lines are left as they are.")
