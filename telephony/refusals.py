"""Callers who were turned away: a few become calls that staff read, the rest are counted."""

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

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


def count(state: CallState) -> None:
    """One more refusal of this kind."""
    same = {
        "address": state.source_ip[:64],
        "number": state.to_number[:100],
        "caller": state.from_number[:100],
        "reason": state.reason,
    }
    _add(same, state.started_at, 1)


def count_stranger(address: str, times: int, at: datetime) -> None:
    """Somebody whom no line that signs in knows knocked there, and had no answer."""
    same = {"address": address[:64], "number": "", "caller": "", "reason": Reason.STRANGER}
    _add(same, at, times)


def _add(same: dict[str, Any], at: datetime, times: int) -> None:
    seen = Refused.objects.filter(**same)
    again = {"first_at": Least("first_at", at), "last_at": Greatest("last_at", at)}
    if seen.update(count=F("count") + times, **again):
        return
    if Refused.objects.count() >= ROWS:
        oldest = Refused.objects.order_by("last_at").values("pk")[:ROOM_AT_ONCE]
        Refused.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
    Refused.objects.create(**same, count=times, first_at=at, last_at=at)


def forget(sip_call_id: str) -> None:
    """A counted refusal leaves no facts behind: scanners must not fill the database."""
    CallEvent.objects.filter(sip_call_id=sip_call_id).delete()
