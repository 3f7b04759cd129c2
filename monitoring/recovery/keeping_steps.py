"""Steps around checks, storages and disks."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from agentworker.taping import stuck
from monitoring import caller_zip, filing
from monitoring.health import running
from monitoring.health.base import Status
from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from recordings import trial
from recordings.models import Storage
from telephony import testcalls
from veyra.celery import wake
from veyra.sentences import Sentence

# A host tries again within a minute, and takes its sign back a moment later.
SENT = timedelta(minutes=3)
SIGN_IS_OLD = timedelta(seconds=30)
# Of our own test calls so many are kept where the disk is full.
TEST_CALLS = 3


def _check_again(now: datetime, target: str) -> Outcome:
    try:
        finding = running.check_again(target, now)
    except KeyError:
        return failed(_("There is no such check any more."))
    return Outcome(finding.status != Status.FAILED, finding.sentence)


def _try_storage(now: datetime, target: str) -> Outcome:
    storage = Storage.objects.filter(pk=target).first() if target.isdecimal() else None
    if storage is None:
        return failed(_("There is no such storage any more."))
    wrong = trial.try_out(storage)
    if wrong:
        return Outcome(False, wrong)
    wake("recordings.save")
    return worked(_("The storage writes, gives back and deletes files."))


def _send_uploads(now: datetime, target: str) -> Outcome:
    storage = Storage.objects.current()
    if wrong := trial.try_out(storage):
        return Outcome(False, wrong)
    if not stuck.hosts(SIGN_IS_OLD):
        return worked(_("The storage takes files, and no recorded sound waits on any host."))
    return waits(_("The storage takes files. Each host sends what lies there within a minute."))


def _sent(now: datetime, begun: datetime, target: str) -> Outcome | None:
    hosts = stuck.hosts(SIGN_IS_OLD)
    if not hosts:
        return worked(_("All recorded sound has been sent."))
    if now - begun < SENT:
        return None
    msgid = _("Sound still lies on %(hosts)s. The log of its recorder says why.")
    return failed(msgid, hosts=", ".join(hosts))


def _free_disk(now: datetime, target: str) -> Outcome:
    folder = settings.MEDIA_ROOT if settings.MEDIA_ROOT.exists() else settings.STATE
    before = shutil.disk_usage(folder).free
    filing.forget(now)
    caller_zip.forget(now)
    testcalls.prune(TEST_CALLS)
    for task in ("recordings.tidy", "recordings.keep"):
        wake(task)
    after = shutil.disk_usage(folder).free
    values = {"freed": round(max(0, after - before) / 1e6, 1), "free": round(after / 1e9, 1)}
    msgid = _(
        "%(freed)s MB were freed, %(free)s GB are free now. Recordings whose time is over are being"
        " deleted, too. If that is not enough, give the disk more room or keep recordings for"
        " fewer days."
    )
    return Outcome(True, Sentence(msgid, values))


STEPS: Sequence[Step] = [
    Step(
        name="check_again",
        title=gettext_lazy("Look again"),
        says=lambda _target: Sentence(_("The check is made once more, now. It changes nothing.")),
        run=_check_again,
        times=30,
    ),
    Step(
        name="storage_trial",
        title=gettext_lazy("Try the storage"),
        says=lambda _target: Sentence(
            _("A small file is written to the storage of recordings, read back and deleted.")
        ),
        run=_try_storage,
        times=10,
    ),
    Step(
        name="send_uploads",
        title=gettext_lazy("Send the recorded sound that waits"),
        says=lambda _target: Sentence(
            _(
                "It is tried whether the storage takes files. If it does, each host sends the"
                " recorded sound that lies there. Nothing is deleted before it is stored."
            )
        ),
        run=_send_uploads,
        later=_sent,
    ),
    Step(
        name="free_disk",
        title=gettext_lazy("Free the disk"),
        says=lambda _target: Sentence(
            _(
                "Files that are over are deleted at once instead of within the hour: lists and"
                " reports that were asked for, old test calls, recordings whose time is over."
                " Nothing else is touched."
            )
        ),
        run=_free_disk,
    ),
]
