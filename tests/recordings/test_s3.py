"""A bucket as a storage, by a server that speaks S3."""

import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from recordings import s3_words
from recordings.models import Storage
from recordings.outside import NOWHERE
from recordings.s3_store import PART
from recordings.stores import NO_LOGIN, store_of
from recordings.storing import CHUNK, Absent, StoreError
from tests.recordings.s3 import ALL, BUCKET, S3
from veyra.sentences import Sentence

SOUND = bytes(range(256)) * 4096


def why(storage: Storage, *, delete: bool = False) -> str:
    """What the storage says to who wants to write (or delete)."""
    with pytest.raises(StoreError) as caught:
        store = store_of(storage)
        store.delete("a") if delete else store.write("a", [b"x"])
    return caught.value.sentence.msgid


def test_what_was_written_is_read_in_whole_and_in_part(s3: S3) -> None:
    store = store_of(s3.storage(prefix="/veyra/"))
    assert store.write("2026/a.ogg", [SOUND[:10], SOUND[10:]]) == len(SOUND) == 1 << 20
    chunks = list(store.read("2026/a.ogg"))
    assert b"".join(chunks) == SOUND and max(map(len, chunks)) <= CHUNK
    assert b"".join(store.read("2026/a.ogg", 5, 300_000)) == SOUND[5:300_000]
    assert b"".join(store.read("2026/a.ogg", 1_000_000)) == SOUND[1_000_000:]
    assert b"".join(store.read("2026/a.ogg", len(SOUND), len(SOUND) + 9)) == b""
    assert list(store.names("2026/")) == ["2026/a.ogg"] and store.size("2026/a.ogg") == len(SOUND)
    now, hour = timezone.now(), timedelta(hours=1)
    assert not list(store.names("2026/", now - hour)) and list(store.names("2026/", now + hour))
    rows = s3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [row["Key"] for row in rows] == ["veyra/2026/a.ogg"]


def test_what_is_deleted_is_gone_and_may_be_deleted_again(s3: S3) -> None:
    store = store_of(s3.storage())
    store.write("a", [b"x"])
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")
    with pytest.raises(Absent):
        store.read("a")


def test_a_write_that_breaks_leaves_the_old_file_and_no_parts_to_pay_for(s3: S3) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(PART + 1)
        raise RuntimeError

    store = store_of(s3.storage())
    store.write("a", [b"whole"])
    with pytest.raises(RuntimeError):
        store.write("a", broken())
    assert b"".join(store.read("a")) == b"whole"
    assert "Uploads" not in s3.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_parts_that_a_killed_writer_left_go_and_what_others_upload_stays(s3: S3) -> None:
    client = s3.client("s3")
    ours = f"recordings/2026/11/{uuid.uuid4()}-0a1b2c3d.ogg"
    for key in (ours, "films/of-somebody.mp4", "recordings/of-somebody.ogg"):
        client.create_multipart_upload(Bucket=BUCKET, Key=key)
    store = store_of(s3.storage())
    # The server says of all of them that they began in 2010.
    store.tidy(datetime(2009, 1, 1, tzinfo=UTC))
    assert len(client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 3
    store.tidy(timezone.now() + timedelta(days=1))
    left = {row["Key"] for row in client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]}
    assert left == {"films/of-somebody.mp4", "recordings/of-somebody.ogg"}


def test_each_fault_of_the_login_has_its_sentence(s3: S3) -> None:
    login = s3.login(*ALL[:2])
    assert list(store_of(s3.storage(**login)).read("a", 0, 0)) == []
    assert store_of(s3.storage(**login)).write("a", [b"x"]) == 1
    assert why(s3.storage(**login), delete=True) == s3_words.MAY_NOT["delete"]
    assert why(s3.storage(access_key="nobody")) == s3_words.NO_KEY
    assert why(s3.storage(**login | {"secret_key": "other"})) == s3_words.WRONG_SECRET
    assert why(s3.storage(secret_key="")) == NO_LOGIN


def test_each_fault_of_the_place_has_its_sentence(s3: S3) -> None:
    assert why(s3.storage(bucket="elsewhere")) == s3_words.NO_BUCKET
    assert why(s3.storage(bucket="no bucket")) == s3_words.NO_NAME
    storage = s3.storage()
    storage.endpoint = "nonsense"
    assert why(storage) == s3_words.NO_ADDRESS
    storage.endpoint = "http://127.0.0.1:9"
    assert why(storage) == s3_words.NO_ANSWER
    storage.endpoint = s3.address.replace("http", "https")
    assert why(storage) == s3_words.CERTIFICATE


def test_a_name_that_leads_elsewhere_than_when_it_was_typed_is_asked_nothing(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the bucket's own name, which a storage may put before its own."""
    real, port = socket.getaddrinfo, urlsplit(s3.address).port
    names = {"disk.example": "127.0.0.1", f"{BUCKET}.disk.example": "127.0.0.1"}
    asked = []

    def answer(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return real(names.get(host, host), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    storage = s3.storage()
    storage.endpoint = f"http://disk.example:{port}"
    store_of(storage).exists("a")
    used = asked[-1]
    names[used] = "169.254.169.254"
    with pytest.raises(StoreError) as caught:
        store_of(storage).read("a")
    assert caught.value.sentence == Sentence(NOWHERE, {"host": used}) and str(caught.value.sentence)


@pytest.mark.parametrize(
    ("code", "msgid"),
    [
        ("RequestTimeTooSkewed", s3_words.CLOCK),
        ("SlowDown", s3_words.BUSY),
        ("PermanentRedirect", s3_words.REGION),
        ("XMinioStorageFull", s3_words.FULL),
        ("Strange", s3_words.OTHER),
    ],
)
def test_what_storages_answer_is_told_in_words(code: str, msgid: str) -> None:
    error = ClientError({"Error": {"Code": code}}, "PutObject")
    found = s3_words.sentence_of(error, BUCKET, "write")
    assert found == Sentence(msgid, {"bucket": BUCKET, "code": code}) and str(found)
