"""How the call that somebody promised has arrived: read from what the tap and the fold stored."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max

from telephony import tapping
from telephony.line import registrar
from telephony.models import Call, CallEvent, ExpectedCall, Leg, PhoneNumber, Refused, Trunk
from telephony.numbers import NumberError, e164
from telephony.providers import find
from telephony.routing.addresses import network
from telephony.routing.edit import lines
from veyra.models import Pulse, User

# Who promised a call has placed it by then, and his number is nobody's business any more.
KEPT = timedelta(days=1)
TAP_IS_OLD = timedelta(seconds=30)
# A witness other than the tap knows whole seconds only.
MARGIN = timedelta(seconds=2)
# Digits from the end that are the same however a number is written.
TAIL = 10
# Newest calls to the number that are looked at; a scanner may knock many times a second.
LOOKED_AT = 50

# Addresses of routers, bridges and this computer itself: behind one of them stands anybody.
INNER = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]


class Origin(StrEnum):
    """Where a call came from, as the connection and its preset see it."""

    LISTED = "listed"
    KNOWN = "known"  # one of the provider's networks, not in the list yet
    STRANGE = "strange"
    INNER = "inner"
    UNKNOWN = "unknown"  # nobody told the address


@dataclass(frozen=True)
class Arrival:
    """A call to the number, as it was written. `counts`: it is the one that was promised."""

    at: datetime
    address: str
    called: str
    caller: str
    counts: bool
    origin: Origin = Origin.UNKNOWN
    call: Call | None = None
    reason: str = ""


def expect(number: PhoneNumber, caller: str, user: User) -> ExpectedCall:
    """From now on a call from `caller` (E.164) to `number` is looked for."""
    newest = CallEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return ExpectedCall.objects.create(
        number=number, caller=caller, asked_by=user, after_event=newest
    )


def tap_listens() -> bool:
    """Without it only calls that were let in are seen, and their addresses are not."""
    return Pulse.is_felt(tapping.PULSE, TAP_IS_OLD)


def forget(now: datetime) -> None:
    """Delete what people typed of their own telephones, once it has served."""
    ExpectedCall.objects.asked_before(now - KEPT).delete()


def of(expected: ExpectedCall) -> list[Arrival]:
    """Calls to the number since it was asked, newest first. Only one with that caller counts: the
    first call on an open port is often a scanner's.
    """
    seen = [*_invites(expected), *_refused(expected), *_calls(expected)]
    return sorted(seen, key=lambda each: each.at, reverse=True)


def the_one(found: Iterable[Arrival]) -> Arrival | None:
    return next((each for each in found if each.counts), None)


def _invites(expected: ExpectedCall) -> Iterator[Arrival]:
    asked = CallEvent.objects.filter(
        pk__gt=expected.after_event,
        source=CallEvent.Source.TAP,
        kind="invite",
        payload__to__endswith=_tail(expected.number.number),
    )
    events = list(asked.order_by("-pk")[:LOOKED_AT])
    legs = Leg.objects.filter(sip_call_id__in=[event.sip_call_id for event in events])
    calls = {leg.sip_call_id: leg.call for leg in legs.select_related("call__agent")}
    for event in events:
        told = event.payload
        call = calls.get(event.sip_call_id)
        yield from _arrival(
            expected,
            at=event.at,
            address=told.get("source_ip", ""),
            called=told.get("to", ""),
            caller=told.get("from", ""),
            call=call,
            reason=call.reason if call else "",
        )


def _refused(expected: ExpectedCall) -> Iterator[Arrival]:
    """Those whose facts were forgotten, since nobody knew them."""
    tail = _tail(expected.number.number)
    rows = Refused.objects.filter(last_at__gte=expected.asked_at, number__endswith=tail)
    for row in rows[:LOOKED_AT]:
        yield from _arrival(
            expected,
            at=row.last_at,
            address=row.address,
            called=row.number,
            caller=row.caller,
            reason=row.reason,
        )


def _calls(expected: ExpectedCall) -> Iterator[Arrival]:
    """Those whose INVITE nobody heard."""
    since = expected.asked_at - MARGIN
    tail = _tail(expected.number.number)
    calls = Call.objects.filter(
        started_at__gte=since, direction=Call.Direction.INBOUND, to_number__endswith=tail
    )
    heard = CallEvent.objects.filter(kind="invite", sip_call_id__gt="").values("sip_call_id")
    calls = calls.exclude(legs__sip_call_id__in=heard).select_related("agent")
    for call in calls[:LOOKED_AT]:
        yield from _arrival(
            expected,
            at=call.started_at,
            address=call.source_ip,
            called=call.to_number,
            caller=call.from_number,
            call=call,
            reason=call.reason,
        )


def _arrival(
    expected: ExpectedCall,
    *,
    at: datetime,
    address: str,
    called: str,
    caller: str,
    call: Call | None = None,
    reason: str = "",
) -> Iterator[Arrival]:
    if not same_number(called, expected.number.number):
        return
    yield Arrival(
        at=at,
        address=address,
        called=called,
        caller=caller,
        counts=same_number(caller, expected.caller),
        origin=origin(address, expected.number.trunk),
        call=call,
        reason=reason,
    )


def _tail(number: str) -> str:
    return number.removeprefix("+")[-TAIL:]


def same_number(written: str, number: str) -> bool:
    """Is `written`, as a provider spells it, this E.164 number or extension?"""
    if written.removeprefix("+") == number.removeprefix("+"):
        return True
    try:
        return e164(written) == number
    except NumberError:
        return False


def origin(address: str, trunk: Trunk) -> Origin:
    """What to think of the address that a call of this connection came from."""
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return Origin.UNKNOWN
    if trunk.register_at and any(asked in ipaddress.ip_network(cidr) for cidr in registrar()):
        return Origin.LISTED
    cidrs = [cidr for line in lines(trunk.addresses) if (cidr := network(line))]
    if any(asked in ipaddress.ip_network(cidr) for cidr in cidrs):
        return Origin.LISTED
    if is_inner(address):
        return Origin.INNER
    preset = find(trunk.provider)
    return Origin.KNOWN if preset and preset.covers(address) else Origin.STRANGE


def is_inner(text: str) -> bool:
    """Is the address or the network a part of an inner one?"""
    try:
        asked = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return any(asked.version == each.version and asked.overlaps(each) for each in INNER)
