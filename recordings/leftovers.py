"""Files that no recording names, and how they go: see recordings.leftover_models."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from recordings.models import Leftover, Recording, Storage
from recordings.owning import opened
from recordings.removing import remove
from recordings.storing import FileError, StoreError

log = logging.getLogger(__name__)

# Longer than anybody writes at one file.
WRITTEN = timedelta(days=1)


def announce(recording: UUID, storage: Storage, name: str) -> Leftover:
    """A file of this name is about to be written."""
    not_before = timezone.now() + WRITTEN
    return Leftover.objects.create(
        recording=recording, storage=storage, file=name, not_before=not_before
    )


def replaced(recording: Recording) -> Leftover | None:
    """The file that this recording has is needed no more; None: it has none."""
    if recording.storage is None or not recording.file:
        return None
    return Leftover.objects.create(
        recording=recording.pk,
        storage=recording.storage,
        file=recording.file,
        not_before=timezone.now(),
    )


def try_to_remove(row: Leftover) -> bool:
    """Nobody writes it any more; False: it goes later, the storage is away or still has it."""
    try:
        _remove(row)
    except StoreError as error:
        log.warning("a file of recording %s goes later: %s", row.recording, error)
        return False
    return True


def _remove(row: Leftover) -> None:
    """Without its row it is somebody's recording, whatever whoever calls was told. The row goes
    only when the storage has neither the file nor an older version of it. Raises StoreError.
    """
    rows = Leftover.objects.filter(pk=row.pk)
    if rows.update(not_before=timezone.now()):
        remove(opened(row.storage), row.file)
        rows.delete()


def remove_due(now: datetime) -> None:
    """Of a storage that is away, only the first one finds that out."""
    away: set[int] = set()
    for row in Leftover.objects.due(now):
        if row.storage_id in away:
            continue
        try:
            _remove(row)
        except StoreError as error:
            log.warning("a file of recording %s goes later: %s", row.recording, error)
            if not isinstance(error, FileError):
                away.add(row.storage_id)
