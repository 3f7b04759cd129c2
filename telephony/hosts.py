"""Host names among the providers' addresses: looked up, and remembered for a while.

A provider with many servers names other ones each time he is asked, and calls from them all.
"""

import socket
import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from telephony.models import HostAddress
from telephony.routing import wish
from telephony.routing.addresses import hosts

# An address that its name has no more counts for an hour. Where nobody answers for the name, the
# fault may be our own name server's: what worked goes on.
REMEMBERED, UNANSWERED = timedelta(hours=1), timedelta(days=7)
# A name that nobody answers for takes half a minute: the others do not wait for it.
AT_ONCE = 16
# In the background each name is asked for so often; a new one is waited for so long.
AGAIN_SECONDS, WAIT_SECONDS = 20.0, 2.0


def resolve(line: wish.Line) -> wish.Resolved:
    """Every host name of the connections in use -> the addresses that it had lately; () where it
    had none.
    """
    lines = [host for trunk in line.trunks if trunk.in_use for host in hosts(trunk.addresses)]
    names = sorted({host.lower().rstrip(".") for host in lines})
    if not names:
        return {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip(names, pool.map(_addresses_of, names), strict=True))
    return _remembered(answers, answers)


class Lookups:
    """Looks names up in the background, so that a name nobody answers for holds nothing up."""

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}
        self._answers: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def known(self, names: Collection[str]) -> wish.Resolved:
        """The addresses that each had lately. A new name is waited for a moment."""
        began = time.monotonic()
        new = []
        for name in names:
            asked_at = self._asked.get(name)
            if asked_at is not None and began - asked_at < AGAIN_SECONDS:
                continue
            self._asked[name] = began
            thread = threading.Thread(target=self._look_up, args=(name,), daemon=True)
            thread.start()
            new += [thread] if asked_at is None else []
        for thread in new:
            thread.join(max(0.0, began + WAIT_SECONDS - time.monotonic()))
        with self._lock:
            answers, self._answers = self._answers, {}
        if answers:
            return _remembered(answers, names)
        return _recalled(names) if names else {}

    def _look_up(self, name: str) -> None:
        found = _addresses_of(name)
        with self._lock:
            self._answers[name] = found


def _addresses_of(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    # An IPv6 address may carry its zone.
    return tuple(sorted({str(answer[4][0]).split("%")[0] for answer in found}))


def _remembered(answers: Mapping[str, tuple[str, ...]], names: Collection[str]) -> wish.Resolved:
    """What was answered now, and before."""
    now = timezone.now()
    HostAddress.objects.remember(answers, now)
    answered = [name for name, addresses in answers.items() if addresses]
    HostAddress.objects.of(answered).forget_before(now - REMEMBERED)
    HostAddress.objects.forget_before(now - UNANSWERED)
    return _recalled(names)


def _recalled(names: Collection[str]) -> wish.Resolved:
    known = HostAddress.objects.by_host()
    return {name: known.get(name, ()) for name in names}
