"""The groups that people are put into."""

from typing import Any

from django.core.management.base import BaseCommand

from monitoring import roles


class Command(BaseCommand):
    help = "Make the groups Owner, Manager, Operator and so on, as this version has them."

    def handle(self, *args: Any, **options: Any) -> None:
        roles.make()
