"""Walk along the way of a call and say why calls do not come, or are not answered."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from monitoring.diagnosis.walking import Diagnosis, walk
from monitoring.health.base import Status
from telephony import probes

SIGNS = {Status.OK: "+", Status.WARNING: "?", Status.FAILED: "!", Status.OFF: "-"}


class Command(BaseCommand):
    help = "Says first whether calls arrive and are answered, then why. Exits 1 where they do not."
    # It tells of a database that is away, or empty.
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--call", action="store_true", help="call the line and listen, too")

    def handle(self, *args: Any, **options: Any) -> None:
        probes.expect_no_start()
        found = walk(by_call=options["call"])
        if options["json"]:
            self.stdout.write(json.dumps(found.to_json(), ensure_ascii=False))
        else:
            self._tell(found)
        if not found.verdict.is_well:
            raise SystemExit(1)

    def _tell(self, found: Diagnosis) -> None:
        self.stdout.write(str(found.verdict.sentence))
        for part in found.parts():
            self.stdout.write(f"\n{part.stage.label}")
            for item in part.items:
                sign = SIGNS.get(Status(item.status), " ")
                self.stdout.write(f"{sign} {item.title}: {item.sentence}")
