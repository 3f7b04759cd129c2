"""How much a request may bring, whoever sends it."""

import uuid
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from veyra.asgi import application
from veyra.bodies import LARGEST

MEBIBYTE = 1024 * 1024


async def status(pieces: int, *headers: tuple[bytes, bytes]) -> int:
    """Of a stranger's PUT of so many MiB to the door for sound."""
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": f"/internal/parts/{uuid.uuid4()}/0/",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("192.0.2.1", 1),
    }
    line: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # asgiref
    for place in range(pieces):
        more = place + 1 < pieces
        await line.send_input({"type": "http.request", "body": bytes(MEBIBYTE), "more_body": more})
    answer = await line.receive_output(5)
    await line.wait(5)
    return int(answer["status"])


async def test_what_is_too_large_is_refused_before_it_has_come() -> None:
    """Its end never comes here: nobody waits for it."""
    scarcely = LARGEST // MEBIBYTE
    assert await status(scarcely + 1) == 413
    assert await status(0, (b"content-length", str(LARGEST + 1).encode())) == 413


@pytest.mark.django_db(transaction=True)
async def test_what_fits_comes_to_its_door() -> None:
    assert await status(2) == 403
