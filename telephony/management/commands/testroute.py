from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from telephony.links import links
from telephony.moments import MomentError
from telephony.opening import moment_at
from telephony.routetest import QuestionError, Report, ask, connection
from telephony.routing.route import Mark, Question

SIGNS = {Mark.TAKES: "+", Mark.PASSED: "-", Mark.STOPS: "!"}


class Command(BaseCommand):
    help = "Say where a call would go, as the line is saved now. Exits 1 where nobody answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("called", help="the number that is called, in any spelling")
        parser.add_argument("--from", dest="caller", default="", help="who calls")
        parser.add_argument("--ip", default="", help="the address that the call comes from")
        parser.add_argument(
            "--at", default="", help="when, by the clock of the number: “Saturday 20:00”"
        )
        parser.add_argument("--trunk", default="", help="the provider connection, by its name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = ask(
                Question(
                    called=options["called"],
                    caller=options["caller"],
                    source_ip=options["ip"],
                    trunk=connection(options["trunk"]),
                ),
                moment_at(options["called"], options["at"]),
            )
        except (QuestionError, MomentError) as error:
            raise CommandError(str(error.sentence), returncode=2) from error
        self._tell(report)
        if not report.answers:
            raise SystemExit(1)

    def _tell(self, report: Report) -> None:
        self.stdout.write(str(report.headline))
        found = links({step.row for step in report.steps if step.row}, None)
        for step in report.steps:
            self.stdout.write(f"{SIGNS[step.mark]} {step.sentence}")
            if step.mark is not Mark.TAKES and step.row in found:
                page = found[step.row]
                self.stdout.write(f"    {page.label}: {settings.PUBLIC_URL}{page.url}")
        for way in report.route.ways:
            self.stdout.write(_("Room: %(room)s") % {"room": way.room})
            if way.pin:
                self.stdout.write(_("PIN: %(pin)s") % {"pin": way.pin})
        self.stdout.write(str(report.hears))
        if report.greeting:
            self.stdout.write(_("The first words: “%(words)s”") % {"words": report.greeting})
        if report.not_live:
            self.stdout.write(str(report.not_live))
