"""What a bucket keeps as older versions goes with the recording, or is told."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from recordings import deleting, leftovers, s3_words
from recordings.keeping_models import Deletion
from recordings.models import Leftover, Part, Recording, Storage
from recordings.stores import store_of
from recordings.storing import StoreError
from tests.recordings.conftest import _s3, s3
from tests.recordings.s3 import ALL, BUCKET, S3

__all__ = ["_s3", "s3"]
pytestmark = pytest.mark.django_db


def with_versions(s3: S3) -> Any:
    """Its bucket keeps versions from now on."""
    client: Any = s3.client("s3")
    versioned = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
    return client


def is_empty(client: Any) -> bool:
    left = client.list_object_versions(Bucket=BUCKET)
    return not left.get("Versions") and not left.get("DeleteMarkers")


def deleted(s3: S3, *rights: str) -> Deletion:
    """Of a file that was written twice, in a bucket that keeps versions."""
    with_versions(s3)
    storage = Storage.objects.create(
        kind="s3", is_current=True, endpoint=s3.address, bucket=BUCKET, **s3.login(*rights)
    )
    row = Recording(storage=storage, state="ready", file="recordings/a.ogg")
    for sound in (b"first", b"second"):
        store_of(storage).write(row.file, [sound])
    row.save()
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    deleting.carry_out(timezone.now())
    return Deletion.objects.get()


def test_a_leftover_stays_known_until_no_older_version_of_it_is_left(s3: S3) -> None:
    client = with_versions(s3)
    storage = s3.storage(**s3.login(*ALL))
    storage.save()
    store_of(storage).write("recordings/a.ogg", [b"voice"])
    row = leftovers.announce(uuid.uuid4(), storage, "recordings/a.ogg")
    assert not leftovers.try_to_remove(row) and Leftover.objects.exists()
    s3.ask_logins(10**9)
    assert leftovers.try_to_remove(row) and not Leftover.objects.exists() and is_empty(client)


def test_older_versions_go_too(s3: S3) -> None:
    assert deleted(s3, *ALL, "s3:DeleteObjectVersion").gone_at
    s3.ask_logins(10**9)
    assert is_empty(s3.client("s3"))


def test_where_they_may_not_be_deleted_the_recording_is_not_gone(s3: S3) -> None:
    proof = deleted(s3, *ALL)
    assert proof.gone_at is None and proof.sentence.msgid == s3_words.MAY_NOT["purge"]


def test_versions_that_may_not_be_deleted_keep_no_other_recording(s3: S3) -> None:
    with_versions(s3)
    storage = s3.storage(is_current=True, **s3.login(*ALL))
    storage.save()
    rows = [Recording(storage=storage, state="ready", file=f"recordings/{n}.ogg") for n in "abc"]
    for row in rows:
        store_of(storage).write(row.file, [b"voice"])
        row.save()
    deleting.claim(rows, Deletion.Why.DAYS, timezone.now())
    deleting.carry_out(timezone.now())
    # Each was tried: none can be had any more but by who may read old versions, and each says so.
    assert list(store_of(storage).names("recordings/")) == []
    assert [proof.sentence.msgid for proof in Deletion.objects.all()] == 3 * [
        s3_words.MAY_NOT["purge"]
    ]
    s3.ask_logins(10**9)
    assert deleting.carry_out(timezone.now() + 2 * deleting.FIRST_PAUSE) == 3
    assert is_empty(s3.client("s3"))


def test_a_login_that_may_not_ask_for_versions_proves_nothing_where_they_are_kept(s3: S3) -> None:
    proof = deleted(s3, *(right for right in ALL if right != "s3:ListBucketVersions"))
    assert proof.gone_at is None
    assert "ListBucketVersions" in str(proof.sentence)


def test_pieces_on_their_way_leave_no_older_version(s3: S3) -> None:
    client = with_versions(s3)
    storage = Storage(kind="s3", endpoint=s3.address, bucket=BUCKET, **s3.login(*ALL))
    storage.save()
    part = Part.objects.create(
        room_name="r", room_sid="RM", recorder="ours", began_at=timezone.now(), storage=storage
    )
    store = store_of(storage)
    for name in (0, 0, 1):
        store.write(f"incoming/{part.pk}/{name:012}", [b"voice"])
    store.delete(f"incoming/{part.pk}/{1:012}")
    with pytest.raises(StoreError):
        deleting.forget_parts(Part.objects.all())
    s3.ask_logins(10**9)
    deleting.forget_parts(Part.objects.all())
    assert is_empty(client)


def test_joined_pieces_leave_no_older_version_where_they_may_be_deleted(s3: S3) -> None:
    client = with_versions(s3)
    store = store_of(s3.storage())
    store.write("incoming/a/0", [b"voice"])
    store.delete("incoming/a/0")
    assert is_empty(client)
