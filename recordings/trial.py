"""Does a storage do what recordings need? It has to write, give back and delete a small file."""

import os
import uuid
from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from recordings import owning, sealing
from recordings.making import NOT_SAME
from recordings.models import Storage
from recordings.stores import open_file, store_of, write_file
from recordings.storing import Store, StoreError
from veyra.secrets import SecretError
from veyra.sentences import Sentence

SIZE = 100_000

STILL_THERE = _(
    "The storage says that the file is deleted, and still has it. Look whether it forbids deleting"
    " (object lock)."
)
KEEPS_VERSIONS = _(
    "The storage keeps old versions of files, so what Veyra deletes could still be got back there."
    " Give the access key the rights to delete those, too (ListBucketVersions,"
    " DeleteObjectVersion), or let old versions expire after a day."
)
EGRESS_MAY_NOT = _(
    "With the login of LiveKit's recording service nothing can be written. Give its key the right"
    " to (PutObject), or enter it once more."
)


def try_out(storage: Storage, *, by_hand: bool = False) -> Sentence | None:
    """What is wrong with it; None: nothing. Its row says so from then on.

    `by_hand`: somebody pressed for it. Who was told before that nothing of ours is there, and
    presses again, says that it is gone for good.
    """
    was_told = storage.test_error.get("msgid") == owning.NOT_THERE
    try:
        wrong = (None if by_hand and was_told else _missing(storage)) or _try(storage)
    except StoreError as error:
        wrong = error.sentence
    told = {"tested_at": timezone.now(), "test_error": wrong.to_json() if wrong else {}}
    Storage.objects.filter(pk=storage.pk).update(**told)
    return wrong


def _missing(storage: Storage) -> Sentence | None:
    return owning.missing(storage, store_of(storage), owning.known(storage))


def _try(storage: Storage) -> Sentence | None:
    store, name = store_of(storage), f"incoming/trial-{uuid.uuid4()}"
    key = sealing.new_key() if storage.is_encrypted else ""
    given = os.urandom(SIZE)
    try:
        write_file(store, name, [given], key)
        if b"".join(open_file(store, name, key=key).read()) != given:
            return Sentence(NOT_SAME)
    finally:
        store.delete(name)
    if name in list(store.names(name)) or store.exists(name):
        return Sentence(STILL_THERE)
    if wrong := owning.claim(store):
        return wrong
    if _keeps_deleted(store, name):
        return Sentence(KEEPS_VERSIONS)
    return _try_egress(storage, store, f"egress/trial-{uuid.uuid4()}")


def _keeps_deleted(store: Store, name: str) -> bool:
    from recordings.s3_store import S3Store  # as in recordings.stores

    return isinstance(store, S3Store) and store.keeps_deleted(name)


def _try_egress(storage: Storage, store: Store, name: str) -> Sentence | None:
    """LiveKit's recording service has a login of its own, which need not read nor delete."""
    from recordings.s3_store import S3Store  # as in recordings.stores

    if not isinstance(store, S3Store) or not storage.egress_access_key:
        return None
    try:
        login = {"access_key": storage.egress_access_key, "secret_key": storage.egress_secret_key}
        S3Store(replace(store.bucket, **login)).write(name, [b"trial"])
    except (StoreError, SecretError):
        return Sentence(EGRESS_MAY_NOT)
    store.delete(name)
    return None
