"""One request to an address that staff typed: not into our own network, not for long, not much.

Names are looked up once, by us, and connected to as they were found, at each redirection anew.
"""

import asyncio
import codecs
import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from django.utils.translation import gettext_noop as _
from yarl import URL

from agentworker.providers import fenced
from agentworker.providers.errors import ProviderError
from agentworker.providers.net import trust
from veyra.outside import Fence
from veyra.sentences import Sentence

LONGEST_ANSWER = 200_000
MOST_HOPS = 3
MOVED = frozenset({301, 302, 303, 307, 308})
KEEPS_METHOD = frozenset({307, 308})

NOT_HTTP = _("Write a whole address that begins with https:// or http://.")
TOO_SLOW = _("There was no answer within %(seconds)s s.")
UNREACHED = _("“%(host)s” was not reached. Check the address, and whether it is up.")
TOO_LONG = _("The answer is too long: more than %(kilobytes)s kB. Ask for less.")
TOO_FAR = _("The address leads on to another one too often. Write the last one.")
REFUSED = _("“%(host)s” answered %(status)s. Check the address, the key and what is sent.")


class ErrandError(Exception):
    """`sentence` is for staff; `status`: what was answered, 0 where nothing was."""

    def __init__(self, sentence: Sentence, status: int = 0) -> None:
        super().__init__(sentence.msgid)
        self.sentence, self.status = sentence, status


@dataclass(frozen=True)
class Errand:
    """`private`: headers that go to this very host only. `body`: sent as JSON. `most`: bytes of
    its answer.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None
    seconds: float = 5.0
    most: int = LONGEST_ANSWER


@dataclass(frozen=True)
class Answer:
    """`kind`: such as text/html."""

    status: int
    data: bytes = field(repr=False)
    kind: str = ""
    charset: str = ""
    ms: int = 0

    @property
    def text(self) -> str:
        try:
            return self.data.decode(self.charset or "utf-8", "replace")
        except (LookupError, UnicodeError):
            # Not every encoding is one of texts.
            return self.data.decode("utf-8", "replace")


async def run(errand: Errand) -> Answer:
    """Raises ErrandError, also where the answer is an error."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(errand.seconds):
            answer = await _run(errand)
    except TimeoutError as error:
        raise ErrandError(Sentence(TOO_SLOW, {"seconds": errand.seconds})) from error
    return replace(answer, ms=round(1000 * (time.perf_counter() - began)))


async def _run(errand: Errand) -> Answer:
    fence = await asyncio.to_thread(fenced.fence)
    connector = aiohttp.TCPConnector(
        resolver=fenced.Leads(fence), ssl=trust(), use_dns_cache=False, force_close=True
    )
    url = _address(errand.url)
    try:
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            return await _follow(session, fence, errand, url)
    except ProviderError as error:
        raise ErrandError(error.sentence) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ErrandError(Sentence(UNREACHED, {"host": url.host})) from error


async def _follow(
    session: aiohttp.ClientSession, fence: Fence, errand: Errand, first: URL
) -> Answer:
    url, method, body = first, errand.method, errand.body
    for _hop in range(MOST_HOPS + 1):
        _look_at(url, fence)
        is_home = url.origin() == first.origin()
        headers = {**errand.headers, **(errand.private if is_home else {})}
        async with session.request(
            method, url, headers=headers, json=body, allow_redirects=False
        ) as answer:
            if answer.status in MOVED and (to := answer.headers.get("Location")):
                url = _address(str(url.join(URL(to))))
                if answer.status not in KEEPS_METHOD:
                    method, body = "GET", None
                continue
            data = await _read(answer, errand.most)
            if answer.status >= 400:
                told = {"host": url.host, "status": answer.status}
                raise ErrandError(Sentence(REFUSED, told), answer.status)
            return Answer(answer.status, data, answer.content_type, _charset(answer))
    raise ErrandError(Sentence(TOO_FAR))


def checked(text: str, fence: Fence) -> URL:
    """The address, where it is one and may be asked; a name is looked at when it is looked up.
    Raises ErrandError.
    """
    url = _address(text)
    try:
        _look_at(url, fence)
    except ProviderError as error:
        raise ErrandError(error.sentence) from error
    return url


def _address(text: str) -> URL:
    try:
        url = URL(text)
        # A name such as “xn--” is read only now.
        has_host = bool(url.host)
    except ValueError as error:
        raise ErrandError(Sentence(NOT_HTTP)) from error
    if url.scheme not in ("http", "https") or not has_host or url.user or url.password:
        raise ErrandError(Sentence(NOT_HTTP))
    return url


def _look_at(url: URL, fence: Fence) -> None:
    """An address in digits is not looked up, so it is judged here."""
    host = url.host or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not fence.lets(host):
        raise fenced.inside(host)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise ErrandError(Sentence(TOO_LONG, {"kilobytes": most // 1000}))
    return bytes(body)


def _charset(answer: aiohttp.ClientResponse) -> str:
    """ "": it names none, or one that nobody knows."""
    try:
        return codecs.lookup(answer.charset or "").name
    except LookupError:
        return ""


def parsed(text: str) -> Any:
    """What it says as JSON; None: it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
