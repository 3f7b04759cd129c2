"""Host names among the providers' addresses: looked up, and remembered for a while.

A provider with many servers names other ones each time he is asked, and calls from them all.
"""

import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from telephony.models import HostAddress
from telephony.routing import wish
from telephony.routing.addresses import hosts

REMEMBERED = timedelta(hours=1)
# A name that nobody answers for takes half a minute: the others do not wait for it.
AT_ONCE = 16


def resolve(line: wish.Line) -> wish.Resolved:
    """Every host name of the connections in use -> the addresses that it had within the last hour;
    () where it had none.
    """
    lines = [host for trunk in line.trunks if trunk.in_use for host in hosts(trunk.addresses)]
    names = sorted({host.lower().rstrip(".") for host in lines})
    if not names:
        return {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip(names, pool.map(_addresses_of, names), strict=True))
    return _remembered(answers)


def _addresses_of(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    # An IPv6 address may carry its zone.
    return tuple(sorted({str(answer[4][0]).split("%")[0] for answer in found}))


def _remembered(answers: Mapping[str, tuple[str, ...]]) -> wish.Resolved:
    """What was answered now, and before."""
    now = timezone.now()
    HostAddress.objects.remember(answers, now)
    HostAddress.objects.forget_before(now - REMEMBERED)
    known = HostAddress.objects.by_host()
    return {name: known.get(name, ()) for name in answers}
