"""Jobs of upkeep are found by their dates and done, one at a time, wherever there is a worker."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from monitoring.upkeep.job import Job, Outcome, is_due, next_slot, wrong
from monitoring.upkeep.jobs import JOBS
from monitoring.upkeep.models import JobRun
from veyra.celery import wake
from veyra.models import Lease, User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.upkeep"
LEASE, LEASE_SECONDS, RENEW_SECONDS = "upkeep", 60, 15.0

CUT_SHORT = _("It was cut short: the program that did it ended. It is done again within the hour.")
BROKEN = _("It could not be done (%(error)s). The log of the slow worker says more.")


def work() -> None:
    """All that is due or asked for, unless another worker is at it."""
    holder = Lease.take(LEASE, LEASE_SECONDS)
    if holder is None:
        return
    try:
        with _held(holder):
            # Who holds the lease is alone: what is open was left by somebody who died.
            told = {"finished_at": timezone.now(), "ok": False}
            JobRun.objects.open().update(**told, sentence=Sentence(CUT_SHORT).to_json())
            while row := _next(timezone.now()):
                _do(row)
    finally:
        Lease.release(LEASE, holder)


def ask(name: str, by: User | None = None) -> JobRun:
    """To be done soon. Who asks twice gets the same row. Raises KeyError: there is no such job."""
    job = JOBS[name]
    try:
        with transaction.atomic():
            row = JobRun.objects.create(name=job.name, at=timezone.now(), by=by)
    except IntegrityError:
        row = JobRun.objects.waiting().of(name).get()
    wake(TASK)
    return row


def _next(now: datetime) -> JobRun | None:
    """What somebody asked for goes first."""
    if row := JobRun.objects.waiting().filter(name__in=JOBS).first():
        return row
    last = JobRun.objects.latest_of_each()
    for job in JOBS.values():
        if _is_due(job, now, last.get(job.name)):
            return JobRun.objects.create(name=job.name, at=now)
    return None


def _is_due(job: Job, now: datetime, last: JobRun | None) -> bool:
    begun = last.started_at if last else began()
    return is_due(
        job.period, now, timezone.get_default_timezone(), begun, last.ok if last else None
    )


def began() -> datetime | None:
    """When Veyra was installed: before the first night nothing is overdue."""
    applied = MigrationRecorder.Migration.objects.order_by("applied")
    found: datetime | None = applied.values_list("applied", flat=True).first()
    return found


def next_time(job: Job, now: datetime) -> datetime:
    return next_slot(job.period, now, timezone.get_default_timezone())


def _do(row: JobRun) -> None:
    now = timezone.now()
    if not JobRun.objects.filter(pk=row.pk, started_at=None).update(started_at=now):
        return
    outcome = _outcome(JOBS[row.name], now)
    JobRun.objects.filter(pk=row.pk).update(
        finished_at=timezone.now(),
        ok=outcome.ok,
        sentence=outcome.sentence.to_json(),
        details=[each.to_json() for each in outcome.details],
    )


def _outcome(job: Job, now: datetime) -> Outcome:
    try:
        return job.run(now)
    except Exception as error:  # one that is broken keeps no other from being done
        log.exception("the job %s failed", job.name)
        return wrong(BROKEN, error=type(error).__name__)


@contextmanager
def _held(holder: UUID) -> Iterator[None]:
    """The lease is renewed all the time, however long a job takes."""
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(holder, over), name="upkeep-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(holder: UUID, over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        try:
            Lease.renew(LEASE, holder, LEASE_SECONDS)
        except DatabaseError:
            log.warning("the lease of upkeep was not renewed")
        finally:
            connection.close()
