"""What is done each night."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from agentworker.knowledge import tidying
from agentworker.models import Place
from monitoring import caller_zip, filing
from monitoring.callfile import CallFile
from monitoring.erasure import CallerFile
from monitoring.upkeep import backup
from monitoring.upkeep.job import Job, Outcome, Period, done, wrong
from monitoring.upkeep.models import JobRun
from recordings import guarantee, keeping
from recordings.models import Deletion, GuaranteeDay
from veyra.audit_entries import AuditEntry
from veyra.security import KEPT, FailedLogin

DAY = timedelta(days=1)
RUNS_KEPT = timedelta(days=400)
# What staff changed is of use for as long as the incidents are that it may explain.
CHANGES_KEPT = timedelta(days=366)


def _make_backup(now: datetime) -> Outcome:
    row = backup.make(now)
    # It is there, but not where it should be, too.
    return Outcome(bool(row.ok) and row.says.msgid != backup.ONLY_HERE, row.says)


def _delete_recordings(now: datetime) -> Outcome:
    keeping.work(now)
    decided = Deletion.objects.filter(asked_at__gte=now - DAY)
    gone = decided.exclude(gone_at=None).count()
    waiting = Deletion.objects.filter(gone_at=None, asked_at__lt=now - DAY).count()
    if waiting:
        return wrong(
            _(
                "%(waiting)s recordings whose time is over are still in their storage. The page of"
                " deletions says why."
            ),
            waiting=waiting,
        )
    return done(
        _("Recordings deleted since yesterday because their time was over: %(gone)s."), gone=gone
    )


def _learn_days_off(now: datetime) -> Outcome:
    """A new version of the calendar knows days that were moved since."""
    rows = Place.objects.kept()
    changed = [row for row in rows if row.learn_days_off(now.year)]
    for row in changed:
        row.save(update_fields=["days_off", "days_on", "days_known_to"])
    return done(_("Places whose days off are known anew: %(count)s."), count=len(changed))


def _count_recordings(now: datetime) -> Outcome:
    guarantee.count()
    day = GuaranteeDay.objects.filter(day=guarantee.today() - DAY).first()
    if day is None:
        return done(_("Yesterday no call had to be recorded."))
    values = {"due": day.due, "whole": day.whole, "missing": day.missing, "flawed": day.flawed}
    if day.missing:
        return wrong(
            _(
                "Of %(due)s calls that had to be recorded yesterday %(missing)s are missing. Look"
                " at the report of recordings."
            ),
            **values,
        )
    return done(
        _(
            "Of %(due)s calls that had to be recorded yesterday %(whole)s are recorded, %(flawed)s"
            " with a flaw."
        ),
        **values,
    )


def _remove_what_ran_out(now: datetime) -> Outcome:
    before = CallFile.objects.count() + CallerFile.objects.count()
    filing.forget(now)
    caller_zip.forget(now)
    after = CallFile.objects.count() + CallerFile.objects.count()
    logins, _each = FailedLogin.objects.filter(minute__lt=now - KEPT).delete()
    JobRun.objects.before(now - RUNS_KEPT).delete()
    AuditEntry.objects.older_than(now - CHANGES_KEPT).delete()
    return done(
        _(
            "Removed: %(files)s files that were asked for, %(logins)s notes of failed logins,"
            " %(documents)s documents that no assistant knows."
        ),
        files=max(0, before - after),
        logins=logins,
        documents=tidying.forget(now),
    )


def _clear_sessions(now: datetime) -> Outcome:
    before = Session.objects.count()
    SessionStore.clear_expired()
    left = Session.objects.count()
    return done(
        _("%(gone)s logins that ran out are removed, %(left)s are in use."),
        gone=max(0, before - left),
        left=left,
    )


JOBS: Sequence[Job] = (
    Job(
        name="backup",
        title=gettext_lazy("Backup"),
        does=gettext_lazy(
            "Everything that was saved is copied, encrypted, to a file; if the disk breaks, Veyra"
            " goes on from there."
        ),
        period=Period.DAILY,
        run=_make_backup,
    ),
    Job(
        name="retention",
        title=gettext_lazy("Delete old recordings"),
        does=gettext_lazy("Recordings whose days are over go, as the law and your settings ask."),
        period=Period.DAILY,
        run=_delete_recordings,
    ),
    Job(
        name="guarantee",
        title=gettext_lazy("Count the recordings"),
        does=gettext_lazy("Was every call of yesterday recorded that had to be?"),
        period=Period.DAILY,
        run=_count_recordings,
    ),
    Job(
        name="ran_out",
        title=gettext_lazy("Remove what ran out"),
        does=gettext_lazy("Files that somebody asked for, and notes that are of no use any more."),
        period=Period.DAILY,
        run=_remove_what_ran_out,
    ),
    Job(
        name="sessions",
        title=gettext_lazy("Tidy up logins"),
        does=gettext_lazy("Logins that ran out are removed from the database."),
        period=Period.DAILY,
        run=_clear_sessions,
    ),
    Job(
        name="days_off",
        title=gettext_lazy("Holidays"),
        does=gettext_lazy("Opening hours learn the days off of the coming years."),
        period=Period.DAILY,
        run=_learn_days_off,
    ),
)
