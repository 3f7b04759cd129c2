"""Sockets of the live pages."""

import asyncio
import contextlib
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path

from monitoring import bell
from monitoring.board import Viewer, is_wall, may_see
from monitoring.hub import hub
from veyra.live import EVERYBODY, RINGS
from veyra.models import User

# A reader this many messages behind is better off with a new socket and the whole board.
BEHIND = 50
# Rights are read when a socket opens. It is opened anew when they change, and so often in any case:
# that message may be lost.
SECONDS_OF_A_SOCKET = 120
REOPEN, FORBIDDEN = 4000, 4403


class BoardConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """Passes the hub's text on to one browser."""

    async def connect(self) -> None:
        self.texts: asyncio.Queue[str | None] = asyncio.Queue(BEHIND)
        self.sender: asyncio.Task[None] | None = None
        on_wall = is_wall(parse_qs(self.scope["query_string"].decode(), keep_blank_values=True))
        viewer = await database_sync_to_async(_viewer)(self.scope["user"], on_wall)
        await self.accept()
        if viewer is None:
            await self.close(FORBIDDEN)
            return
        self.sender = asyncio.create_task(self._pass_on())
        hub().join(self, viewer)

    async def disconnect(self, code: int) -> None:
        hub().leave(self)
        if self.sender:
            self.sender.cancel()

    def deliver(self, text: str) -> None:
        if self.texts.full():
            self._end()
        else:
            self.texts.put_nowait(text)

    def rights_changed(self, user: str) -> None:
        """The page opens a new socket, and that reads the rights anew."""
        if user in (EVERYBODY, str(self.scope["user"].pk)):
            self._end()

    def _end(self) -> None:
        """Nothing more is sent but the end."""
        hub().leave(self)
        if not self.texts.empty():
            self.texts = asyncio.Queue()
        self.texts.put_nowait(None)

    async def _pass_on(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_OF_A_SOCKET):
                while (text := await self.texts.get()) is not None:
                    await self.send(text_data=text)
        await self.close(REOPEN)


def _viewer(user: Any, on_wall: bool) -> Viewer | None:
    allowed = isinstance(user, User) and may_see(user)
    return Viewer.of(user, on_wall=on_wall) if allowed else None


class BellConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """Tells one browser which call rings for its reader. Rings are rare: each page looks itself."""

    async def connect(self) -> None:
        self.told = ""
        self.ender: asyncio.Task[None] | None = None
        await self.accept()
        if not await database_sync_to_async(bell.rings_for)(self.scope["user"]):
            await self.close(FORBIDDEN)
            return
        # Without the broker the socket looks when it is opened, and that is again and again.
        with contextlib.suppress(Exception):
            await self.channel_layer.group_add(RINGS, self.channel_name)
        self.ender = asyncio.create_task(self._end())
        await self._look()

    async def disconnect(self, code: int) -> None:
        if self.ender:
            self.ender.cancel()
        with contextlib.suppress(Exception):
            await self.channel_layer.group_discard(RINGS, self.channel_name)

    async def row_changed(self, told: dict[str, str]) -> None:
        await self._look()

    async def _look(self) -> None:
        text = await database_sync_to_async(bell.read)(self.scope["user"])
        if text != self.told:
            self.told = text
            await self.send(text_data=text)

    async def _end(self) -> None:
        await asyncio.sleep(SECONDS_OF_A_SOCKET)
        await self.close(REOPEN)


websocket_urlpatterns = [
    path("ws/live/", BoardConsumer.as_asgi()),
    path("ws/ring/", BellConsumer.as_asgi()),
]
