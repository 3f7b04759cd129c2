"""Files that no recording names, and how they go: see recordings.leftover_models."""

import logging
from collections.abc import Iterable
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


def try_to_remove(row: Leftover) -> None:
    """It is needed, and written, by nobody; where the storage is away now, it goes later."""
    Leftover.objects.filter(pk=row.pk).update(not_before=timezone.now())
    try:
        remove([row])
    except StoreError as error:
        log.warning("a file of recording %s goes later: %s", row.recording, error)


def remove(rows: Iterable[Leftover]) -> None:
    """Raises StoreError. What may be written just now is looked for once more when it is due."""
    for row in rows:
        store_of(row.storage).delete(row.file)
        Leftover.objects.due(timezone.now()).filter(pk=row.pk).delete()


def remove_due(now: datetime) -> None:
    for row in Leftover.objects.due(now):
        try_to_remove(row)
