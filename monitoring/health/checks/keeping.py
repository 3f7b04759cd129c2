"""Where recordings go, the programs that record and send on, and the backup."""

import uuid
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.health.base import Asking, Check, Limit, Link, Status, Verdict, ill, off, well
from monitoring.upkeep.databases import CANNOT_RESTORE
from monitoring.upkeep.models import Backup, JobRun
from recordings import owning
from recordings.available import NOT_THERE
from recordings.making import NOT_SAME
from recordings.models import Ingress, Storage, Stream
from recordings.stores import store_of
from recordings.storing import StoreError
from veyra.livekit import services
from veyra.livekit.services import Service
from veyra.models import User
from veyra.sentences import Sentence


@dataclass
class Storages(Asking):
    """Each of them takes a small file, gives it back and deletes it."""

    name, title, link, period, is_cheap = "storage", _("Storage"), Link.RECORDING, 20, False

    def known(self, now: datetime) -> Sequence[tuple[Storage, Sequence[str]]]:
        Storage.objects.current()
        return [(storage, owning.known(storage)) for storage in Storage.objects.all()]

    def ask(self, known: Sequence[tuple[Storage, Sequence[str]]]) -> Verdict:
        for storage, files in known:
            if wrong := what_is_wrong(storage, files):
                return ill(
                    gettext_noop("Storage “%(name)s”: %(why)s"),
                    name=str(storage),
                    why=wrong.to_json(),
                )
        return well(gettext_noop("Recordings can be stored and read."))


def what_is_wrong(storage: Storage, files: Sequence[str]) -> Sentence | None:
    """Look for some of the files that should lie there; write, read back, delete. None: all went
    well.
    """
    given = uuid.uuid4()
    name = f"incoming/{given}"
    try:
        store = store_of(storage)
        if wrong := owning.missing(storage, store, files):
            return wrong
        try:
            store.write(name, [given.bytes])
            if b"".join(store.read(name)) != given.bytes:
                return Sentence(NOT_SAME)
        finally:
            store.delete(name)
    except StoreError as error:
        return error.sentence
    return None


@dataclass
class Streaming(Asking):
    """A program of LiveKit's that is missed only where something needs it."""

    service: ClassVar[Service]
    here: ClassVar[str]
    unused: ClassVar[str]

    @abstractmethod
    def known(self, now: datetime) -> bool:
        """Is it needed?"""

    def ask(self, known: bool) -> Verdict:
        if settings.LIVEKIT_SIMULATED:
            return off(gettext_noop("The simulator records and streams by itself."))
        runs = services.ask(settings.LIVEKIT_REDIS_URL, self.service)
        if runs:
            return well(self.here)
        if runs is None or not known:
            return off(self.unused)
        return ill(NOT_THERE[self.service])


class Egress(Streaming):
    name, title, link, period = "egress", _("Recording and streaming"), Link.RECORDING, 30
    service = "egress"
    here = gettext_noop("LiveKit's program for pictures and streams is ready.")
    unused = gettext_noop("Nothing needs LiveKit's program for pictures and streams.")

    def known(self, now: datetime) -> bool:
        has_login = Storage.objects.exclude(egress_access_key="").exists()
        return has_login or Stream.objects.going_on().exists()


class Ingresses(Streaming):
    name, title, link, period = "ingress", _("Incoming streams"), Link.LIVEKIT, 30
    service = "ingress"
    here = gettext_noop("LiveKit's program for incoming streams is ready.")
    unused = gettext_noop("Nothing needs LiveKit's program for incoming streams.")

    def known(self, now: datetime) -> bool:
        return Ingress.objects.kept().exists()


@dataclass
class BackupAge(Check):
    name, title, link, unit = "backup", _("Backup"), Link.GUARD, _("h old")
    period = 20
    limits = (
        Limit(
            "old",
            _("Too old after (hours)"),
            _("A backup is made each day. What was saved since the last one would be lost."),
            default=48,
            least=1,
            most=720,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        last = last_backup()
        began = User.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
        since = last or began or now
        hours = (now - since).total_seconds() / 3600
        if hours > self.limit("old"):
            return ill(TOO_OLD if last else NONE_YET, hours if last else None, hours=round(hours))
        if last is None:
            return off(gettext_noop("No backup has been made yet."))
        if told := unproven():
            return Verdict(Status.FAILED, told, hours)
        return well(
            gettext_noop("The last backup is %(hours)s hours old."), hours, hours=round(hours)
        )


TOO_OLD = gettext_noop(
    "The last backup is %(hours)s hours old: if the disk broke, all that was saved since would be"
    " lost. Make one now, and look why none was made."
)
NONE_YET = gettext_noop(
    "No backup has been made for %(hours)s hours: if the disk broke, everything would be lost. Make"
    " one now."
)


def unproven() -> Sentence | None:
    """What the last trial says of a backup that could not be restored."""
    row = JobRun.objects.ended().of("proof").newest().first()
    return row.says if row and row.says.msgid == CANNOT_RESTORE else None


def last_backup() -> datetime | None:
    """When the last one that is good was finished."""
    found = Backup.objects.good().exclude(finished_at=None)
    return found.values_list("finished_at", flat=True).first()
