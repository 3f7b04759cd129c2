"""Sockets without a hub: one reads and renders by itself, one passes on what it is given."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.template.loader import render_to_string

from monitoring.board import Row, Viewer, as_context
from telephony.models import Call
from tests.bench.bare.celery import GROUP

EVERYTHING = Viewer("en", reads_words=True)


class Member(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)


class Renderer(Member):
    async def row_changed(self, event: dict[str, Any]) -> None:
        await self.send(await database_sync_to_async(_render)(event["pk"]))


class Echo(Member):
    async def row_changed(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])


def _render(pk: str) -> str:
    """The board's own row, of a call in which nothing was said yet."""
    call = Call.objects.select_related("number", "agent").get(pk=pk)
    html = render_to_string("monitoring/_row.html", as_context(Row(call), EVERYTHING))
    return json.dumps({"full": False, "rows": [{"id": pk, "html": html}], "gone": []})
