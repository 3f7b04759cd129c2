"""Sound and files for players: parts on request, and never a whole file in memory.

Django's FileResponse ignores Range, so a player cannot seek; under ASGI it reads the whole file.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

CHUNK = 256 * 1024
# What a player needs to see what the file is, or where it ends: then it mostly asks for another
# part. What it is sent meanwhile, as fast as it can be sent, stands in the way of that.
HEAD = 128 * 1024
PAUSE = 0.02
# A number of bytes that no file reaches has fewer digits.
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Threads that read for players. One that waits for a slow storage holds up no page.
_readers = ThreadPoolExecutor(16, "sound")


class Source(Protocol):
    """What a player asks parts of."""

    @property
    def size(self) -> int: ...

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes from `start` to before `end`, a few at a time."""


@dataclass(frozen=True)
class FileSource:
    path: Path
    size: int

    @classmethod
    def of(cls, path: Path) -> "FileSource":
        """Raises OSError."""
        return cls(path, path.stat().st_size)

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        left = (self.size if end is None else end) - start
        with self.path.open("rb") as file:
            file.seek(start)
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


def file_response(request: HttpRequest, path: Path, content_type: str) -> HttpResponseBase:
    """200 with the file, 206 with the part asked for, or 416. Raises OSError."""
    return range_response(request, FileSource.of(path), content_type)


def range_response(
    request: HttpRequest, source: Source, content_type: str, etag: str = ""
) -> HttpResponseBase:
    """200 with all of it, 206 with the part asked for, 304 where the reader has it, or 416.

    `etag` is quoted, and names these very bytes. To HEAD the headers are the answer. Raises what
    `source.read` raises at once.
    """
    told = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"}
    told |= {"ETag": etag} if etag else {}
    if etag and request.headers.get("If-None-Match") in (etag, f"W/{etag}"):
        return HttpResponse(status=304, headers=told)
    asked = _asked(request, source.size, etag)
    if asked and not asked[0] <= asked[1]:
        return HttpResponse(status=416, headers=told | {"Content-Range": f"bytes */{source.size}"})
    start, end = asked or (0, source.size - 1)
    told["Content-Length"] = str(end - start + 1)
    if asked:
        told["Content-Range"] = f"bytes {start}-{end}/{source.size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=content_type, headers=told)
    body = flow(source.read(start, end + 1), pause=PAUSE)
    return StreamingHttpResponse(body, status=status, content_type=content_type, headers=told)


def _asked(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """None: all of it. Several parts at once are asked for by no player; they get all of it."""
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    # What he has a part of has changed since.
    is_other = request.headers.get("If-Range", etag) != etag
    return None if found is None or is_other else part(found[1], found[2], size)


def part(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte, inclusive; of nothing that is there if first > last."""
    if first:
        return int(first), min(int(last), size - 1) if last else size - 1
    # "bytes=-500" are the last 500; "bytes=-" asks for nothing.
    return (max(size - int(last), 0), size - 1) if last else (size, size - 1)


async def flow(
    chunks: Iterator[bytes], readers: ThreadPoolExecutor = _readers, pause: float = 0
) -> AsyncIterator[bytes]:
    """The chunks, each read in a thread when the one before was sent; with a `pause` (s) behind the
    first HEAD bytes.
    """
    loop = asyncio.get_running_loop()
    try:
        chunk = await loop.run_in_executor(readers, next, chunks, b"")
        if pause and len(chunk) > HEAD:
            yield chunk[:HEAD]
            await asyncio.sleep(pause)
            chunk = chunk[HEAD:]
        yield chunk
        while chunk := await loop.run_in_executor(readers, next, chunks, b""):
            yield chunk
    finally:
        await loop.run_in_executor(readers, _close, chunks)


def _close(chunks: Any) -> None:
    # Who has left while a chunk was read leaves it to be closed when nobody knows it any more.
    with suppress(AttributeError, ValueError):
        chunks.close()
