"""What happened that other programs are to be told: read from the rows that say so.

Nobody announces anything: each look asks for what has no event yet. So a fact that came late, or
while we were away, is told like any other, and what was not committed is told to nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from agentworker.models import Session, Turn
from monitoring.hooks.kinds import Kind
from monitoring.hooks.models import HookEvent
from monitoring.incidents.models import Incident
from recordings.models import Recording
from telephony.models import Call, CallBack, Leg

# No call is longer, and its recording comes some time after it.
LONGEST_CALL = timedelta(hours=2)
# An assistant that was killed tells no end of its conversation.
NO_END = timedelta(minutes=5)
MISSING = (Recording.State.MISSING, Recording.State.FAILED)
# Of one look; the next one goes on.
MOST = 2000


@dataclass(frozen=True)
class Fact:
    """As the columns of HookEvent."""

    kind: Kind
    about: UUID
    subject: UUID
    at: datetime
    times: int = 0


def find(since: Mapping[str, datetime], now: datetime) -> list[Fact]:
    """Facts that have no event yet, in the order of what happened. `since`: of which kinds, from
    which moment on.
    """
    found = [fact for kind, at in since.items() for fact in _FINDERS[Kind(kind)](at, now)]
    order = list(Kind)
    return sorted(found, key=lambda fact: (fact.at, order.index(fact.kind)))


def _untold(kind: Kind) -> Q:
    return ~Q(Exists(HookEvent.objects.filter(kind=kind, about=OuterRef("pk"))))


def _calls(kind: Kind, column: str, since: datetime, **more: Any) -> Iterator[Fact]:
    """Of people; not of demonstrations, nor of our own test caller."""
    calls = Call.objects.filter(_untold(kind), is_demo=False, is_test=False, **more)
    late = calls.filter(**{f"{column}__gte": since}).order_by(column)
    for pk, at in late.values_list("pk", column)[:MOST]:
        yield Fact(kind, pk, pk, at)


def _started(since: datetime, _now: datetime) -> Iterator[Fact]:
    return _calls(Kind.CALL_STARTED, "started_at", since)


def _answered(since: datetime, _now: datetime) -> Iterator[Fact]:
    # There is an index by the beginning of calls, and none by their answer.
    lately = since - LONGEST_CALL
    return _calls(Kind.CALL_ANSWERED, "answered_at", since, started_at__gte=lately)


def _ended(since: datetime, _now: datetime) -> Iterator[Fact]:
    return _calls(Kind.CALL_ENDED, "ended_at", since)


def _transcripts(since: datetime, now: datetime) -> Iterator[Fact]:
    """Of calls that are over, when all that was said has come, too."""
    kind = Kind.TRANSCRIPT_READY
    ended = {
        fact.about: fact for fact in _calls(kind, "ended_at", since, answered_at__isnull=False)
    }
    for call, sessions in _talks(ended).items():
        at = ended[call].at
        is_whole = all(session.ended_at for session in sessions) or now - at > NO_END
        if is_whole and any(session.has_words for session in sessions):
            yield Fact(kind, call, call, at)


def _talks(calls: Mapping[UUID, Any]) -> dict[UUID, list[Any]]:
    """The conversations of each, with `has_words`."""
    named: dict[str, UUID] = {}
    legs = Leg.objects.filter(call__in=list(calls)) if calls else Leg.objects.none()
    for call, phone, sid in legs.values_list("call", "sip_call_id", "participant_sid"):
        named |= {name: call for name in (phone, sid) if name}
    found: dict[UUID, list[Any]] = defaultdict(list)
    words = Exists(Turn.objects.filter(session=OuterRef("pk")))
    for session in Session.objects.of_callers(named).annotate(has_words=words) if named else ():
        whose = named.get(session.sip_call_id) or named.get(session.participant_sid)
        if whose:
            found[whose].append(session)
    return found


def _recordings(kind: Kind, since: datetime, *states: str) -> Iterator[Fact]:
    """Of calls that are over: that is told first. Looked for by when they were due, which has an
    index.
    """
    rows = Recording.objects.filter(_untold(kind), state__in=states, created_at__gte=since)
    real = rows.filter(call__is_demo=False, call__is_test=False).but_withheld()
    over = real.exclude(call__ended_at=None).order_by("created_at")
    named: Iterable[Any] = over.values_list("pk", "call", "call__ended_at")[:MOST]
    for pk, call, at in named:
        yield Fact(kind, pk, call, at)


def _ready(since: datetime, _now: datetime) -> Iterator[Fact]:
    return _recordings(Kind.RECORDING_READY, since - LONGEST_CALL, Recording.State.READY)


def _missing(since: datetime, _now: datetime) -> Iterator[Fact]:
    return _recordings(Kind.RECORDING_MISSING, since - LONGEST_CALL, *MISSING)


def _opened(since: datetime, _now: datetime) -> Iterator[Fact]:
    """Without those that another one explains."""
    rows = Incident.objects.unresolved().roots()
    return _again(Kind.INCIDENT_OPENED, rows.values_list("pk", "times", "opened_at"), since)


def _closed(since: datetime, _now: datetime) -> Iterator[Fact]:
    """Also of those that another one explains since they were told."""
    told = HookEvent.objects.filter(kind=Kind.INCIDENT_OPENED, about=OuterRef("pk"))
    rows = Incident.objects.resolved_since(since).filter(Q(part_of=None) | Exists(told))
    return _again(Kind.INCIDENT_CLOSED, rows.values_list("pk", "times", "resolved_at"), since)


def _asked(since: datetime, _now: datetime) -> Iterator[Fact]:
    rows = CallBack.objects.waiting().since(since).values_list("pk", "times", "last_at")
    numbered = ((UUID(int=pk), times, at) for pk, times, at in rows)
    return _again(Kind.CALLBACK_ASKED, numbered, since)


def _again(kind: Kind, rows: Iterable[tuple[UUID, int, Any]], since: datetime) -> Iterator[Fact]:
    """Of rows that come back, each time once. There are few of them."""
    found = [row for row in rows if row[2] >= since]
    told = HookEvent.objects.filter(kind=kind, about__in=[about for about, _times, _at in found])
    known = set(told.values_list("about", "times"))
    for about, times, at in found:
        if (about, times) not in known:
            yield Fact(kind, about, about, at, times)


_FINDERS: Mapping[Kind, Callable[[datetime, datetime], Iterable[Fact]]] = {
    Kind.CALL_STARTED: _started,
    Kind.CALL_ANSWERED: _answered,
    Kind.CALL_ENDED: _ended,
    Kind.TRANSCRIPT_READY: _transcripts,
    Kind.RECORDING_READY: _ready,
    Kind.RECORDING_MISSING: _missing,
    Kind.INCIDENT_OPENED: _opened,
    Kind.INCIDENT_CLOSED: _closed,
    Kind.CALLBACK_ASKED: _asked,
}
