"""A backup put back."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.upkeep import keys, restoring
from monitoring.upkeep.databases import UpkeepError
from monitoring.upkeep.restoring import Opened
from recordings.storing import StoreError


class Command(BaseCommand):
    help = (
        "Puts a backup into a scratch database, proves that it is whole, and then uses it in place"
        " of the database in use, which is kept. It asks before. Works while Veyra runs."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", help="a file, its name, or latest")
        parser.add_argument("--keys", type=Path, metavar="FILE", help="the keys it was made with")
        parser.add_argument("--prove", action="store_true", help="only prove it, change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            given = keys.read(options["keys"]) if options["keys"] else {}
            field_keys = [*(keys.field_keys(given) if given else ()), *settings.FIELD_KEYS]
            with restoring.opened(restoring.find(options["backup"], field_keys)) as found:
                self._tell(found)
                if options["prove"]:
                    return
                if not (options["yes"] or self._agreed()):
                    raise CommandError(_("Nothing was changed."))
                self._restore(found, given)
        except (UpkeepError, StoreError) as error:
            raise CommandError(str(error.sentence)) from error

    def _tell(self, found: Opened) -> None:
        rows = found.manifest.rows
        text = _(
            "The backup of %(at)s is whole: %(calls)s calls, %(recordings)s recordings (the sound"
            " is not in it), %(people)s accounts."
        )
        self.stdout.write(
            text
            % {
                "at": restoring.shown(found.manifest.moment),
                "calls": rows.get("telephony_call", 0),
                "recordings": rows.get("recordings_recording", 0),
                "people": rows.get("veyra_user", 0),
            }
        )

    def _agreed(self) -> bool:
        self.stdout.write(
            _("It takes the place of the database in use: what was saved since then is not in it.")
        )
        return input(_("Type yes to go on: ")).strip().lower() in ("yes", _("yes"))

    def _restore(self, found: Opened, given: dict[str, str]) -> None:
        by_hand = keys.adopt(given) if given else []
        done = restoring.restore(found, timezone.now())
        self.stdout.write(_("Done. The database as it was before is kept: %s") % done.before)
        self.stdout.write(
            _("Callers erased again: %s. The line is being published again.") % done.again
        )
        for name in by_hand:
            self.stderr.write(
                _("Set %s in .env as the key file has it, then restart everything.") % name
            )
        for sentence in done.left:
            self.stderr.write(str(sentence))
