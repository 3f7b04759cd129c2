"""Callers who were turned away: a few become calls that staff read, the rest are counted."""

import ipaddress
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest, Least

from telephony.journal import CallState
from telephony.line import registrar
from telephony.models import (
    Call,
    CallEvent,
    HostAddress,
    IgnoredSource,
    PhoneNumber,
    Refused,
    Trunk,
)
from telephony.numbers import NumberError, e164
from telephony.reasons import Reason

# Of one address and one reason, as many become calls in an hour.
CALLS_AN_HOUR = 20
# Rows of Refused; the oldest make room for new ones.
ROWS = 10_000
ROOM_AT_ONCE = 100

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Address, number, caller, reason: what one row counts.
Kind = tuple[str, str, str, str]


def is_worth_a_call(state: CallState) -> bool:
    """Is the caller a provider of ours, or the number ours and the caller not ignored, and is this
    not the hundredth time?
    """
    if not _is_our_provider(state) and not _is_heard(state):
        return False
    same = Call.objects.filter(
        outcome=Call.Outcome.REJECTED,
        source_ip=state.source_ip,
        reason=state.reason,
        started_at__gt=state.started_at - timedelta(hours=1),
    )
    return same.count() < CALLS_AN_HOUR


def _is_heard(state: CallState) -> bool:
    return _is_our_number(state.to_number) and not IgnoredSource.objects.has(state.source_ip)


def _is_our_number(called: str) -> bool:
    try:
        return PhoneNumber.objects.kept().filter(number=e164(called)).exists()
    except NumberError:
        return False


def _is_our_provider(state: CallState) -> bool:
    try:
        address = ipaddress.ip_address(state.source_ip)
    except ValueError:
        return False
    return any(address in network for network in provider_networks())


def provider_networks() -> Iterator[Network]:
    """Networks of the trunks, of our own test caller and of our registrar.

    Names are not looked up here: whoever publishes them has done so.
    """
    texts = [settings.SIP_TEST_FROM, *registrar()] if Trunk.objects.kept().exists() else []
    texts += HostAddress.objects.values_list("address", flat=True)
    for addresses in Trunk.objects.kept().values_list("addresses", flat=True):
        texts += addresses.split()
    for text in texts:
        try:
            yield ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue


def count(states: Iterable[CallState]) -> None:
    """One more refusal of its kind for each. In the order of their kinds: two who count at a time
    do not wait for each other in a circle.
    """
    kinds: dict[Kind, list[datetime]] = defaultdict(list)
    for state in states:
        callers = state.source_ip[:64], state.to_number[:100], state.from_number[:100]
        kinds[(*callers, state.reason)].append(state.started_at)
    for kind, moments in sorted(kinds.items()):
        _add(kind, moments, len(moments))


def count_stranger(address: str, times: int, at: datetime) -> None:
    """Somebody whom no line that signs in knows knocked there, and had no answer."""
    _add((address[:64], "", "", Reason.STRANGER), [at], times)


def _add(kind: Kind, moments: Sequence[datetime], times: int) -> None:
    same = dict(zip(("address", "number", "caller", "reason"), kind, strict=True))
    first, last = min(moments), max(moments)
    seen = Refused.objects.filter(**same)
    again = {
        "count": F("count") + times,
        "first_at": Least("first_at", first),
        "last_at": Greatest("last_at", last),
    }
    if seen.update(**again):
        return
    if Refused.objects.count() >= ROWS:
        oldest = Refused.objects.order_by("last_at").values("pk")[:ROOM_AT_ONCE]
        Refused.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
    values = {"count": times, "first_at": first, "last_at": last}
    _, is_new = Refused.objects.get_or_create(**same, defaults=values)
    if not is_new:  # somebody else was the first, just then
        seen.update(**again)


def forget(events: Collection[int]) -> None:
    """A counted refusal leaves no facts behind: scanners must not fill the database. Keys of the
    facts that were folded: what came since may tell of a call.
    """
    CallEvent.objects.filter(pk__in=events).delete()
