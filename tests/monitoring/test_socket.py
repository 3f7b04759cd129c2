"""The board's socket: who may open it, and that it tells of a change."""

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser, Group
from django.test import AsyncClient
from django.utils import timezone

from agentworker.hours import access
from agentworker.models import Place, Session
from monitoring import roles
from monitoring.consumers import FORBIDDEN, REOPEN, BoardConsumer
from monitoring.hub import SWEEP
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser, say
from veyra.live import GROUP
from veyra.models import User

pytestmark = pytest.mark.django_db(transaction=True)


class Socket:
    """A browser's socket of this person."""

    def __init__(self, user: User | AnonymousUser, query: bytes = b"") -> None:
        scope = {"type": "websocket", "path": "/ws/live/", "query_string": query, "user": user}
        application = BoardConsumer.as_asgi()
        self.line: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # asgiref

    async def connect(self) -> None:
        await self.line.send_input({"type": "websocket.connect"})
        assert (await self.line.receive_output())["type"] == "websocket.accept"

    async def read(self) -> Any:
        """The first one waits until every address of the project was read."""
        return json.loads((await self.line.receive_output(2 * SWEEP))["text"])

    async def code(self) -> int:
        """How it was closed. Another thread's word may be heard only at the hub's next sweep."""
        found: int = (await self.line.receive_output(2 * SWEEP))["code"]
        return found

    async def disconnect(self) -> None:
        await self.line.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.line.wait()


async def opened(user: User) -> tuple[Socket, dict[str, Any]]:
    socket = Socket(user)
    await socket.connect()
    return socket, await socket.read()


async def test_without_the_right_the_socket_is_closed(make_user: MakeUser) -> None:
    stranger = await sync_to_async(make_user)(name="stranger", is_staff=False)
    clerk = await sync_to_async(make_user)("telephony.view_trunk", name="clerk")
    for user in (AnonymousUser(), stranger, clerk):
        socket = Socket(user)
        await socket.connect()
        assert await socket.code() == FORBIDDEN


async def test_a_new_socket_gets_the_calls_of_this_moment(
    make_user: MakeUser, make_call: MakeCall
) -> None:
    user = await sync_to_async(make_user)("telephony.view_call")
    now = timezone.now()
    ringing = await sync_to_async(make_call)()
    just_ended = await sync_to_async(make_call)(state=Call.State.ENDED, ended_at=now)
    await sync_to_async(make_call)(state=Call.State.ENDED, ended_at=now - timedelta(minutes=1))
    socket, board = await opened(user)
    assert board["full"]
    assert {row["id"] for row in board["rows"]} == {str(ringing.pk), str(just_ended.pk)}
    await socket.disconnect()


async def test_a_turn_is_seen_at_once_by_those_who_may_read_words(
    make_user: MakeUser, make_call: MakeCall
) -> None:
    call = await sync_to_async(make_call)(state=Call.State.ANSWERED)
    may = await sync_to_async(make_user)("telephony.view_call", "agentworker.view_session")
    may_not = await sync_to_async(make_user)("telephony.view_call", name="boris")
    reader, _board = await opened(may)
    viewer, _board = await opened(may_not)
    session = await Session.objects.aget(job_id=f"AJ_{call.pk.hex[:12]}")
    await sync_to_async(say)(session, "What does it cost?")
    # Another thread's word may be heard only at the hub's next sweep.
    told = {"type": "row.changed", "kind": "session", "pk": str(session.pk)}
    await get_channel_layer().group_send(GROUP, told)
    [row] = (await reader.read())["rows"]
    assert "What does it cost?" in row["html"]
    [row] = (await viewer.read())["rows"]
    assert "What does it cost?" not in row["html"]
    await reader.disconnect()
    await viewer.disconnect()


async def save(owner: User, url: str, form: dict[str, Any]) -> None:
    client = AsyncClient()
    await sync_to_async(client.force_login)(owner)
    answer = await client.post(url, form)
    assert answer.status_code == 302


async def test_whoever_loses_the_right_loses_the_board_at_once(make_user: MakeUser) -> None:
    owner = await User.objects.acreate_superuser("owner", "", "x")
    user = await sync_to_async(make_user)("telephony.view_call")
    other = await sync_to_async(make_user)("telephony.view_call", name="boris")
    socket, _board = await opened(user)
    others, _board = await opened(other)
    await save(owner, f"/people/{user.pk}/switch/", {"on": "0"})
    assert await socket.code() == REOPEN
    again = Socket(await User.objects.aget(pk=user.pk))
    await again.connect()
    assert await again.code() == FORBIDDEN
    assert await others.line.receive_nothing()
    await others.disconnect()


async def test_whoever_is_removed_loses_the_board_at_once(make_user: MakeUser) -> None:
    owner = await User.objects.acreate_superuser("owner", "", "x")
    user = await sync_to_async(make_user)("telephony.view_call")
    socket, _board = await opened(user)
    await save(owner, f"/people/{user.pk}/remove/", {})
    assert await socket.code() == REOPEN


async def test_whoever_is_given_places_reads_his_rights_anew(make_user: MakeUser) -> None:
    user = await sync_to_async(make_user)("telephony.view_call")
    place = await Place.objects.acreate(name="Kazan", time_zone="Europe/Moscow")
    socket, _board = await opened(user)
    await sync_to_async(access.give)(user, [place])
    assert await socket.code() == REOPEN


async def test_a_changed_role_makes_every_socket_read_its_rights_anew(make_user: MakeUser) -> None:
    await Group.objects.acreate(name="Operator")
    user = await sync_to_async(make_user)("telephony.view_call")
    socket, _board = await opened(user)
    assert "Operator" in await sync_to_async(roles.make)()
    assert await socket.code() == REOPEN


async def test_a_socket_opened_anew_is_whole_again(
    make_user: MakeUser, make_call: MakeCall
) -> None:
    user = await sync_to_async(make_user)("telephony.view_call")
    socket, board = await opened(user)
    assert board["rows"] == []
    await socket.disconnect()
    call = await sync_to_async(make_call)()
    socket, board = await opened(user)
    assert [row["id"] for row in board["rows"]] == [str(call.pk)]
    await socket.disconnect()
