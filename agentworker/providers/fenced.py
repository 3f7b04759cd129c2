"""Where an address leads that a person typed: into the world, or to what PROVIDER_NETWORKS names.

A name is looked up by us, and connected to as it was found: who answers for it cannot lead us to
another place between the look and the connection.
"""

import asyncio
import time
from socket import AF_INET, AddressFamily
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.utils.translation import gettext_noop as _

from agentworker.providers.errors import Kind, ProviderError
from veyra.outside import Fence, addresses_of
from veyra.sentences import Sentence

# How long a name is believed to lead where it led.
LOOK_SECONDS = 60.0
INSIDE = _(
    "“%(host)s” stands inside our own network, which Veyra enters only where it is named. If that"
    " is right, the engineer adds it to PROVIDER_NETWORKS in .env."
)
NO_ADDRESS = _("Write a whole address, such as https://speech.example.org/v1.")
NOBODY_KNOWS = _("Nobody knows the name “%(host)s”. Correct it.")


def fence() -> Fence:
    """Asks the name server, and so blocks."""
    return Fence(settings.PROVIDER_NETWORKS)


def inside(host: str) -> ProviderError:
    return ProviderError(Sentence(INSIDE, {"host": host}), Kind.UNREACHABLE)


def addresses(url: str) -> list[str]:
    """The IP addresses of its host, those of IPv4 first. Blocks. Raises ProviderError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https"):
        raise ProviderError(Sentence(NO_ADDRESS), Kind.UNREACHABLE)
    found = addresses_of(host, port or 443)
    if not found:
        raise ProviderError(Sentence(NOBODY_KNOWS, {"host": host}), Kind.UNREACHABLE)
    ours = fence()
    if not all(ours.lets(str(each)) for each in found):
        raise inside(host)
    return [str(each) for each in sorted(found, key=lambda each: each.version)]


def why_not(url: str) -> Sentence | None:
    """Why this address may not be asked; None: it may. Blocks."""
    try:
        addresses(url)
    except ProviderError as error:
        return error.sentence
    return None


async def look_at(url: str) -> None:
    """Raises ProviderError where it may not be asked."""
    await asyncio.to_thread(addresses, url)


class Ways:
    """Where hosts led, for a minute: a caller waits for the name server, too."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, list[str]]] = {}

    async def to(self, url: str) -> list[str]:
        """As `addresses`."""
        now, place = time.monotonic(), urlsplit(url).netloc
        at, found = self._known.get(place, (float("-inf"), []))
        if now - at > LOOK_SECONDS:
            found = await asyncio.to_thread(addresses, url)
            self._known[place] = (now, found)
        return found


class Leads(AbstractResolver):
    """For aiohttp: names lead only where the fence lets. An address in digits is never asked of it.

    Raises ProviderError.
    """

    def __init__(self, fence: Fence | None = None) -> None:
        """`fence`: None: made at the first name."""
        self._names, self._fence = aiohttp.ThreadedResolver(), fence

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_INET
    ) -> list[ResolveResult]:
        if self._fence is None:
            self._fence = await asyncio.to_thread(fence)
        ours = self._fence
        found = await self._names.resolve(host, port, family)
        if not all(ours.lets(each["host"]) for each in found):
            raise inside(host)
        return found

    async def close(self) -> None:
        await self._names.close()
