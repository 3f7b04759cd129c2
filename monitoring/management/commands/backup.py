"""A backup now, or the keys that open all of them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.upkeep import backup, keys
from monitoring.upkeep.databases import UpkeepError


class Command(BaseCommand):
    help = (
        "Makes an encrypted backup of the database while all goes on. The keys are not in it: write"
        " them to a file with --keys, once, and keep that elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keys",
            metavar="FILE",
            help="write the keys there (-: to the output), and make no backup",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keys"] == "-":
            return self.stdout.write(keys.text(), ending="")
        if options["keys"]:
            return self._write_keys(Path(options["keys"]))
        row = backup.make(timezone.now())
        if not row.ok:
            raise CommandError(str(row.says))
        self.stdout.write(str(row.says))
        self.stdout.write(f"{row.where}/{row.name}")
        self.stdout.write(
            _("Without the keys nobody can open it: manage.py backup --keys FILE writes them.")
        )

    def _write_keys(self, path: Path) -> None:
        try:
            keys.write(path)
        except UpkeepError as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(
            _(
                "The keys are in %(file)s. Bring it to another place than the backups, such as a"
                " password manager, and delete it here."
            )
            % {"file": path}
        )
