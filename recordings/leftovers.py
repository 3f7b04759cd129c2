"""Files that no recording names, and how they go: see recordings.leftover_models."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from recordings.models import Leftover, Recording, Storage
from recordings.stores import store_of
from recordings.storing import StoreError

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
    """Nobody writes it any more; False: the storage is away now, and it goes later.

    Without its row it is somebody's recording, whatever whoever calls was told.
    """
    if not Leftover.objects.filter(pk=row.pk).update(not_before=timezone.now()):
        return True
    try:
        store_of(row.storage).delete(row.file)
    except StoreError as error:
        log.warning("a file of recording %s goes later: %s", row.recording, error)
        return False
    Leftover.objects.filter(pk=row.pk).delete()
    return True


def remove_due(now: datetime) -> None:
    """Of a storage that is away, only the first one finds that out."""
    away: set[int] = set()
    for row in Leftover.objects.due(now):
        if row.storage_id not in away and not try_to_remove(row):
            away.add(row.storage_id)
