"""Takes messages to an address that staff typed: signed, over connections that the fence lets.

A receiver computes HMAC-SHA256 with its secret over "<t>.<body>" and compares it with `v1` of
`X-Veyra-Signature: t=<seconds since 1970>,v1=<hex>`; a `t` of more than five minutes ago is an old
message that somebody sends again.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
from django.conf import settings
from django.utils.translation import gettext_noop as _

from agentworker.providers.errors import ProviderError
from agentworker.providers.fenced import Leads
from agentworker.providers.net import trust
from agentworker.tools.errand import ErrandError, checked
from veyra.outside import Fence
from veyra.sentences import Sentence

SECONDS = 10.0
LONGEST_ANSWER = 2000

INSIDE = _(
    "“%(host)s” stands inside our own network, which Veyra enters only where it is named. If that"
    " is right, the engineer adds it to ALARM_HOSTS in .env."
)
TOO_SLOW = _("It did not answer within %(seconds)s s.")
UNREACHED = _("“%(host)s” was not reached. Check the address, and whether it is up.")
REFUSED = _("It answered %(status)s. Only 200 to 299 means that the message was taken.")


@dataclass(frozen=True)
class Parcel:
    """One message. `key` tells its outcome apart from those of others."""

    key: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    kind: str
    event: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """`status`: None where nothing was answered. `why`: None, it was taken."""

    key: int
    why: Sentence | None
    status: int | None = None
    ms: int = 0
    words: str = field(default="", repr=False)


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of X-Veyra-Signature; `at` in seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def send(parcels: Sequence[Parcel]) -> list[Outcome]:
    """All at once; blocks for SECONDS at most."""
    return asyncio.run(_send_all(parcels))


async def _send_all(parcels: Sequence[Parcel]) -> list[Outcome]:
    fence = await asyncio.to_thread(Fence, settings.ALARM_HOSTS)
    connector = aiohttp.TCPConnector(
        resolver=Leads(fence), ssl=trust(), use_dns_cache=False, force_close=True
    )
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        return await asyncio.gather(*(_send(session, fence, each) for each in parcels))


async def _send(session: aiohttp.ClientSession, fence: Fence, parcel: Parcel) -> Outcome:
    began, host = time.perf_counter(), ""
    try:
        async with asyncio.timeout(SECONDS):
            url = checked(parcel.url, fence)
            host = url.host or ""
            at = int(time.time())
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Veyra",
                "X-Veyra-Event": parcel.kind,
                "X-Veyra-Id": parcel.event,
                "X-Veyra-Signature": signature(parcel.secret, at, parcel.body),
            }
            async with session.post(
                url, data=parcel.body, headers=headers, allow_redirects=False
            ) as answer:
                words = (await answer.content.read(LONGEST_ANSWER)).decode("utf-8", "replace")
                ms = round(1000 * (time.perf_counter() - began))
                taken = 200 <= answer.status < 300
                why = None if taken else Sentence(REFUSED, {"status": answer.status})
                return Outcome(parcel.key, why, answer.status, ms, words)
    except TimeoutError:
        return Outcome(parcel.key, Sentence(TOO_SLOW, {"seconds": round(SECONDS)}))
    except (aiohttp.ClientError, OSError, ValueError, ErrandError, ProviderError) as error:
        return Outcome(parcel.key, _why(error, host))


def _why(error: Exception, host: str) -> Sentence:
    """In words of ours: where it leads inside, that is told, whoever found out."""
    ours = (ErrandError, ProviderError)
    found = error if isinstance(error, ours) else error.__cause__
    if isinstance(found, ours):
        inside = "host" in found.sentence.values
        return Sentence(INSIDE, found.sentence.values) if inside else found.sentence
    return Sentence(UNREACHED, {"host": host})
