"""Exit 0 where a background process has shown life lately: for healthchecks."""

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from veyra.models import Pulse


class Command(BaseCommand):
    help = "Exit 0 where NAME (tap, schedule) has shown life within so many seconds, else 1."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--within", type=int, default=60, metavar="SECONDS")

    def handle(self, *args: Any, name: str, within: int, **options: Any) -> None:
        sys.exit(not Pulse.is_felt(name, timedelta(seconds=within)))
