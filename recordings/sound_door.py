"""The short way to the sound of a recording.

What a player asks for passes no middleware of pages: that goes from thread to thread a dozen times,
which takes longer than to answer, and a player asks two or three times before one hears anything.
Who asks, whether he may, and the first bytes are found in one go; the view is the page's own.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils import translation

from recordings import views
from veyra.accounts.second_factor import keeps_out
from veyra.models import User

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def answer(scope: Any, pk: UUID) -> HttpResponseBase:
    """As the middleware and the view together."""
    request: Any = ASGIRequest(scope, io.BytesIO())
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = auth.get_user(request)
    language = request.user.language if isinstance(request.user, User) else ""
    try:
        request.get_host()
        if isinstance(request.user, User) and keeps_out(request.session, request.user):
            raise PermissionDenied
        with translation.override(language or settings.LANGUAGE_CODE):
            found = views.sound(request, pk=pk)
    except DisallowedHost:
        found = HttpResponse(status=400)
    except PermissionDenied:
        found = HttpResponse(status=403)
    except Http404:
        found = HttpResponse(status=404)
    found["X-Content-Type-Options"] = "nosniff"
    return found


_thread = ThreadPoolExecutor(4, "sound-door")
_answer = database_sync_to_async(answer, thread_sensitive=False, executor=_thread)


async def door(scope: Any, receive: Receive, send: Send) -> None:
    """An ASGI application. Who has left is sent nothing more."""
    found = await _answer(scope, scope["url_route"]["kwargs"]["pk"])
    sending = asyncio.ensure_future(_send(found, send))
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        is_sent = sending.done()
        if not is_sent:
            sending.cancel()
        await asyncio.gather(sending, gone, return_exceptions=True)
        found.close()
    if is_sent:
        sending.result()


async def _send(found: HttpResponseBase, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in found.items()]
    await send({"type": "http.response.start", "status": found.status_code, "headers": headers})
    if isinstance(found, StreamingHttpResponse):
        body: Any = found.streaming_content
        try:
            async for chunk in body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            await body.aclose()
        await send({"type": "http.response.body", "body": b""})
    elif isinstance(found, HttpResponse):
        await send({"type": "http.response.body", "body": found.content})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


http_urlpatterns: Any = [path("recordings/<uuid:pk>/sound", door)]  # type: ignore[arg-type]  # Django's stubs know no ASGI
