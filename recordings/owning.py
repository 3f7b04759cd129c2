"""Whose a storage is: two Veyras in one place would tidy away each other's sound.

A small file there names the installation that keeps its recordings in it.
"""

import json
import logging
from collections.abc import Sequence
from contextlib import suppress

from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings.models import Recording, Storage
from recordings.stores import store_of
from recordings.storing import Absent, Store, StoreError
from telephony.models import Gateway
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

NAME = "veyra.json"
# So many files that are known to lie in a storage are looked for.
SAMPLE = 10
OTHERS = gettext_noop(
    "Another Veyra keeps its recordings here. Choose another folder or bucket, or a folder in the"
    " bucket for this Veyra alone. If the other one is gone for good, delete the file %(name)s"
    " there, and try again."
)

NOT_THERE = gettext_noop(
    "Nothing lies in the storage “%(storage)s”, though recordings should. Mount its disk, or bring"
    " its files back; if they are gone for good, press “Try it” on the storage."
)


def stranger(store: Store) -> Sentence | None:
    """It is another's; None: it is ours, or nobody's yet. Raises StoreError."""
    owner = _owner(store)
    if owner in ("", _our_name()):
        return None
    return Sentence(OTHERS, {"name": NAME})


def claim(store: Store) -> Sentence | None:
    """From now on it is ours, unless it is another's. Raises StoreError."""
    if wrong := stranger(store):
        return wrong
    if not _owner(store):
        store.write(NAME, [json.dumps({"installation": _our_name()}).encode()])
    return None


def opened(storage: Storage) -> Store:
    """Raises StoreError, also where it is `missing`."""
    store = store_of(storage)
    if wrong := missing(storage, store, known(storage)):
        raise StoreError(wrong)
    return store


def known(storage: Storage) -> list[str]:
    """Names of some files that should lie there."""
    # By the size, since that is an index.
    rows = Recording.objects.lying_in(storage).order_by("size")
    if storage.kind == Storage.Kind.S3:
        # Of what is being deleted a bucket may have only an older version left.
        rows = rows.exclude(state=Recording.State.DELETED)
    return list(rows.values_list("file", flat=True)[:SAMPLE])


def missing(storage: Storage, store: Store, files: Sequence[str]) -> Sentence | None:
    """Nothing that should lie there does: neither one of the `files` that are `known`, nor the one
    that names its owner. A folder whose disk is not mounted would say of every file that it is
    gone, and hide, once it is mounted, what was written meanwhile. Raises StoreError.
    """
    if not files or _owner(store) or any(map(store.exists, files)):
        return None
    return Sentence(NOT_THERE, {"storage": str(storage)})


def is_ours(storage: Storage, store: Store) -> bool:
    """May we tidy up there? Where not, its row says why. Raises StoreError."""
    if wrong := stranger(store):
        log.error("storage %s is left alone: it is of another installation", storage.pk)
        told = {"tested_at": timezone.now(), "test_error": wrong.to_json()}
        Storage.objects.filter(pk=storage.pk).update(**told)
        return False
    # A disk that is full has to be tidied all the same.
    with suppress(StoreError):
        claim(store)
    return True


def _our_name() -> str:
    return str(Gateway.get().installation)


def _owner(store: Store) -> str:
    """ "": nobody says that it is his."""
    try:
        told = json.loads(b"".join(store.read(NAME)))
    except (Absent, ValueError):
        return ""
    return str(told.get("installation", "")) if isinstance(told, dict) else ""
