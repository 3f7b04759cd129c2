"""Changes the key pair by which LiveKit knows us, while calls go on; as the page does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from veyra import livekit_keys
from veyra.livekit.pairs import pairs
from veyra.livekit_keys import KeysError

NEXT = {
    "make": gettext_lazy(
        "A second pair is made. Start LiveKit again when nobody calls (a button of the page “Key"
        " for LiveKit” waits for that), then run: manage.py livekitkeys --switch"
    ),
    "switch": gettext_lazy(
        "The pairs changed places. Programs sign by the new one within seconds, LiveKit knows both."
        " Then run: manage.py livekitkeys --drop"
    ),
    "drop": gettext_lazy(
        "The second pair is taken out. LiveKit forgets it at its next start: start it again when"
        " nobody calls (a button of the page “Key for LiveKit” waits for that)."
    ),
}


class Command(BaseCommand):
    help = "The key pair of LiveKit: --make a second one, --switch to it, --drop the second one."

    def add_arguments(self, parser: CommandParser) -> None:
        group = parser.add_mutually_exclusive_group()
        for step in NEXT:
            group.add_argument(f"--{step}", dest="step", action="store_const", const=step)

    def handle(self, *args: Any, step: str | None = None, **options: Any) -> None:
        if step is None:
            is_there = pairs().second is not None
            self.stdout.write(_("A second pair is there.") if is_there else _("There is one pair."))
            return
        try:
            by_hand = getattr(livekit_keys, step)()
        except KeysError as error:
            raise CommandError(str(error.sentence)) from error
        for name, value in by_hand.items():
            self.stdout.write(f"{name}={value}")
        if by_hand:
            self.stdout.write(
                _(
                    "Write these lines into .env and start the programs again; and under `keys:` of"
                    " LiveKit's own configuration each pair that stands in them."
                )
            )
        self.stdout.write(str(NEXT[step]))
