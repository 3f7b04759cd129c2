"""A storage that speaks S3: MinIO, Yandex Object Storage, AWS and their like."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from recordings.s3_words import FORBIDDEN, Nowhere, sentence_of
from recordings.storing import CHUNK, OURS, Absent, FileError, StoreError
from veyra.outside import host_of, leads_nowhere

# What is larger goes up in parts of this size, one after the other: no more of it is in memory.
PART = 8 * 1024 * 1024
TRANSFER = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
# Checksums that newer AWS wants by default are not understood by every storage that speaks S3.
CONFIG = Config(
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
ABSENT = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class Bucket:
    """Where it is, and by which login."""

    endpoint: str
    region: str
    name: str
    prefix: str
    access_key: str
    secret_key: str = field(repr=False)


@lru_cache(maxsize=8)
def _client(bucket: Bucket) -> Any:
    """May be used by several threads at a time. Raises ValueError: the address is none."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=bucket.endpoint or None,
        region_name=bucket.region or "us-east-1",
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=CONFIG,
    )
    client.meta.events.register("before-send.s3", _look_where)
    return client


def _look_where(request: Any, **_more: Any) -> None:
    """Before each request, since a name may lead elsewhere than when somebody typed it, and the
    bucket's own name before it elsewhere than that.
    """
    if leads_nowhere(host := host_of(request.url)):
        raise Nowhere(host=host)


class S3Store:
    """See recordings.storing.Store."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def write(self, name: str, chunks: Iterable[bytes]) -> int:
        body = _Body(chunks)
        with self._telling("write") as client:
            client.upload_fileobj(body, self.bucket.name, self._key(name), Config=TRANSFER)
        return body.size

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is not None and end <= start:
            return iter(())
        asked = {"Bucket": self.bucket.name, "Key": self._key(name)}
        if start or end is not None:
            asked["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        try:
            with self._telling("read") as client:
                body = client.get_object(**asked)["Body"]
        except BeyondEnd:
            return iter(())
        return self._chunks(body)

    def _chunks(self, body: Any) -> Iterator[bytes]:
        with self._telling("read"):
            try:
                yield from body.iter_chunks(CHUNK)
            finally:
                body.close()

    def size(self, name: str) -> int:
        with self._telling("read") as client:
            found = client.head_object(Bucket=self.bucket.name, Key=self._key(name))
        return int(found["ContentLength"])

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except Absent:
            return False
        return True

    def delete(self, name: str) -> None:
        """Older versions go too, as far as our login may delete those: see `keeps_deleted`."""
        with self._telling("delete") as client:
            answer = client.delete_object(Bucket=self.bucket.name, Key=self._key(name))
        if answer.get("DeleteMarker"):
            with suppress(StoreError):
                self.purge(name)

    def names(self, prefix: str, before: datetime | None = None) -> Iterator[str]:
        ahead = len(self._key(""))
        with self._telling("list") as client:
            pages = client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket.name, Prefix=self._key(prefix)):
                for row in page.get("Contents", ()):
                    if before is None or row["LastModified"] < before:
                        yield row["Key"][ahead:]

    def free(self) -> int | None:
        return None

    def tidy(self, before: datetime) -> None:
        """Uploads in parts that nobody will end: the storage keeps, and bills, them for ever. What
        is not named as our files are is somebody else's, who may be at it for days.
        """
        with self._telling("write") as client:
            pages = client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket.name, Prefix=self._key("")):
                for row in page.get("Uploads", ()):
                    is_ours = OURS.match(row["Key"][len(self._key("")) :])
                    if is_ours and row["Initiated"] < before:
                        client.abort_multipart_upload(
                            Bucket=self.bucket.name, Key=row["Key"], UploadId=row["UploadId"]
                        )

    def keeps_deleted(self, name: str) -> bool:
        """Is what was deleted still there, as an older version? `name`: of a file, or what names
        begin with, which ends in "/".
        """
        try:
            with self._telling("list") as client:
                found = client.list_object_versions(Bucket=self.bucket.name, Prefix=self._key(name))
        except StoreError:
            # It does not know what versions are, or our login may not ask: then a mark tells.
            return self._is_marked(name)
        return bool(found.get("Versions") or found.get("DeleteMarkers"))

    def _is_marked(self, name: str) -> bool:
        """Does it say that the file was deleted, which only a storage that keeps versions knows?"""
        with self._telling("read") as client:
            try:
                client.head_object(Bucket=self.bucket.name, Key=self._key(name))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code", "") not in ABSENT:
                    raise
                headers = error.response["ResponseMetadata"]["HTTPHeaders"]
                return bool(headers.get("x-amz-delete-marker") == "true")
        return False

    def purge(self, name: str) -> None:
        """Delete what the storage keeps of a deleted file, or of all below a name that ends in "/",
        as older versions.
        """
        key, bucket = self._key(name), self.bucket.name
        with self._telling("purge") as client:
            pages = client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=bucket, Prefix=key):
                for row in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if row["Key"] == key or key.endswith("/"):
                        version = row["VersionId"]
                        client.delete_object(Bucket=bucket, Key=row["Key"], VersionId=version)

    def _key(self, name: str) -> str:
        prefix = self.bucket.prefix.strip("/")
        return f"{prefix}/{name}" if prefix else name

    @contextmanager
    def _telling(self, doing: str) -> Iterator[Any]:
        try:
            yield _client(self.bucket)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ABSENT:
                raise Absent from error
            if code in {"416", "InvalidRange"}:
                raise BeyondEnd from error
            # What we may not delete may be this file alone: the others are worth a try.
            is_of_file = code in FORBIDDEN and doing in ("delete", "purge")
            failure = FileError if is_of_file else StoreError
            raise failure(sentence_of(error, self.bucket.name, doing)) from error
        # boto3 finds out that an address is none by itself, and says so by a ValueError.
        except (BotoCoreError, ValueError) as error:
            raise StoreError(sentence_of(error, self.bucket.name, doing)) from error


class BeyondEnd(Exception):
    """The file ends before what was asked for."""


class _Body:
    """Chunks as a file that is read from the beginning to the end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._left = iter(chunks), b""
        self.size = 0

    def read(self, length: int = -1) -> bytes:
        found = [self._left]
        have = len(self._left)
        while length < 0 or have < length:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            found.append(chunk)
            have += len(chunk)
        whole = b"".join(found)
        taken, self._left = (whole, b"") if length < 0 else (whole[:length], whole[length:])
        self.size += len(taken)
        return taken
