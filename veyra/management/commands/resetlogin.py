"""Somebody cannot log in, and there is neither mail nor an owner: a link by which he can."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from veyra.accounts import links
from veyra.models import SecurityEvent

FACTOR_OFF = gettext_noop("The second factor of %(name)s was reset on the server.")


class Command(BaseCommand):
    help = "Print a link, of one use, by which a person sets a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name that the person logs in with")
        parser.add_argument(
            "--second-factor", action="store_true", help="switch off the second factor, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = links.named(options["name"])
        if user is None:
            raise CommandError(_("Nobody logs in with the name %(name)s.") % options)
        if not user.is_active:
            raise CommandError(
                _("%(name)s is switched off. Only an owner switches people on.") % options
            )
        if options["second_factor"] and links.drop_second_factor(user):
            kind = SecurityEvent.Kind.FACTOR_OFF
            SecurityEvent.note(kind, None, FACTOR_OFF, name=user.get_username())
            self.stdout.write(_("The second factor is off. All logins of this person were ended."))
        self.stdout.write(_("By this link a new password is set, once, within three days:"))
        self.stdout.write(links.new_password(user))
