"""Sockets pass no middleware of pages: who owes a second factor gets none of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async

from veyra.accounts.second_factor import keeps_out
from veyra.models import User

App = Callable[[Any, Any, Any], Awaitable[None]]
# As sockets of ours say that one may not.
FORBIDDEN = 4403


def _is_kept_out(scope: Any) -> bool:
    user = scope["user"]
    return isinstance(user, User) and keeps_out(scope["session"], user)


class SecondFactorSockets:
    """An ASGI application around those that know session and user."""

    def __init__(self, inside: App) -> None:
        self.inside = inside

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if await database_sync_to_async(_is_kept_out)(scope):
            await receive()
            # Only what was open is told why it is closed.
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": FORBIDDEN})
            return
        await self.inside(scope, receive, send)
