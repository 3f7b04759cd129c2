"""What goes wrong with a provider, in words for staff, whatever library said it."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_noop as _

from veyra.sentences import Sentence


class Kind(StrEnum):
    """Of a spool event, too: nothing of the provider's own words, which may hold a caller's."""

    REFUSED = "refused"
    QUOTA = "quota"
    COUNTRY = "country"
    UNREACHABLE = "unreachable"
    # What it answered is not what it promises: an address of something else, or a broken server.
    GARBAGE = "garbage"
    # It has no such model, voice or address.
    GONE = "gone"
    # Its own fault, 5xx.
    BROKEN = "broken"


SENTENCES = {
    Kind.REFUSED: _("The key is refused. Copy it once more, whole, from the provider's site."),
    Kind.QUOTA: _(
        "The provider takes no more for now: too many requests at once, or the money on the"
        " account is used up. Look at the account on the provider's site."
    ),
    Kind.COUNTRY: _(
        "The provider does not serve the country in which our server stands. Fill in a proxy that"
        " stands in another one."
    ),
    Kind.UNREACHABLE: _(
        "Nobody answered in time, or to the end. Is the address right, and may our server reach it?"
    ),
    Kind.GARBAGE: _(
        "Something else answered than such a provider. Is the address right, with its ending?"
    ),
    Kind.GONE: _(
        "The provider has no such model or voice, or nothing at this address. Choose another one."
    ),
    Kind.BROKEN: _("The provider has a fault of its own. Try again in some minutes."),
}
# What vendors write where they do not serve a country; each in an answer of 400, 401 or 403.
COUNTRY_MARKS = (
    "unsupported_country",
    "unsupported country",
    "country, region, or territory not supported",
    "user location is not supported",
    "not available in your region",
    "not available in your country",
    "banned the country or region",
    "error code: 1009",
    "request not allowed",
)
QUOTA_MARKS = (
    "insufficient_quota",
    "quota_exceeded",
    "quota exceeded",
    "credit balance is too low",
)
REFUSED_MARKS = ("invalid_api_key", "api_key_invalid", "api key not valid", "invalid api key")

NETWORK_NAMES = (
    *("TimeoutError", "Timeout", "ConnectError", "ConnectionError", "ReadError"),
    *("DisconnectedError", "ProtocolError", "PayloadError"),
)


class ProviderError(Exception):
    """A provider cannot be used as it is asked; `sentence` says why and what to do."""

    def __init__(self, sentence: Sentence, kind: Kind) -> None:
        super().__init__(kind.value)
        self.sentence, self.kind = sentence, kind

    @classmethod
    def of(cls, kind: Kind) -> "ProviderError":
        return cls(Sentence(SENTENCES[kind]), kind)


def kind_of_answer(status: int, body: str = "") -> Kind:
    """Of an HTTP answer that is no success. Pure."""
    said = body.lower()
    if status == 451 or (400 <= status < 500 and _says(said, COUNTRY_MARKS)):
        return Kind.COUNTRY
    if status in (402, 429) or (status < 500 and _says(said, QUOTA_MARKS)):
        return Kind.QUOTA
    if status in (401, 403, 407) or _says(said, REFUSED_MARKS):
        return Kind.REFUSED
    if status >= 500:
        return Kind.BROKEN
    return Kind.GONE if status in (404, 410) else Kind.GARBAGE


def _says(said: str, marks: tuple[str, ...]) -> bool:
    return any(mark in said for mark in marks)


def kind_of(error: BaseException) -> Kind:
    """Of what a library raised, looked at together with its causes."""
    chain = _chain(error)
    for each in chain:
        if isinstance(each, ProviderError):
            return each.kind
    for each in chain:
        status = _status(each)
        if status:
            return kind_of_answer(status, _words(each))
    if any(
        isinstance(each, (OSError, asyncio.TimeoutError)) or _is_network(each) for each in chain
    ):
        return Kind.UNREACHABLE
    return Kind.GARBAGE


def read(error: BaseException) -> ProviderError:
    """The same as a sentence; one that is a ProviderError already is kept."""
    found = next((each for each in _chain(error) if isinstance(each, ProviderError)), None)
    return found or ProviderError.of(kind_of(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    """Each that led to it. A chain may come back on itself."""
    found: list[BaseException] = []
    while error is not None and error not in found and len(found) < 10:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _status(error: BaseException) -> int:
    for name in ("status_code", "status"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return 0


def _words(error: BaseException) -> str:
    body: Any = getattr(error, "body", None)
    text = str(dict(body)) if isinstance(body, Mapping) else str(body or "")
    return f"{text} {error}"


def _is_network(error: BaseException) -> bool:
    """Of the library, of aiohttp or of httpx, by what they are called: none is imported here."""
    return type(error).__name__.endswith(NETWORK_NAMES)
