"""Run the checks that are due, and store what they found.

What asks the network does so side by side, in threads that stay; one that hangs holds up nobody.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import datetime, timedelta
from functools import cache, partial

from django.db import DatabaseError
from django.utils.translation import gettext_noop

from monitoring.health import every, history
from monitoring.health.base import Asking, Check, Verdict, ill, warn
from monitoring.health.models import HealthCheck
from monitoring.health.reading import Finding, found
from veyra.models import Pulse

log = logging.getLogger(__name__)

THREADS = 6
# A look waits so long for the slowest answer; what comes later counts in the next look.
WAIT_SECONDS = 4.0
# A look that comes a moment early is not put off for a whole round.
EARLY = timedelta(seconds=1)
NO_DATABASE = gettext_noop("Not known while the database does not answer.")
NO_END = gettext_noop("No answer yet: what was asked takes longer than it may.")
BROKEN = gettext_noop("This could not be looked at. The log of the background work says why.")


def look(now: datetime, only_cheap: bool = False) -> list[Finding]:
    """Run what is due and store it; every check's last finding. Raises nothing."""
    rows = _known()
    due = [check for check in every.CHECKS if is_due(check, rows, now)]
    verdicts = ask([check for check in due if check.is_cheap or not only_cheap], rows, now)
    said = [_said(name, verdict, rows.get(name), now) for name, verdict in verdicts.items()]
    try:
        history.store(said, rows, now)
        for name in sorted({name for verdict in verdicts.values() for name in verdict.felt}):
            Pulse.beat(name)
    except DatabaseError:
        log.warning("what the checks found was not stored", exc_info=True)
    rows = {**rows, **{row.name: row for row in said}}
    return [found(check, rows.get(check.name), now) for check in every.CHECKS]


def check_again(name: str, now: datetime) -> Finding:
    """Run this one now, whenever it is due. Raises KeyError, DatabaseError."""
    check = {each.name: each for each in every.CHECKS}[name]
    rows = _known()
    said = [_said(name, ask([check], rows, now)[name], rows.get(name), now)]
    history.store(said, rows, now)
    return found(check, said[0], now)


def _known() -> dict[str, HealthCheck]:
    try:
        return {row.name: row for row in HealthCheck.objects.all()}
    except DatabaseError:
        return {}


def is_due(check: type[Check], rows: Mapping[str, HealthCheck], now: datetime) -> bool:
    """A clock that was set back does not put a look off."""
    row = rows.get(check.name)
    if row is None or row.checked_at is None or row.checked_at > now:
        return True
    return now - row.checked_at >= timedelta(seconds=check.period) - EARLY


def ask(
    due: Iterable[type[Check]], rows: Mapping[str, HealthCheck], now: datetime
) -> dict[str, Verdict]:
    """What each of them finds, by name."""
    checks = [each(rows[each.name].thresholds if each.name in rows else {}) for each in due]
    asked = {each.name: _asked.begin(each, now) for each in checks if isinstance(each, Asking)}
    verdicts = {
        each.name: _safely(partial(each.look, now)) for each in checks if each.name not in asked
    }
    wait_for([each for each in asked.values() if isinstance(each, Future)], WAIT_SECONDS)
    return verdicts | {name: _asked.end(name, each) for name, each in asked.items()}


def _safely(work: Callable[[], Verdict]) -> Verdict:
    """A check that reads tables cannot tell anything while the database is away."""
    try:
        return work()
    except DatabaseError:
        return ill(NO_DATABASE)
    except Exception:  # one check that breaks must not silence all others
        log.exception("a check broke")
        return warn(BROKEN)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "health")


class _Asked:
    """Questions on their way, by the check's name: what hangs is not asked a second time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Future[Verdict]] = {}

    def begin(self, check: Asking, now: datetime) -> "Future[Verdict] | Verdict":
        with self._lock:
            if (running := self._running.get(check.name)) and not running.done():
                return running
        try:
            known = check.known(now)
        except DatabaseError:
            return ill(NO_DATABASE)
        future = _threads().submit(_safely, partial(check.ask, known))
        with self._lock:
            self._running[check.name] = future
        return future

    def end(self, name: str, asked: "Future[Verdict] | Verdict") -> Verdict:
        if isinstance(asked, Verdict):
            return asked
        return asked.result() if asked.done() else ill(NO_END)


_asked = _Asked()


def _said(name: str, verdict: Verdict, before: HealthCheck | None, now: datetime) -> HealthCheck:
    """The row as it is after this look."""
    row = before or HealthCheck(name=name, since=now, status="")
    since = row.since if row.status == verdict.status else now
    return HealthCheck(
        name=name,
        status=verdict.status,
        since=since,
        checked_at=now,
        sentence=verdict.sentence.to_json(),
        value=verdict.value,
        thresholds=row.thresholds,
        pointed_at=row.pointed_at,
    )
