"""Kamailio in the foreground: it signs in at providers, and passes their calls to the gateway."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from veyra.up.registrar import become_kamailio
from veyra.up.trouble import Trouble


class Command(BaseCommand):
    help = "Become the Kamailio that signs in at providers; `manage.py registrar` tells it where."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            become_kamailio()
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
