"""Parts of a file, as players ask for them."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as some

from tests.listening.conftest import body
from veyra.ranges import CHUNK, HEAD, PAUSE, FileSource, part, range_response

BYTES = bytes(range(256)) * 4
ETAG = '"of these bytes"'


@pytest.fixture
def source(tmp_path: Path) -> FileSource:
    (tmp_path / "x.ogg").write_bytes(BYTES)
    return FileSource.of(tmp_path / "x.ogg")


def ask(source: FileSource, method: str = "get", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = getattr(RequestFactory(), method)("/", headers=named)
    return range_response(request, source, "audio/ogg", ETAG)


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("", 200, 0, 1023),
        ("bytes=0-", 206, 0, 1023),
        ("bytes=100-299", 206, 100, 299),
        ("bytes=1000-5000", 206, 1000, 1023),
        ("bytes=-24", 206, 1000, 1023),
        ("bytes=-5000", 206, 0, 1023),
        # What no player asks for may be answered by the whole.
        ("bytes=0-1,5-6", 200, 0, 1023),
        ("items=0-1", 200, 0, 1023),
        (f"bytes={'9' * 5000}-", 200, 0, 1023),
    ],
)
async def test_a_player_gets_the_part_that_it_asks_for(
    asked: str, status: int, first: int, last: int, source: FileSource
) -> None:
    answer = ask(source, Range=asked)
    assert answer.status_code == status
    assert await body(answer) == BYTES[first : last + 1]
    assert answer["Content-Length"] == str(last - first + 1)
    assert answer["Accept-Ranges"] == "bytes" and answer["Cache-Control"] == "private, no-store"
    told = answer.get("Content-Range")
    assert told == (f"bytes {first}-{last}/1024" if status == 206 else None)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=2000-3000", "bytes=-0", "bytes=-"])
async def test_a_part_that_is_not_there_is_told_with_the_size(
    asked: str, source: FileSource
) -> None:
    answer = ask(source, Range=asked)
    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */1024")


async def test_a_part_of_another_file_is_not_put_behind_what_was_heard(source: FileSource) -> None:
    same = ask(source, Range="bytes=10-19", If_Range=ETAG)
    other = ask(source, Range="bytes=10-19", If_Range='"of others"')
    assert (same.status_code, await body(same)) == (206, BYTES[10:20])
    assert (other.status_code, await body(other)) == (200, BYTES)


async def test_what_the_reader_has_already_is_not_sent_again(source: FileSource) -> None:
    assert ask(source, If_None_Match=ETAG).status_code == 304


async def test_to_head_the_headers_are_the_answer(source: FileSource) -> None:
    answer = ask(source, "head", Range="bytes=0-9")
    assert (answer.status_code, answer["Content-Length"], answer.content) == (206, "10", b"")


async def test_no_more_than_a_chunk_is_read_before_it_was_sent(tmp_path: Path) -> None:
    read = []

    class Counted(FileSource):
        def read(self, start: int = 0, end: int | None = None) -> Any:
            for chunk in super().read(start, end):
                read.append(len(chunk))
                yield chunk

    path = tmp_path / "long.ogg"
    path.write_bytes(bytes(4 * CHUNK))
    parts = aiter(ask(Counted.of(path)).streaming_content)
    assert len(await anext(parts)) == HEAD and read == [CHUNK]
    assert len(await anext(parts)) == CHUNK - HEAD and read == [CHUNK]


@pytest.mark.parametrize(("size", "waits"), [(HEAD, False), (HEAD + 1, True), (4 * CHUNK, True)])
async def test_what_lies_behind_the_head_waits_for_a_moment(
    size: int, waits: bool, tmp_path: Path
) -> None:
    path = tmp_path / "long.ogg"
    path.write_bytes(bytes(size))
    parts = aiter(ask(FileSource.of(path)).streaming_content)
    begun = time.perf_counter()
    head = await anext(parts)
    rest = b"".join([part async for part in parts])
    assert (len(head), len(rest)) == (HEAD, size - HEAD)
    assert (time.perf_counter() - begun >= PAUSE) is waits


@given(size=some.integers(0, 50), first=some.integers(0, 60), last=some.integers(0, 60))
def test_a_part_never_lies_beyond_the_file(size: int, first: int, last: int) -> None:
    for begin, end in (part(str(first), str(last), size), part("", str(last), size)):
        assert begin > end or 0 <= begin <= end < size
