"""What every page says of open incidents: the number in the header, and what is critical."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils import timezone
from django.utils.functional import Promise

from monitoring.incidents.models import Incident, Severity, Silence
from monitoring.incidents.story import title_of

FRESH_SECONDS = 4.0


@dataclass(frozen=True)
class Short:
    """One line about an incident, without anything that only engineers understand."""

    incident: Incident
    title: str | Promise


@dataclass(frozen=True)
class Urgent:
    """`count`: open incidents of P1 and P2. `silence`: the planned work that goes on now."""

    count: int = 0
    critical: Sequence[Short] = ()
    silence: Silence | None = None


class _Last:
    """The last look of this process, shared by all pages: two queries in four seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._found = Urgent()

    def get(self) -> Urgent:
        with self._lock:
            if time.monotonic() - self._at > FRESH_SECONDS:
                self._found, self._at = _read(), time.monotonic()
            return self._found

    def forget(self) -> None:
        self._at = float("-inf")


def _read() -> Urgent:
    try:
        rows = list(Incident.objects.urgent().worst_first())
        silence = Silence.objects.in_force(timezone.now()).order_by("-until").first()
    except DatabaseError:
        return Urgent()
    critical = [row for row in rows if row.severity == Severity.CRITICAL]
    return Urgent(len(rows), [Short(row, title_of(row)) for row in critical[:3]], silence)


last = _Last()
