"""The mission's line and a believable hour of calls, in a fresh database."""

import logging
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from telephony import demo


class Command(BaseCommand):
    help = "Fill a fresh database with an example line and an hour of calls."

    def handle(self, *args: Any, **options: Any) -> None:
        # The house may not be running yet, and nobody need hear of this line before it does.
        logging.getLogger("veyra").setLevel(logging.ERROR)
        dice = Random(1)  # noqa: S311  # the same hour for everybody
        try:
            calls = demo.fill(timezone.now(), dice)
        except demo.DemoRefused as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(
            ngettext(
                "The demo line is here, with %(count)s call in its last hour.",
                "The demo line is here, with %(count)s calls in its last hour.",
                calls,
            )
            % {"count": calls}
        )
        self.stdout.write(
            gettext("Start it with “make run”; “Remove the demo” is on the home page.")
        )
