"""The short way to the sound: for whom it opens, and that it stops with who listens."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from recordings.models import Listening, Recording
from tests.listening.conftest import MakeRecording
from tests.listening.test_sound import HEARS
from tests.monitoring.conftest import MakeUser
from veyra.asgi import application
from veyra.models import User
from veyra.ranges import CHUNK

BYTES = bytes(range(256)) * 4
pytestmark = pytest.mark.django_db(transaction=True)


def knock(recording: Recording, user: User | None = None, **headers: str) -> Any:
    client = Client()
    if user:
        client.force_login(user)
    cookies = "; ".join(f"{each.key}={each.value}" for each in client.cookies.values())
    named = {"host": "127.0.0.1", "cookie": cookies, **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/recordings/{recording.pk}/sound",
        "query_string": f"visit={uuid.uuid4()}".encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    return ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # asgiref's


async def ask(
    recording: Recording, user: User | None, **headers: str
) -> tuple[int, dict[bytes, bytes], bytes]:
    door = await sync_to_async(knock)(recording, user, **headers)
    await door.send_input({"type": "http.request"})
    start = await door.receive_output(5)
    body, goes_on = b"", True
    while goes_on:
        message = await door.receive_output(5)
        body, goes_on = body + message["body"], message.get("more_body", False)
    await door.wait(5)
    return start["status"], dict(start["headers"]), body


async def test_the_short_way_gives_what_the_page_would(
    make_user: MakeUser, make_recording: MakeRecording
) -> None:
    user = await sync_to_async(make_user)(*HEARS)
    recording = await sync_to_async(make_recording)(data=BYTES)
    status, headers, body = await ask(recording, user, range="bytes=10-19")
    assert (status, body) == (206, BYTES[10:20])
    assert headers[b"content-range"] == b"bytes 10-19/1024"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert [each.user_id async for each in Listening.objects.all()] == [user.pk]


async def test_it_is_as_closed_as_the_page(
    make_user: MakeUser, make_recording: MakeRecording
) -> None:
    recording = await sync_to_async(make_recording)(data=BYTES)
    sees = await sync_to_async(make_user)(HEARS[0])
    left = await sync_to_async(make_user)(*HEARS, name="boris")
    await User.objects.filter(pk=left.pk).aupdate(is_active=False)
    assert (await ask(recording, sees))[0] == 403
    for nobody in (None, left):
        status, headers, body = await ask(recording, nobody)
        assert (status, body) == (302, b"")
        assert headers[b"location"].decode().startswith(settings.STATIC_URL[:1] + "admin/login/")
    stranger = await ask(recording, sees, host="elsewhere.example")
    assert stranger[0] == 400
    assert not await Listening.objects.aexists()


async def test_who_has_left_is_sent_nothing_more(
    make_user: MakeUser, make_recording: MakeRecording
) -> None:
    user = await sync_to_async(make_user)(*HEARS)
    recording = await sync_to_async(make_recording)(data=bytes(8 * CHUNK))
    door = await sync_to_async(knock)(recording, user)
    sent = []

    async def slow(message: Any) -> None:
        sent.append(message)
        await asyncio.sleep(0.05)

    door.output_queue.put = slow
    await door.send_input({"type": "http.request"})
    await asyncio.sleep(0.2)
    await door.send_input({"type": "http.disconnect"})
    await door.wait(5)
    assert 0 < len(sent) < 9
