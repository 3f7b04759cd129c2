"""Reads the facts that the rules look at. A dozen small queries, however many calls there are."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from agentworker.models import Budget, Turn
from agentworker.spending.limiting import percent_spent
from monitoring import synthetic
from monitoring.health import every, reading, running
from monitoring.hooks.models import Hook
from monitoring.incidents.facts import Facts, Fate, Found, Knock
from monitoring.incidents.models import ProgramStart
from monitoring.logs import leaks
from recordings.models import Recording
from telephony.facts import CallQuerySet
from telephony.models import Call, CallEvent, FoldUnit, Ring
from telephony.reasons import AS_CHOSEN, WANTED, Reason
from telephony.watching import SENT_AGAIN
from veyra.models import FailedLogin, Program, SecurityEvent

WINDOW = timedelta(minutes=10)
# Of recordings, from when they were given up: that may be long after their calls.
RECORDED = timedelta(hours=1)
# Whoever hangs up sooner has dialled a wrong number, or thought better of it.
MEANT_IT = timedelta(seconds=5)
# Who rings for so long, and no person of ours is rung for him, is answered by nobody.
RINGS_LONG = timedelta(seconds=12)
# A program that has run for so long does not end as soon as it is started.
STAYS = timedelta(minutes=2)
# Calls, and starts of programs, that are looked at.
MOST = 200

# These say that nobody knows, which is no trouble of the line.
UNKNOWN = (reading.OLD, running.NO_DATABASE)

COLUMNS = ("pk", "outcome", "started_at", "answered_at", "ended_at", "trunk_id")


def read(now: datetime) -> Facts:
    """Raises DatabaseError."""
    since = now - WINDOW
    return Facts(
        now=now,
        health={each.name: each for each in _health(now)},
        fates=_fates(now),
        unrecorded=_unrecorded(now),
        delays=Turn.objects.delays(since, now),
        stillborn=_stillborn(now),
        bereft=_bereft(now),
        starts=_starts(now),
        backlog=_backlog(now),
        failed_tests=synthetic.failing(now),
        leaks=leaks.leaked_in(),
        alarming={each.pk: each.sentence for each in SecurityEvent.objects.alarming(since)},
        deaf={each.name: not each.is_on for each in Hook.objects.in_trouble(now)},
        spent_percent=percent_spent(Budget.objects.first(), now),
        knocks=[Knock(*each) for each in sorted(FailedLogin.counts(since).items())],
    )


def _health(now: datetime) -> Iterator[Found]:
    """What nobody has looked at for long, or could not look at, tells nothing."""
    titles = {check.name: check.title for check in every.CHECKS}
    for found in reading.latest(now):
        if found.checked_at and found.sentence.msgid not in UNKNOWN:
            title, since = str(titles[found.name]), found.since or now
            yield Found(found.name, title, found.status, found.sentence, since)


def _meant() -> CallQuerySet:
    """Calls to us of people, whom we wanted to talk to."""
    calls = Call.objects.filter(direction=Call.Direction.INBOUND, is_test=False, is_demo=False)
    return calls.exclude(reason__in=WANTED | AS_CHOSEN)


def _fates(now: datetime) -> Sequence[Fate]:
    """The oldest first."""
    ended = _meant().filter(ended_at__gte=now - WINDOW).order_by("-ended_at")
    going_on = _meant().going_on().filter(started_at__gte=now - WINDOW).order_by("-started_at")
    waiting = list(going_on.values_list(*COLUMNS)[:MOST])
    # After our people have been rung in vain, an assistant has time to come, too.
    rings = Ring.objects.filter(call__in=[row[0] for row in waiting])
    rung = rings.filter(Q(over_at=None) | Q(over_at__gte=now - RINGS_LONG))
    people = set(rung.values_list("call", flat=True))
    found = [
        *(_ended(*row) for row in ended.values_list(*COLUMNS)[:MOST]),
        *(_going_on(now, row, people) for row in waiting),
    ]
    return sorted(filter(None, found), key=lambda fate: fate.at)


def _ended(
    pk: UUID,
    outcome: str,
    started_at: datetime,
    answered_at: datetime | None,
    ended_at: datetime,
    trunk: int | None,
) -> Fate | None:
    match outcome:
        case Call.Outcome.ANSWERED:
            return Fate(pk, "answered", answered_at or ended_at)
        case Call.Outcome.NO_AGENT:
            return Fate(pk, "silent", ended_at)
        case Call.Outcome.FAILED:
            return Fate(pk, "failed", ended_at)
        case Call.Outcome.REJECTED:
            return Fate(pk, "refused", ended_at, by_provider=trunk is not None)
        case _ if ended_at - started_at >= MEANT_IT:
            return Fate(pk, "gave_up", ended_at)
        case _:
            return None


def _going_on(now: datetime, row: Sequence[Any], rung: set[UUID]) -> Fate | None:
    pk, _outcome, started_at, answered_at, _ended_at, _trunk = row
    if answered_at:
        return Fate(pk, "answered", answered_at)
    if now - started_at < RINGS_LONG or pk in rung:
        return None
    return Fate(pk, "silent", started_at + RINGS_LONG)


def _unrecorded(now: datetime) -> Sequence[UUID]:
    given_up = Recording.objects.given_up_since(now - RECORDED)
    lacking = given_up.filter(call__is_test=False, kind=Recording.Kind.TALK)
    rows = lacking.but_withheld().order_by("pk")
    return list(rows.values_list("call", flat=True)[:MOST])


def _stillborn(now: datetime) -> Sequence[UUID]:
    failed = _meant().filter(ended_at__gte=now - WINDOW, reason=Reason.AGENT_FAILED)
    return list(failed.order_by("pk").values_list("pk", flat=True)[:MOST])


def _bereft(now: datetime) -> Sequence[UUID]:
    """A process that hangs is ended by the agent library, so that its caller has nobody, too."""
    since = now - WINDOW
    another = CallEvent.objects.filter(room_sid=OuterRef("room_sid"), kind=SENT_AGAIN)
    sent = Exists(another.filter(at__gte=since, at__gt=OuterRef("answered_at")))
    # By two indexes: one order for both would read through all calls there are.
    talks = (Call.objects.going_on(), Call.objects.filter(ended_at__gte=since))
    inside = (each.filter(is_test=False).exclude(room_sid="") for each in talks)
    found = (each.filter(sent).order_by() for each in inside)
    return [pk for each in found for pk in each.values_list("pk", flat=True)[:MOST]]


def _starts(now: datetime) -> dict[str, int]:
    """Each program's row tells its last start; that is noted, so that they can be counted. One
    that has stayed for a while starts no more.
    """
    since = now - WINDOW
    noted = set(ProgramStart.objects.filter(at__gte=since).values_list("name", "at"))
    ran = Program.objects.filter(started_at__gte=since).values_list("name", "host", "started_at")
    new = {(f"{name}@{host}", at) for name, host, at in ran} - noted
    ProgramStart.objects.bulk_create(
        [ProgramStart(name=name, at=at) for name, at in sorted(new)], ignore_conflicts=True
    )
    if new:
        ProgramStart.objects.filter(at__lt=since).delete()
    starts = noted | new
    names = [name for name, _at in starts]
    begin = {name for name, at in starts if at > now - STAYS}
    return {name: names.count(name) for name in names if name in begin}


def _backlog(now: datetime) -> float:
    dirty = FoldUnit.objects.exclude(dirty_at=None).order_by("dirty_at")
    oldest = dirty.values_list("dirty_at", flat=True).first()
    return (now - oldest).total_seconds() if oldest else 0.0
