"""What is done each week."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from packaging.requirements import Requirement

from monitoring.health import reading
from monitoring.health.base import Status
from monitoring.upkeep import backup, restoring
from monitoring.upkeep.databases import CANNOT_RESTORE, UpkeepError
from monitoring.upkeep.engine import engine
from monitoring.upkeep.job import Job, Outcome, Period, done, wrong
from monitoring.upkeep.models import Backup
from recordings.models import Recording
from recordings.stores import open_recording
from recordings.storing import StoreError
from telephony import rereading
from veyra.sentences import Sentence

WEEK = timedelta(days=7)
CALLS, FILES = 200, 50
# So many are named; the rest is counted.
NAMED = 20


def _prove_backup(now: datetime) -> Outcome:
    row = Backup.objects.good().first()
    if row is None:
        return wrong(_("There is no backup to prove. Make one first."))
    try:
        return Outcome(True, restoring.prove(row, now))
    except (UpkeepError, StoreError) as error:
        values = {"at": restoring.shown(row.at), "why": str(error.sentence)}
        return wrong(CANNOT_RESTORE, **values)


def _reread_journal(now: datetime) -> Outcome:
    calls = rereading.sample(now, now - WEEK, CALLS)
    found = rereading.differing(calls, now)
    if not found:
        return done(
            _("%(calls)s calls of the last week were made anew from what was noted: all agree."),
            calls=len(calls),
        )
    details = [Sentence(_("Call %(call)s"), {"call": str(pk)}) for pk in found[:NAMED]]
    return wrong(
        _("%(wrong)s of %(calls)s calls say something else than what was noted of them."),
        details,
        wrong=len(found),
        calls=len(calls),
    )


def _check_recordings(now: datetime) -> Outcome:
    rows = Recording.objects.ready().for_players().order_by("?")[:FILES]
    looked = list(rows)
    details = [told for row in looked if (told := _what_is_wrong(row))]
    values = {"files": len(looked), "wrong": len(details)}
    if details:
        msgid = _("%(wrong)s of %(files)s recordings are not as they were stored.")
        return wrong(msgid, details[:NAMED], **values)
    return done(_("%(files)s recordings were read: each is what was stored."), **values)


def _what_is_wrong(row: Recording) -> Sentence | None:
    try:
        source = open_recording(row)
        found = backup.sum_of(source.read())
    except StoreError as error:
        why = str(error.sentence)
    else:
        if found == row.sha256:
            return None
        why = ""
    msgid = _("Recording %(recording)s: %(why)s") if why else _("Recording %(recording)s differs.")
    return Sentence(msgid, {"recording": str(row.pk), "why": why})


def _review_parts(now: datetime) -> Outcome:
    details = [*_other_packages(), *_of_checks(now)]
    if details:
        return wrong(_("Things to see to: %(count)s."), details, count=len(details))
    return done(
        _("All programs are those that this Veyra was tried with, and no certificate ends soon.")
    )


def _other_packages() -> Iterator[Sentence]:
    """What is installed and differs from what is locked."""
    for name, version in locked():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            # Of another system or Python than this one.
            continue
        if found != version:
            values = {"name": name, "found": found, "wanted": version}
            yield Sentence(_("%(name)s has version %(found)s instead of %(wanted)s."), values)


def locked() -> Iterator[tuple[str, str]]:
    """Name and version of each package of requirements.txt that this system and Python need."""
    path = Path(settings.BASE_DIR) / "requirements.txt"
    for line in path.read_text().splitlines() if path.exists() else ():
        if line[:1] in ("", " ", "#") or "==" not in line:
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker is None or wanted.marker.evaluate():
            yield wanted.name, str(wanted.specifier).removeprefix("==")


def _of_checks(now: datetime) -> Iterator[Sentence]:
    for finding in reading.latest(now):
        is_bad = finding.status in (Status.WARNING, Status.FAILED)
        if finding.name in ("certificates", "versions") and is_bad:
            yield finding.sentence


def _analyse(now: datetime) -> Outcome:
    before = engine().size()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    damage = engine().damage("default")
    if damage:
        msgid = _("The database is damaged: %(damage)s. Restore the last backup.")
        return wrong(msgid, damage=damage)
    megabytes = round(before / 1e6, 1)
    return done(_("The database is sound and takes %(megabytes)s MB."), megabytes=megabytes)


JOBS: Sequence[Job] = (
    Job(
        name="proof",
        title=gettext_lazy("Restore the backup for trial"),
        does=gettext_lazy(
            "The newest backup is put into a second database and compared; nothing else changes."
        ),
        period=Period.WEEKLY,
        run=_prove_backup,
    ),
    Job(
        name="journal",
        title=gettext_lazy("Check the history of calls"),
        does=gettext_lazy("A sample of calls is made anew from what was noted, and compared."),
        period=Period.WEEKLY,
        run=_reread_journal,
    ),
    Job(
        name="recordings",
        title=gettext_lazy("Check the recordings"),
        does=gettext_lazy("A sample is read from its storage: is it what was stored?"),
        period=Period.WEEKLY,
        run=_check_recordings,
    ),
    Job(
        name="parts",
        title=gettext_lazy("Look over programs and certificates"),
        does=gettext_lazy("Versions that differ from those tried, certificates that end soon."),
        period=Period.WEEKLY,
        run=_review_parts,
    ),
    Job(
        name="database",
        title=gettext_lazy("Look after the database"),
        does=gettext_lazy("It is checked, and its notes about its own tables are made anew."),
        period=Period.WEEKLY,
        run=_analyse,
    ),
)
