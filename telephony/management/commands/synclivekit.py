from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from telephony import drift, sync
from telephony.differences import Difference
from telephony.routing.refusals import sentence_of
from veyra.livekit.types import LiveKitError

WHOSE = Difference.Whose


class Command(BaseCommand):
    help = "Bring LiveKit to what is saved here, and say what was done and what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            steps, actual = sync.preview()
            if options["dry_run"]:
                for action in steps.actions:
                    self.stdout.write(str(action.sentence))
            else:
                self._apply()
        except LiveKitError as error:
            raise CommandError(str(sentence_of(error))) from error
        for problem in (*steps.desired.problems, *steps.problems):
            if not problem.held:
                self.stdout.write(str(problem.sentence))
        self._differences(drift.look(steps, actual))

    def _apply(self) -> None:
        results = sync.apply()
        if results is None:
            raise CommandError("Another process is at it; try again in a minute.")
        for result in results:
            self.stdout.write(("" if result.done else "not done: ") + str(result.action.sentence))
            if result.error:
                self.stdout.write("  " + str(sentence_of(result.error)))
        if not results:
            self.stdout.write("LiveKit is as it should be.")

    def _differences(self, seen: list[drift.Seen]) -> None:
        """What waits for a person, as on the page “Differences”, and what is not ours."""
        for each in seen:
            if each.whose != WHOSE.OURS:
                continue
            self.stdout.write(f"Changed in LiveKit: {each.kind.label} “{each.name}”")
            for field in each.fields:
                ours, theirs = (", ".join(map(str, side)) for side in (field.ours, field.theirs))
                self.stdout.write(f"  {field.label}: here {ours or '—'}, there {theirs or '—'}")
        for whose in (WHOSE.NOBODY, WHOSE.ANOTHER):
            names = [f"“{each.name}” ({each.livekit_id})" for each in seen if each.whose == whose]
            count = f"{len(names)} objects in LiveKit are {whose.label}"
            self.stdout.write(": ".join([count, *[", ".join(names)][: len(names)]]))
