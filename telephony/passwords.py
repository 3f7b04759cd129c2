"""A connection's password at its provider is changed: what to do when, and the way back.

A gateway asks only who begins a call: those that go on are never touched. It knows one password a
connection, and two connections with one number would refuse each other's calls; so there is no
time in which both are good, and the order of steps says how to keep the gap short.
"""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from telephony import changes
from telephony.changes import Change, ChangeError, Edit, Impact
from telephony.models import Call, FormerPassword, Registration, Trunk
from veyra.models import User
from veyra.secrets import SecretError, encrypt
from veyra.sentences import Sentence

LETTERS, LENGTH = string.ascii_letters + string.digits, 24
NOT_LEFT = gettext_noop(
    "The former password is not there any more: it is kept for a day, and only as long as nobody"
    " changes it anew."
)


@dataclass(frozen=True)
class Login:
    """One of a connection's logins: the columns that hold it, and how its password is changed."""

    column: str
    user: str
    title: str | Promise
    steps: Sequence[str | Promise]
    gap: str | Promise


LOGINS = (
    Login(
        "register_password",
        "register_login",
        _("Password by which we sign in at the provider"),
        (
            _("Change the password at the provider, on its page for this line."),
            _("Type the same one here and press at once."),
            _("Below stands within seconds whether the provider accepted it."),
        ),
        _(
            "Calls come in meanwhile as long as the last sign-in holds, mostly some minutes."
            " Calls that go on are not touched."
        ),
    ),
    Login(
        "password",
        "username",
        _("Password by which the provider calls us"),
        (
            _("Open the page at the provider on which the password for calls to us is entered."),
            _("Change it here; a new one can be made for you."),
            _("Enter the same one there at once."),
        ),
        _(
            "From one press to the other new calls of this connection are refused, so do it in a"
            " quiet hour. Calls that go on are not touched."
        ),
    ),
    Login(
        "out_password",
        "out_username",
        _("Password by which we call out"),
        (
            _("Change the password at the provider."),
            _("Type the same one here and press at once."),
        ),
        _("From one press to the other calls out are not taken. Calls that go on are not touched."),
    ),
)


def logins(trunk: Trunk) -> list[Login]:
    """Those that this connection has."""
    found = [login for login in LOGINS if getattr(trunk, login.user)]
    return [each for each in found if each.column != "register_password" or trunk.register_at]


def made() -> str:
    """One that no provider's page takes offence at."""
    return "".join(secrets.choice(LETTERS) for _each in range(LENGTH))


def calls_now(trunk: Trunk) -> int:
    return Call.objects.going_on().filter(trunk=trunk).count()


def preview(trunk: Trunk, column: str, password: str) -> Impact:
    return changes.preview(_edit(trunk, column, password))


def change(
    trunk: Trunk, column: str, password: str, by: User | None, seen: str | None = None
) -> None:
    """Raises ChangeError, of which NotSeenError is one."""
    with transaction.atomic():
        former = _held(trunk, column)
        changes.carry_out(_edit(trunk, column, password), seen)
        kept = {"password": former, "replaced_by": password, "changed_at": timezone.now(), "by": by}
        FormerPassword.objects.update_or_create(trunk=trunk, column=column, defaults=kept)
        Registration.objects.try_again(trunk)


def returnable(trunk: Trunk, now: datetime) -> dict[str, FormerPassword]:
    """By column: what can be put back."""
    rows = FormerPassword.objects.of(trunk, now)
    return {row.column: row for row in rows if row.is_left(trunk)}


def put_back(trunk: Trunk, column: str) -> None:
    """Raises ChangeError."""
    with transaction.atomic():
        row = returnable(trunk, timezone.now()).get(column)
        if row is None or not FormerPassword.objects.filter(pk=row.pk).delete()[0]:
            raise ChangeError([Sentence(NOT_LEFT)])
        changes.carry_out(_edit(trunk, column, row.password))
        Registration.objects.try_again(trunk)


def _held(trunk: Trunk, column: str) -> str:
    try:
        return str(getattr(trunk, column))
    except SecretError:
        return ""


def _edit(trunk: Trunk, column: str, password: str) -> Edit:
    values = {column: encrypt(password)}
    change = Change(model="trunk", key=str(trunk.key), values=values, revision=trunk.revision)
    return Edit(changes=(change,))
