"""Callers who are not to reach us: blocked from the page of a call, and let in again there."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.blocking import BlockedCallerQuerySet
from agentworker.models import BlockedCaller
from agentworker.scope import scope_of
from telephony import acting
from telephony.calls import TEST_CALLER
from telephony.models import Call
from telephony.numbers import NumberError, e164, spelled
from telephony.outbound import DialSpelling
from veyra.models import User
from veyra.sentences import Sentence

# What stands in place of a number that its owner does not show.
WITHHELD = frozenset({"", "anonymous", "private", "restricted", "unavailable", "unknown"})

OURS = _("Only a caller can be blocked, and this call was made from here.")
NO_NUMBER = _("The caller hides his number: blocking it would block everybody who does.")


def why_not(call: Call) -> Sentence | None:
    """Why its caller cannot be blocked; None where he can."""
    if call.direction != Call.Direction.INBOUND or call.from_number.startswith(TEST_CALLER):
        return Sentence(OURS)
    return Sentence(NO_NUMBER) if call.from_number.casefold() in WITHHELD else None


def of(call: Call) -> BlockedCaller | None:
    """The block that its caller's next call falls under."""
    if why_not(call):
        return None
    blocks = BlockedCaller.objects.in_force(timezone.now()).select_related("blocked_by")
    return blocks.filter(number=number_of(call)).first()


def seen_by(user: User) -> BlockedCallerQuerySet:
    """Those that he may see and let in: whoever sees only the numbers of some places, whom he
    blocked himself and who called these numbers.
    """
    rows = BlockedCaller.objects.visible_to(user)
    if scope_of(user) is None:
        return rows
    known = rows.values_list("pk", "spellings")
    texts = {text: pk for pk, spellings in known for text in spellings}
    calls = Call.objects.visible_to(user).filter(from_number__in=texts)
    called = {texts[text] for text in calls.values_list("from_number", flat=True).distinct()}
    return rows.filter(Q(blocked_by=user) | Q(pk__in=called))


def number_of(call: Call) -> str:
    """In E.164, so that it is one number however it is written; else as it came."""
    try:
        return e164(call.from_number)
    except NumberError:
        return call.from_number


@transaction.atomic
def block(call: Call, user: User, until: datetime | None, ticket: UUID) -> None:
    """End his calls until then, or for good. Who is blocked already, is so from now on as told."""
    number = number_of(call)
    values = {
        "spellings": sorted({call.from_number, *(spelled(number, s) for s in DialSpelling)}),
        "until": until,
        "blocked_by": user,
    }
    BlockedCaller.objects.update_or_create(number=number, defaults=values)
    acting.note(call, "block", user, str(ticket), for_good=until is None)


@transaction.atomic
def unblock(call: Call, user: User, ticket: UUID) -> None:
    BlockedCaller.objects.filter(number=number_of(call)).delete()
    acting.note(call, "unblock", user, str(ticket))
