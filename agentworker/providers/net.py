"""The way to a provider: by its proxy, within a caller's patience, and not into our own network.

Only addresses that a person types are looked at: those of vendors stand in the code. Who asks by
these closes them again by `close_all`, in the same loop.
"""

import asyncio
import json
import ssl
import time
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from django.utils.translation import gettext_noop as _

from agentworker.providers.catalog import Access
from agentworker.providers.errors import Kind, ProviderError, kind_of_answer
from veyra.outside import Fence, addresses_of
from veyra.sentences import Sentence

if TYPE_CHECKING:
    import anthropic
    import openai

# A provider that says nothing for so long is taken for one that is away.
CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
# Staff who press "Test" wait for longer than a caller.
TEST_SECONDS = 10.0
# How long a name is believed to lead where it led.
LOOK_SECONDS = 60.0
LONGEST_BODY = 100_000
INSIDE = _(
    "“%(host)s” stands inside our own network, which Veyra enters only where it is named. If that"
    " is right, the engineer adds it to PROVIDER_NETWORKS in .env."
)
NO_ADDRESS = _("Write a whole address, such as https://speech.example.org/v1.")
NOBODY_KNOWS = _("Nobody knows the name “%(host)s”. Correct it.")

_to_close: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Any]]" = (
    weakref.WeakKeyDictionary()
)


def why_not(url: str) -> Sentence | None:
    """Why this address, as somebody typed it, may not be asked; None: it may. Asks the name server,
    and so blocks.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Sentence(NO_ADDRESS)
    if parts.scheme not in ("http", "https") or not host:
        return Sentence(NO_ADDRESS)
    found = addresses_of(host, port or 443)
    if not found:
        return Sentence(NOBODY_KNOWS, {"host": host})
    fence = Fence(settings.PROVIDER_NETWORKS)
    if all(fence.lets(str(each)) for each in found):
        return None
    return Sentence(INSIDE, {"host": host})


async def look_at(url: str) -> None:
    """Raises ProviderError where it may not be asked."""
    sentence = await asyncio.to_thread(why_not, url)
    if sentence:
        raise ProviderError(sentence, Kind.UNREACHABLE)


async def look_now_and_then(seen: dict[str, float], url: str) -> None:
    """As `look_at`, and once a minute: a caller waits for the name server, too."""
    now = time.monotonic()
    if now - seen.get(url, float("-inf")) > LOOK_SECONDS:
        await look_at(url)
        seen[url] = now


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """Whom we believe; made once, since it reads every authority."""
    return ssl.create_default_context()


def http_session(access: Access, trusted: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """For the library's classes that speak by aiohttp. `trusted`: whom else we believe."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted or trust(), limit_per_host=20),
        proxy=access.proxy or None,
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
    )
    _keep(session)
    return session


def openai_client(access: Access, url: str, *, is_typed: bool = False) -> "openai.AsyncOpenAI":
    """`is_typed`: by a person; so it is looked at before each request."""
    import openai

    return openai.AsyncOpenAI(
        api_key=access.secret or "none",
        base_url=url,
        max_retries=0,
        http_client=_client(access, is_typed=is_typed),
    )


def anthropic_client(access: Access, url: str) -> "anthropic.AsyncAnthropic":
    import anthropic

    return anthropic.AsyncAnthropic(
        api_key=access.secret, base_url=url, max_retries=0, http_client=_client(access)
    )


def _client(access: Access, *, is_typed: bool = False) -> Any:
    import httpx2

    seen: dict[str, float] = {}

    class Hurried(httpx2.AsyncHTTPTransport):
        """The library waits half a minute for a voice that has begun: a caller does not."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if is_typed:
                await look_now_and_then(seen, str(request.url.copy_with(query=None)))
            limits = request.extensions.get("timeout", {})
            request.extensions["timeout"] = _hurried(limits)
            return await super().handle_async_request(request)

    transport = Hurried(verify=trust(), proxy=access.proxy or None)
    client = httpx2.AsyncClient(transport=transport, follow_redirects=True)
    _keep(client)
    return client


def _hurried(limits: Mapping[str, float | None]) -> dict[str, float]:
    most = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS}
    return {name: min(limits.get(name) or seconds, seconds) for name, seconds in most.items()} | {
        "pool": READ_SECONDS
    }


def _keep(client: Any) -> None:
    _to_close.setdefault(asyncio.get_running_loop(), []).append(client)


async def close_all() -> None:
    """Those that were opened in this loop."""
    for client in _to_close.pop(asyncio.get_running_loop(), []):
        await (client.close() if isinstance(client, aiohttp.ClientSession) else client.aclose())


# One small request, as "Test" makes it


@asynccontextmanager
async def _asking(access: Access) -> AsyncIterator[aiohttp.ClientSession]:
    limit = aiohttp.ClientTimeout(total=TEST_SECONDS, sock_connect=CONNECT_SECONDS)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust()), proxy=access.proxy or None, timeout=limit
    ) as session:
        yield session


async def ask(
    access: Access, method: str, url: str, *, is_typed: bool = False, **options: Any
) -> tuple[str, bytes]:
    """The type and the beginning of what it answers. `options` as of aiohttp.

    Raises ProviderError.
    """
    if is_typed:
        await look_at(url)
    try:
        async with (
            _asking(access) as session,
            session.request(method, url, allow_redirects=not is_typed, **options) as answer,
        ):
            body = await _beginning(answer)
            if answer.status >= 300:
                kind = kind_of_answer(answer.status, body.decode("utf-8", "replace"))
                raise ProviderError.of(kind)
            return answer.content_type, body
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise ProviderError.of(_kind_of_failure(error)) from error


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) >= LONGEST_BODY:
            break
    return body


def _kind_of_failure(error: Exception) -> Kind:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Kind.UNREACHABLE
    is_nonsense = isinstance(error, (aiohttp.InvalidURL, ValueError))
    return Kind.GARBAGE if is_nonsense else Kind.UNREACHABLE


async def ask_json(access: Access, url: str, *, is_typed: bool = False, **options: Any) -> Any:
    """Raises ProviderError, also where the answer is no JSON."""
    _kind, body = await ask(access, "POST", url, is_typed=is_typed, **options)
    try:
        return json.loads(body)
    except ValueError as error:
        raise ProviderError.of(Kind.GARBAGE) from error


async def ask_sound(access: Access, url: str, *, is_typed: bool = False, **options: Any) -> None:
    """Raises ProviderError, also where the answer is no sound."""
    kind, body = await ask(access, "POST", url, is_typed=is_typed, **options)
    if not body or not kind.startswith(("audio/", "application/octet-stream", "text/event-stream")):
        raise ProviderError.of(Kind.GARBAGE)
