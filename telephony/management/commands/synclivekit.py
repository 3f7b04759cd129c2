from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from telephony import sync
from telephony.routing.refusals import sentence_of
from veyra.livekit.types import LiveKitError


class Command(BaseCommand):
    help = "Bring LiveKit to what is saved here, and say what was done."

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
            self.stdout.write(str(problem.sentence))
        foreign = actual.foreign(steps.desired.installation)
        self.stdout.write(f"{len(foreign)} objects in LiveKit are not managed by this Veyra.")

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
