"""Files for players: parts on request, and never a whole file in memory.

Django's FileResponse ignores Range, so a player cannot seek; under ASGI it reads the whole file.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

CHUNK = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_response(request: HttpRequest, path: Path, content_type: str) -> HttpResponseBase:
    """200 with the file, 206 with the part asked for, or 416. Raises OSError."""
    size = path.stat().st_size
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    start, end = part(asked[1], asked[2], size) if asked else (0, size - 1)
    if asked and not start <= end < size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(
        _chunks(path, start, end), status=206 if asked else 200, content_type=content_type
    )
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(end - start + 1)
    response["Cache-Control"] = "private, no-store"
    if asked:
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def part(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte, inclusive; of nothing that is there if first > last."""
    if first:
        return int(first), min(int(last), size - 1) if last else size - 1
    # "bytes=-500" are the last 500; "bytes=-" asks for nothing.
    return (max(size - int(last), 0), size - 1) if last else (size, size - 1)


async def _chunks(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    read = sync_to_async(_read, thread_sensitive=False)
    while start <= end:
        chunk = await read(path, start, min(CHUNK, end - start + 1))
        if not chunk:
            return
        start += len(chunk)
        yield chunk


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
