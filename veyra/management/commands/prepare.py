"""What must be there before the processes start, where `manage.py up` does not start them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from veyra.up.livekit_files import write_livekit_files, write_stream_files
from veyra.up.login import first_login


class Command(BaseCommand):
    help = "Tables, groups, static files, LiveKit's configuration and the first login."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--livekit", type=Path, metavar="FOLDER", help="write YAML there")

    def handle(self, *args: Any, livekit: Path | None, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("makeroles")
        call_command("collectstatic", verbosity=0, interactive=False)
        if livekit:
            write_livekit_files(livekit)
            write_stream_files(livekit)
        if login := first_login(settings.STATE):
            self.stdout.write("First login: {}, password: {}".format(*login))
