"""Files that are asked for on a page: each is made in the background, and removed after a day."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.admin.models import ADDITION, LogEntry
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from monitoring.made_file import MadeFile, MadeFileQuerySet
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
# Longer than Excel needs to pack a million lines, or a storage to give the sound of one call.
LOST = timedelta(minutes=10)

CUT_SHORT = _("A restart came in between. Ask for the file again.")
NO_ROOM = _(
    "The file could not be written: most often the disk is full. Tell the engineer, then ask again."
)
BROKEN = _("The file could not be made. Tell the engineer; the log of the worker says why.")

State = MadeFile.State
F = TypeVar("F", bound=MadeFile)


class CannotFile(Exception):
    """`sentence` says why there is no file."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


class Cancelled(Exception):
    """Nobody waits for the file any more."""


@dataclass(frozen=True)
class Kind(Generic[F]):
    """`task` makes them. `write(row, path)` says what the file lacks (or nothing), and raises
    CannotFile, Cancelled and OSError.
    """

    model: type[F]
    task: str
    write: Callable[[F, Path], Sentence]

    @property
    def rows(self) -> MadeFileQuerySet[F]:
        found: Any = self.model._default_manager.all()
        return found  # type: ignore[no-any-return]  # of MadeFileQuerySet.as_manager()


def ask(kind: Kind[F], key: UUID, user: User, note: str, **values: Any) -> F:
    """Have it made soon; with the same key again it is asked for once. Within a transaction."""
    values |= {"made_by": user, "language": get_language() or settings.LANGUAGE_CODE}
    row, is_new = kind.rows.get_or_create(pk=key, defaults=values)
    if is_new:
        LogEntry.objects.log_actions(user.pk, [row], ADDITION, change_message=note)
        wake(kind.task)
    return row


def run_next(kind: Kind[F]) -> bool:
    """Make the file that waits longest. False: there is none."""
    now = timezone.now()
    # A worker that died in the middle leaves a row that nobody finishes.
    for lost in kind.rows.silent_since(now - LOST):
        _fail(lost, Sentence(CUT_SHORT))
    row = kind.rows.waiting().select_related("made_by").first()
    if row is None:
        return False
    if kind.rows.waiting().filter(pk=row.pk).update(state=State.DOING, seen_at=now):
        _carry_out(kind, row)
    return True


def _carry_out(kind: Kind[F], row: F) -> None:
    """Make a claimed file, and say what came of it."""
    part = row.path.with_suffix(".part")
    try:
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.touch(mode=0o600)
        with speaking_to(row.made_by, row.language):
            lack = kind.write(row, part)
        size = part.stat().st_size
        part.replace(row.path)
        told = {"size": size, "error": lack.to_json()}
        if not row.tell(state=State.DONE, done_at=timezone.now(), **told):
            row.path.unlink()
    except Cancelled:
        pass
    except CannotFile as reason:
        _fail(row, reason.sentence)
    except OSError as error:
        log.warning("file %s was not written: %s", row.pk, error)
        _fail(row, Sentence(NO_ROOM))
    except Exception:
        _fail(row, Sentence(BROKEN))
        raise
    finally:
        part.unlink(missing_ok=True)


def _fail(row: MadeFile, why: Sentence) -> None:
    row.tell(state=State.FAILED, done_at=timezone.now(), error=why.to_json())


def go_on(row: MadeFile, **now: int) -> None:
    """Tell that whoever makes it lives, and how far it is. Raises Cancelled."""
    if not row.tell(seen_at=timezone.now(), **now):
        raise Cancelled


@contextmanager
def speaking_to(user: User, language: str) -> Iterator[None]:
    """In his language, at the times of his zone."""
    zone = ZoneInfo(user.time_zone) if user.time_zone else None
    with translation.override(language), timezone.override(zone):
        yield


def forget(kind: Kind[F], now: datetime) -> None:
    """Remove what was asked for more than a day ago, and files that have no row."""
    kind.rows.asked_before(now - KEPT).delete()
    # The files first: one that is made meanwhile has a row by now.
    files = list(kind.model.folder().glob("*"))
    known = {row.path.name for row in kind.rows}
    for file in files:
        if file.name not in known and (file.suffix != ".part" or is_old(file, now)):
            file.unlink(missing_ok=True)


def is_old(file: Path, now: datetime) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_mtime < (now - KEPT).timestamp()
    return False
