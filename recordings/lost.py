"""Sound that lies on a host and never came to us: which of it is to be deleted there.

What belongs to a caller who was erased goes at once, everything else after a while. See
agentworker.lost for the other end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recordings.arriving import Nonsense
from recordings.models import Part
from telephony.models import Call

# For as long an engineer may come for it.
KEPT = timedelta(days=30)
# The clock of its host, and how late a call is known to be over.
MARGIN = timedelta(minutes=1)
# No call is longer.
LONGEST = timedelta(days=1)
MOST = 100


@dataclass(frozen=True)
class Lying:
    """A part as its host tells of it. `room_sid`: "" where it is not known there; `age`: since its
    last sound.
    """

    id: UUID
    room_sid: str
    age: timedelta


def read(told: Any) -> list[Lying]:
    """Raises Nonsense."""
    try:
        now = datetime.fromisoformat(told["now"])
        if len(told["parts"]) > MOST:
            raise Nonsense
        return [
            Lying(
                UUID(each["id"]),
                str(each["room_sid"]).replace("\0", ""),
                now - datetime.fromisoformat(each["written_at"]),
            )
            for each in told["parts"]
        ]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Nonsense from error


def to_go(found: list[Lying], now: datetime) -> list[str]:
    """Names of those that their host is to delete."""
    rows = Part.objects.filter(pk__in=[each.id for each in found])
    known = dict(rows.values_list("pk", "room_sid"))
    return [
        str(each.id)
        for each in found
        if each.age > KEPT or _is_erased(each.room_sid or known.get(each.id, ""), now - each.age)
    ]


def _is_erased(room_sid: str, written_at: datetime) -> bool:
    """Was everybody erased who called in that room? Of one that nobody knows: was anybody erased
    who called then? Whose it is, nobody will ever find out but by listening.
    """
    calls = Call.objects.filter(room_sid=room_sid)
    if room_sid and calls.exists():
        return not calls.filter(erased_at=None).exists()
    erased = Call.objects.filter(erased_at__isnull=False)
    begun = {"started_at__gt": written_at - LONGEST, "started_at__lte": written_at + MARGIN}
    return erased.filter(**begun, ended_at__gte=written_at - MARGIN).exists()
