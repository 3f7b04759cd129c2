"""A file goes from a storage for good, with what a bucket keeps of it; or it is told why not."""

from django.utils.translation import gettext_noop

from recordings.storing import FileError, Store
from veyra.sentences import Sentence

STILL_THERE = gettext_noop(
    "The storage says that the file is deleted, and still has it. Look whether it keeps old"
    " versions, or forbids deleting (object lock)."
)


def remove(store: Store, name: str) -> None:
    """Delete it, and look whether it is gone. Raises FileError: it, or an older version of it, is
    still there; and StoreError: the storage is away.
    """
    store.delete(name)
    if store.exists(name) or _keeps_versions(store, name):
        raise FileError(Sentence(STILL_THERE))


def remove_all(store: Store, prefix: str) -> None:
    """Whatever is named so, and was; `prefix` ends in "/". Raises as `remove`, and FileError only
    when all were tried.
    """
    kept: FileError | None = None
    for name in list(store.names(prefix)):
        try:
            remove(store, name)
        except FileError as error:
            kept = error
    if kept or _keeps_versions(store, prefix):
        raise kept or FileError(Sentence(STILL_THERE))


def _keeps_versions(store: Store, name: str) -> bool:
    """Does a bucket keep it as an older version, whatever we do? Raises StoreError."""
    from recordings.s3_store import S3Store  # as in recordings.stores

    if not (isinstance(store, S3Store) and store.keeps_deleted(name)):
        return False
    store.purge(name)
    return store.keeps_deleted(name)
