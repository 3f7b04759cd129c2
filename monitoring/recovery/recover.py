"""Which safe steps help now? For `manage.py recover`, and for incidents that heal by themselves."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from agentworker.models import Worker
from monitoring.health import reading
from monitoring.health.base import Status
from monitoring.incidents.models import Incident, RuleSetting
from monitoring.models import RecoveryAction
from monitoring.recovery.program_steps import LONGEST
from monitoring.recovery.services import TooOftenError, carry_out, wait_for_ends
from monitoring.recovery.steps import STEPS
from monitoring.recovery.worker_steps import hanging
from telephony import probes
from telephony.models import Registration
from telephony.watching import served_by, watched_rooms
from veyra.models import Lease, Program
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# One looks for all; of one who was killed another takes over after so long.
LEASE, LEASE_SECONDS = "recover", 120.0
# A program that has just begun is not helped by beginning once more.
BEGINS = timedelta(seconds=90)
WORKERS = ("worker", "worker-calls", "worker-livekit", "worker-slow", "worker-saving")
# An incident heals by itself when it begins. What does not help then, a person has to look at.
YOUNG = timedelta(minutes=2)

Target = tuple[str, str]
Remedy = Callable[[datetime], Iterable[Target]]


@dataclass(frozen=True)
class Wanted:
    """A step that would help, and because of which check or rule."""

    step: str
    target: str
    because: str

    @property
    def title(self) -> str:
        return str(STEPS[self.step].title)

    @property
    def says(self) -> Sentence:
        return STEPS[self.step].says(self.target)


def _only(step: str, target: str = "") -> Remedy:
    return lambda _now: [(step, target)]


def _restart(*names: str) -> Remedy:
    """Programs that could read that they are to end; others are started by their supervisor."""

    def wanted(now: datetime) -> Iterable[Target]:
        rows = Program.objects.to_know(now).filter(name__in=names, started_at__lt=now - BEGINS)
        return [("restart", row.target) for row in rows if row.listens(now)]

    return wanted


def _lines(_now: datetime) -> Iterable[Target]:
    lost = Registration.objects.open().exclude(state=Registration.State.REGISTERED)
    return [("sign_in_again", str(pk)) for pk in lost.values_list("trunk", flat=True)]


def _workers(now: datetime) -> Iterable[Target]:
    """Nobody takes calls: those that rest are needed, those that LiveKit lost begin anew."""
    living = Worker.objects.seen_since(now - probes.WORKER_IS_OLD).order_by("name")
    resting = [("take_calls_again", row.name) for row in living if row.is_resting]
    lost = {row.host for row in living if not row.registered and not row.draining}
    programs = [each for each in _restart("agent")(now) if each[1].partition("@")[2] in lost]
    return [*resting, *programs]


def _hung(now: datetime) -> Iterable[Target]:
    return [("end_hung", worker.name) for worker in hanging(now)]


def _alone(now: datetime) -> Iterable[Target]:
    """The watchdog is away: callers whom no assistant serves."""
    workers = Worker.objects.seen_since(now - probes.WORKER_IS_OLD)
    served = served_by(workers)
    rooms = {room.call.room_name for room in watched_rooms()}
    locks = Lease.objects.filter(until__gt=now + LONGEST).values_list("name", flat=True)
    return [
        *(("release_lock", name) for name in locks),
        *_restart("watchdog")(now),
        *(("dispatch_again", name) for name in sorted(rooms - served)),
    ]


# By the name of a check or of a rule of incidents; a rule that is about a check has its name.
REMEDIES: Mapping[str, Sequence[Remedy]] = {
    "drift": [_only("publish_again")],
    "calls_refused": [_only("publish_again")],
    "livekit": [_only("publish_again")],
    "no_agent": [_hung, _workers],
    "callers_lost": [_hung],
    "worker": [_workers],
    "tap": [_only("resubscribe_tap")],
    "watchdog": [_alone],
    "standby": [_restart("standby")],
    "recorder": [_restart("recorder")],
    "lookout": [_restart("lookout")],
    "web": [_restart("web")],
    "registrar": [_restart("registrar"), _lines],
    "provider": [_lines],
    "schedule": [_restart("beat", "worker")],
    "queues": [_restart(*WORKERS)],
    "facts_late": [_only("run_task_again", "fold")],
    "observer": [_only("observe_now")],
    "webhooks": [_only("observe_now")],
    "storage": [_only("send_uploads")],
    "uploading": [_only("send_uploads")],
    "disk": [_only("free_disk")],
}


def wanted(now: datetime) -> list[Wanted]:
    """Each step once, for what is not well now. Raises DatabaseError."""
    failed = [each.name for each in reading.latest(now) if each.status == Status.FAILED]
    rules = Incident.objects.unresolved().order_by("severity", "opened_at")
    return _each_once(dict.fromkeys([*failed, *rules.values_list("rule", flat=True)]), now)


def wanted_or_none(now: datetime) -> list[Wanted]:
    """As `wanted`; while the database is away, no step can be recorded, so none is offered."""
    try:
        return wanted(now)
    except DatabaseError:
        return []


def _each_once(causes: Iterable[str], now: datetime) -> list[Wanted]:
    found: dict[Target, Wanted] = {}
    for because in causes:
        for remedy in REMEDIES.get(because, ()):
            for step, target in remedy(now):
                found.setdefault((step, target), Wanted(step, target, because))
    return list(found.values())


def by_itself(incident: Incident, now: datetime) -> list[RecoveryAction]:
    """Do what is safe for this incident, without a person. What was done too often is left out."""
    done = []
    for each in _each_once([incident.rule], now):
        try:
            done.append(carry_out(each.step, each.target, incident))
        except TooOftenError:
            log.info("the step %s was done often enough", each.step)
    return done


def work(now: datetime | None = None) -> None:
    """What beat and the lookout ask for: critical incidents that have just begun heal, and steps
    that take a while are looked after. Raises DatabaseError.
    """
    now = now or timezone.now()
    wait_for_ends(now)
    young = _to_heal(now)
    holder = Lease.take(LEASE, LEASE_SECONDS) if young else None
    if holder is None:
        return
    try:
        for incident in _to_heal(now):
            by_itself(incident, now)
    finally:
        Lease.release(LEASE, holder)


def _to_heal(now: datetime) -> list[Incident]:
    """Those that nobody has done anything about."""
    left_alone = RuleSetting.objects.filter(heals_itself=False).values("rule")
    young = Incident.objects.critical().filter(opened_at__gte=now - YOUNG, steps=None)
    young = young.filter(rule__in=REMEDIES).exclude(rule__in=left_alone)
    return list(young.exclude(snoozed_until__gt=now))
