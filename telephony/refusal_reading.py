"""The inbox of refused calls, read from the rows: the calls that staff see, and the counted."""

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache

from django.db.models import Count, Max, Min
from django.utils import timezone
from django.utils.crypto import salted_hmac

from telephony import learning, refusals
from telephony.models import Call, IgnoredSource, PhoneNumber, Refused
from telephony.reasons import WANTED
from telephony.turned_away import Group, Inbox, Refusal, fold
from veyra.models import User

# Older ones are nobody's business any more.
KEPT = timedelta(days=30)
# Kinds of refused calls that are looked at, of the calls and of the counted, the newest first.
LOOKED_AT = 10_000


def read(user: User) -> Inbox:
    """What `user` may see of the last month. Five queries, however many calls."""
    numbers = PhoneNumber.objects.visible_to(user).kept()
    networks = tuple(refusals.provider_networks())

    @cache
    def listed(address: str) -> bool:
        return within(address, networks)

    return fold(
        [*_calls(user), *_counted(user)],
        ours=set(numbers.values_list("number", flat=True)),
        is_listed=listed,
        ignored=set(IgnoredSource.objects.visible_to(user).values_list("address", flat=True)),
    )


def is_listed(address: str) -> bool:
    """Is it an address of a connection, of our registrar or of our own test calls?"""
    return within(address, tuple(refusals.provider_networks()))


def within(address: str, networks: Iterable[refusals.Network]) -> bool:
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(asked in each for each in networks)


def _calls(user: User) -> Iterator[Refusal]:
    """Refused calls that have a row, but for those that we placed ourselves to test the line, and
    those that somebody of ours did not want.
    """
    turned = Call.objects.visible_to(user).turned_away(timezone.now() - KEPT)
    alike = turned.exclude(reason__in=WANTED).values(
        "source_ip", "provider_ip", "to_number", "from_number", "reason", "is_test"
    )
    told = alike.annotate(times=Count("pk"), first=Min("started_at"), last=Max("started_at"))
    for row in told.order_by("-last")[:LOOKED_AT]:
        if row["is_test"] and learning.is_ours(row["source_ip"]):
            continue
        yield Refusal(
            address=row["provider_ip"] or row["source_ip"],
            called=row["to_number"],
            caller=row["from_number"],
            reason=row["reason"],
            count=row["times"],
            first_at=row["first"],
            last_at=row["last"],
        )


def _counted(user: User) -> Iterator[Refusal]:
    rows = Refused.objects.visible_to(user).since(timezone.now() - KEPT)
    columns = "address", "number", "caller", "reason", "count", "first_at", "last_at"
    for address, called, caller, reason, count, first_at, last_at in rows.values_list(*columns)[
        :LOOKED_AT
    ]:
        yield Refusal(
            address=address,
            called=called,
            caller=caller,
            reason=reason,
            count=count,
            first_at=first_at,
            last_at=last_at,
        )


def tries_of(address: str, user: User) -> list[Refusal]:
    """Everything that callers from this address tried, the newest first."""
    found = [each for each in (*_calls(user), *_counted(user)) if each.address == address]
    return sorted(found, key=lambda each: each.last_at, reverse=True)


def name(group: Group) -> str:
    """What stands for it in an address, which is logged: from it nobody learns who called."""
    return salted_hmac("telephony.turned-away", "\n".join(group.mark)).hexdigest()[:32]


def named(inbox: Inbox, wanted: str) -> Group | None:
    return next((each for each in inbox.groups if name(each) == wanted), None)
