"""What a bucket keeps as older versions goes with the recording, or is told."""

from typing import Any

import pytest
from django.utils import timezone

from recordings import deleting
from recordings.keeping_models import Deletion
from recordings.models import Recording, Storage
from recordings.stores import store_of
from tests.recordings.conftest import _s3, s3
from tests.recordings.s3 import ALL, BUCKET, S3

__all__ = ["_s3", "s3"]
pytestmark = pytest.mark.django_db


def deleted(s3: S3, *rights: str) -> Deletion:
    """Of a file that was written twice, in a bucket that keeps versions."""
    client: Any = s3.client("s3")
    versioned = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
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


def test_older_versions_go_too(s3: S3) -> None:
    assert deleted(s3, *ALL, "s3:DeleteObjectVersion").gone_at
    s3.ask_logins(10**9)
    left = s3.client("s3").list_object_versions(Bucket=BUCKET)
    assert not left.get("Versions") and not left.get("DeleteMarkers")


def test_where_they_may_not_be_deleted_the_recording_is_not_gone(s3: S3) -> None:
    proof = deleted(s3, *ALL)
    assert proof.gone_at is None and str(proof.sentence)
