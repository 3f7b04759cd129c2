"""The way to a provider: by its proxy, within a caller's patience, and not into our own network.

Only addresses that a person types are looked at, proxies among them: those of vendors stand in the
code. By a proxy it is the proxy that looks names up. Who asks by these closes them again by
`close_all`, in the same loop.
"""

import asyncio
import json
import ssl
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiohttp

from agentworker.providers.catalog import Access
from agentworker.providers.errors import Kind, ProviderError, kind_of_answer
from agentworker.providers.fenced import Leads, Ways, look_at

if TYPE_CHECKING:
    import anthropic
    import openai

# A provider that says nothing for so long is taken for one that is away.
CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
# Staff who press "Test" wait for longer than a caller.
TEST_SECONDS = 10.0
LONGEST_BODY = 100_000
_to_close: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Any]]" = (
    weakref.WeakKeyDictionary()
)


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """Whom we believe; made once, since it reads every authority."""
    return ssl.create_default_context()


def http_session(access: Access, trusted: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """For the library's classes that speak by aiohttp. `trusted`: whom else we believe."""
    session = aiohttp.ClientSession(
        connector=_connector(access, trusted),
        proxy=access.proxy or None,
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
    )
    _keep(session)
    return session


def _connector(
    access: Access, trusted: ssl.SSLContext | None = None, *, is_typed: bool = False
) -> aiohttp.TCPConnector:
    """Where there is a proxy, only its own name is looked up here."""
    leads = Leads() if is_typed or access.proxy else None
    return aiohttp.TCPConnector(ssl=trusted or trust(), limit_per_host=20, resolver=leads)


def openai_client(access: Access, url: str, *, is_typed: bool = False) -> "openai.AsyncOpenAI":
    """`is_typed`: by a person."""
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

    ways = Ways()

    class Hurried(httpx2.AsyncHTTPTransport):
        """The library waits half a minute for a voice that has begun: a caller does not."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            limits = request.extensions.get("timeout", {})
            request.extensions["timeout"] = _hurried(limits)
            if access.proxy:
                await ways.to(access.proxy)
            elif is_typed:
                return await self._pinned(request)
            return await super().handle_async_request(request)

        async def _pinned(self, request: httpx2.Request) -> httpx2.Response:
            """Asked at the address to which its name led, and known there by that name."""
            *first, last = await ways.to(str(request.url))
            for address in first:
                with suppress(httpx2.ConnectError):
                    return await super().handle_async_request(_at(request, address))
            return await super().handle_async_request(_at(request, last))

    transport = Hurried(verify=trust(), proxy=access.proxy or None)
    client = httpx2.AsyncClient(transport=transport, follow_redirects=True)
    _keep(client)
    return client


def _at(request: Any, address: str) -> Any:
    return type(request)(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


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
async def _asking(access: Access, is_typed: bool) -> AsyncIterator[aiohttp.ClientSession]:
    limit = aiohttp.ClientTimeout(total=TEST_SECONDS, sock_connect=CONNECT_SECONDS)
    connector = _connector(access, is_typed=is_typed)
    async with aiohttp.ClientSession(
        connector=connector, proxy=access.proxy or None, timeout=limit
    ) as session:
        yield session


async def ask(
    access: Access, method: str, url: str, *, is_typed: bool = False, **options: Any
) -> tuple[str, bytes]:
    """The type and the beginning of what it answers. `options` as of aiohttp.

    Raises ProviderError.
    """
    if is_typed or access.proxy:
        await look_at(access.proxy or url)
    try:
        async with (
            _asking(access, is_typed) as session,
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
