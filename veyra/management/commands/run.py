"""Run a program that is not ours as one of ours: the web server, the queue's workers, its beat."""

import argparse
import runpy
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from veyra import stopping


class Command(BaseCommand):
    help = "Runs MODULE with its arguments as the program NAME, which can be asked to restart."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="web, worker, worker-calls, beat, …")
        parser.add_argument("module", help="what `python -m` would run")
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def handle(self, *, name: str, module: str, arguments: list[str], **options: Any) -> None:
        stopping.attend(name)
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
