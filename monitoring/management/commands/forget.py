"""Erased callers, erased once more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitoring import forgetting


class Command(BaseCommand):
    help = (
        "Erase again every caller of the ledger who is here all the same: after a backup was"
        " restored, which still held him. Exits 1 where somebody could not be erased."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", required=True, help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        done = forgetting.again(timezone.now())
        count = len(done.erased)
        told = ngettext(
            "%(count)s erasure was done again.", "%(count)s erasures were done again.", count
        )
        self.stdout.write(told % {"count": count})
        for sentence in done.wrong:
            self.stderr.write(str(sentence))
        if done.unknown:
            told = ngettext(
                "%(count)s line of the ledger was made by a key that is not in FIELD_KEYS any more."
                " Put that key back, behind the others, and run this again.",
                "%(count)s lines of the ledger were made by keys that are not in FIELD_KEYS any"
                " more. Put those keys back, behind the others, and run this again.",
                done.unknown,
            )
            self.stderr.write(told % {"count": done.unknown})
        if done.wrong or done.unknown:
            raise CommandError(_("Not everybody is erased again yet."))
