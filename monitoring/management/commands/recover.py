"""Heal what can be healed without harm, and say what was done."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.recovery import recover
from monitoring.recovery.recover import Wanted
from monitoring.recovery.services import TooOftenError, carry_out


class Command(BaseCommand):
    help = "Takes the safe steps that help now. Exits 1 where one of them did not work."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        only_say, as_json = options["dry_run"], options["json"]
        try:
            wanted = recover.wanted(timezone.now())
        except DatabaseError:
            self._tell([{"ok": False, "sentence": _("The database does not answer.")}], as_json)
            raise SystemExit(1) from None
        done = [_said(each) | ({} if only_say else _done(each)) for each in wanted]
        self._tell(done, as_json)
        if any(each.get("ok") is False for each in done):
            raise SystemExit(1)

    def _tell(self, done: list[dict[str, Any]], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(done, ensure_ascii=False))
            return
        if not done:
            self.stdout.write(_("There is nothing that a safe step would heal."))
        for each in done:
            if "title" in each:
                self.stdout.write(f"{each['title']} {each['target']}".strip())
                self.stdout.write(f"    {each['will']}")
            if "sentence" in each:
                self.stdout.write(f"    → {each['sentence']}")


def _said(each: Wanted) -> dict[str, Any]:
    """What will be done, and why."""
    return {
        "step": each.step,
        "target": each.target,
        "because": each.because,
        "title": each.title,
        "will": str(each.says),
    }


def _done(each: Wanted) -> dict[str, Any]:
    """What came of it; `ok` null: it is under way."""
    try:
        row = carry_out(each.step, each.target)
    except TooOftenError as error:
        return {"ok": False, "sentence": str(error.sentence)}
    return {"ok": row.ok, "sentence": str(row.says)}
