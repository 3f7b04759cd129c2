"""Run the checks that are due, and store what they found.

What asks the network does so side by side, in threads that stay; one that hangs holds up nobody.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial

from django.db import DatabaseError
from django.utils.translation import gettext_noop

from monitoring.health import every, history
from monitoring.health.base import (
    RISING,
    Asking,
    Check,
    Verdict,
    ill,
    warn,
)
from monitoring.health.models import HealthCheck
from monitoring.health.reading import Finding, found
from telephony.probes import STARTING_SECONDS, began_ago
from veyra.models import Pulse

log = logging.getLogger(__name__)

# More than there are checks that ask: none waits for another one's answer.
THREADS = 24
# A look waits so long for the slowest answer. What comes later counts in the next look, if that
# comes soon; what takes longer than HANGS_SECONDS hangs.
WAIT_SECONDS, HANGS_SECONDS, LATE_SECONDS = 4.0, 8.0, 30.0
# A look that comes a moment early is not put off for a whole round.
EARLY = timedelta(seconds=1)
# What failed only now is looked at in the next look, too: one bad moment is no fault yet.
UNSURE = timedelta(seconds=8)
NO_DATABASE = gettext_noop("Not known while the database does not answer.")
NO_END = gettext_noop("No answer yet: what was asked takes longer than it may.")
BROKEN = gettext_noop("This could not be looked at. The log of the background work says why.")


def look(now: datetime, only_cheap: bool = False) -> list[Finding]:
    """Run what is due and store it; every check's last finding. Raises nothing."""
    rows = _known()
    due = [check for check in every.CHECKS if is_due(check, rows, now)]
    wanted = [check for check in due if check.is_cheap or not only_cheap]
    verdicts = ask(wanted, rows, now, HANGS_SECONDS)
    rising = {
        check.name for check in wanted if check.rises and _may_rise(rows.get(check.name), now)
    }
    said = [
        _said(name, RISING if name in rising and _is_ill(verdict) else verdict, rows.get(name), now)
        for name, verdict in verdicts.items()
    ]
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
    if row.status == HealthCheck.Status.FAILED and row.checked_at - row.since < UNSURE - EARLY:
        return True
    return now - row.checked_at >= timedelta(seconds=check.period) - EARLY


def _may_rise(before: HealthCheck | None, now: datetime) -> bool:
    """All was started a moment ago, and this one was neither well nor ill since then."""
    ago = began_ago()
    if ago >= STARTING_SECONDS or (before and before.status == HealthCheck.Status.FAILED):
        return False
    if before is None or before.status == HealthCheck.Status.STARTING or not before.checked_at:
        return True
    return before.checked_at < now - timedelta(seconds=ago)


def _is_ill(verdict: Verdict) -> bool:
    return verdict.status == HealthCheck.Status.FAILED


def ask(
    due: Iterable[type[Check]],
    rows: Mapping[str, HealthCheck],
    now: datetime,
    hangs_after: float = 0.0,
) -> dict[str, Verdict]:
    """What each of them finds, by name; without those that have been asked for fewer seconds than
    `hangs_after`, and have not answered yet.
    """
    checks = [each(rows[each.name].thresholds if each.name in rows else {}) for each in due]
    asked = {each.name: _asked.begin(each, now) for each in checks if isinstance(each, Asking)}
    verdicts = {
        each.name: _safely(partial(each.look, now)) for each in checks if each.name not in asked
    }
    wait_for([each.answer for each in asked.values() if isinstance(each, _Question)], WAIT_SECONDS)
    ends = {name: _asked.end(name, each, hangs_after) for name, each in asked.items()}
    return verdicts | {name: verdict for name, verdict in ends.items() if verdict}


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


@dataclass(frozen=True)
class _Question:
    """`asked`: when, on a clock that is never set."""

    answer: Future[Verdict]
    asked: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.asked


class _Asked:
    """Questions on their way, by the check's name: what hangs is not asked a second time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, _Question] = {}

    def begin(self, check: Asking, now: datetime) -> _Question | Verdict:
        with self._lock:
            running = self._running.get(check.name)
            if running and (not running.answer.done() or running.age < LATE_SECONDS):
                return running
        try:
            known = check.known(now)
        except DatabaseError:
            return ill(NO_DATABASE)
        future = _threads().submit(_safely, partial(check.ask, known))
        question = _Question(future, time.monotonic())
        with self._lock:
            self._running[check.name] = question
        return question

    def end(self, name: str, asked: _Question | Verdict, hangs_after: float) -> Verdict | None:
        """None: it may still answer in time."""
        if isinstance(asked, Verdict):
            return asked
        if not asked.answer.done():
            return ill(NO_END) if asked.age >= hangs_after else None
        with self._lock:
            if self._running.get(name) is asked:
                del self._running[name]
        return asked.answer.result()


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
