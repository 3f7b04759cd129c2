"""Seals every stored secret anew, by the first key of FIELD_KEYS."""

import sys
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from veyra.rotating import rotate


class Command(BaseCommand):
    help = (
        "Seal every stored secret anew by the first key of FIELD_KEYS. To change the key: put a"
        " new one before the old one (FIELD_KEYS=new,old), start Veyra again, run this, and take"
        " the old one out when no backup from before is kept. --make prints a new key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--make", action="store_true", help="print a new key, and do nothing")

    def handle(self, *args: Any, make: bool = False, **options: Any) -> None:
        if make:
            self.stdout.write(Fernet.generate_key().decode())
            return
        done = rotate()
        self.stdout.write(_("Sealed anew: %(count)s.") % {"count": done.count})
        for column, pk in done.lost:
            text = _("No key of FIELD_KEYS opens %(column)s of row %(row)s. Type it anew.")
            self.stderr.write(text % {"column": column, "row": pk})
        if done.lost:
            sys.exit(1)
