"""An address that staff typed, asked once: only where the fence lets us, and never for long.

A name is looked up once, and only what was found then is connected to, so a name server cannot
lead us inside by a second answer. Each step of a redirection is looked at anew.
"""

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.utils.translation import gettext_noop as _

from veyra.outside import Fence, addresses_of
from veyra.sentences import Sentence

NO_ADDRESS = _("Write a whole address, such as https://example.org/prices.")
INSIDE = _(
    "“%(host)s” stands inside our own network, which Veyra enters only where the engineer allows"
    " it."
)
UNKNOWN = _("Nobody knows the name “%(host)s”. Correct it.")
AWAY = _("“%(host)s” does not answer. Look whether the address opens in a browser.")
SLOW = _("“%(host)s” did not answer within %(seconds)s s.")
TOO_LONG = _("What “%(host)s” answers is longer than %(megabytes)s MB.")
ASTRAY = _("“%(host)s” sends us on from one address to the next without an end.")

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class ErrandError(Exception):
    """It could not be asked; `sentence` says why, and what to do."""

    def __init__(self, msgid: str, **values: Any) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


@dataclass(frozen=True)
class Answer:
    """`kind`: such as text/html. `charset`: as it says, or ""."""

    status: int
    kind: str
    charset: str
    body: bytes


@dataclass(frozen=True)
class Limits:
    seconds: float = 10.0
    size: int = 1_000_000
    # So many redirections are followed.
    steps: int = 0


class _Inside(OSError):
    """The fence does not let us there."""


class _FencedResolver(AbstractResolver):
    def __init__(self, fence: Fence) -> None:
        self._fence = fence

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.to_thread(addresses_of, host, port)
        if not found:
            raise socket.gaierror(host)
        if not all(self._fence.lets(str(each)) for each in found):
            raise _Inside(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(each),
                port=port,
                family=socket.AF_INET if each.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in found
        ]

    async def close(self) -> None:
        """There is nothing to close."""


async def ask(
    method: str, url: str, *, allowed: Iterable[str], limits: Limits = Limits(), **options: Any
) -> Answer:
    """`allowed`: what inside may be asked, as of Fence. `options`: as of aiohttp's request.

    Raises ErrandError; a status that is no success is an answer, too.
    """
    host = _host_of(url)
    fence = await asyncio.to_thread(Fence, allowed)
    try:
        async with asyncio.timeout(limits.seconds), _session(fence) as session:
            return await _follow(session, fence, method, url, limits, options)
    except TimeoutError as error:
        raise ErrandError(SLOW, host=host, seconds=round(limits.seconds)) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ErrandError(_why(error), host=host) from error


def _session(fence: Fence) -> aiohttp.ClientSession:
    # No proxy and no password of this machine's own environment (trust_env), and no cookies kept.
    connector = aiohttp.TCPConnector(resolver=_FencedResolver(fence))
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _follow(
    session: aiohttp.ClientSession,
    fence: Fence,
    method: str,
    url: str,
    limits: Limits,
    options: dict[str, Any],
) -> Answer:
    for _step in range(limits.steps + 1):
        host = _host_of(url)
        _look_at(fence, host)
        async with session.request(method, url, allow_redirects=False, **options) as answer:
            onward = answer.headers.get("Location", "")
            if limits.steps and answer.status in REDIRECTS and onward:
                url = urljoin(url, onward)
                continue
            body = await _read(answer, host, limits.size)
            return Answer(answer.status, answer.content_type, answer.charset or "", body)
    raise ErrandError(ASTRAY, host=host)


async def _read(answer: aiohttp.ClientResponse, host: str, most: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise ErrandError(TOO_LONG, host=host, megabytes=round(most / 1e6, 1))
    return bytes(body)


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ErrandError(NO_ADDRESS) from error
    if parts.scheme not in ("http", "https") or not host:
        raise ErrandError(NO_ADDRESS)
    return host


def _look_at(fence: Fence, host: str) -> None:
    """An address that is no name is connected to without being looked up."""
    is_number = host.replace(".", "").isdigit() or ":" in host
    if is_number and not fence.lets(host):
        raise ErrandError(INSIDE, host=host)


def _why(error: Exception) -> str:
    causes = (error, getattr(error, "os_error", None), error.__cause__, error.__context__)
    if any(isinstance(each, _Inside) for each in causes):
        return INSIDE
    if any(isinstance(each, socket.gaierror) for each in causes):
        return UNKNOWN
    return AWAY
