"""Whether LiveKit may be told to fetch an address that somebody typed."""

from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _

from veyra.outside import addresses_of, is_outside, own, plain
from veyra.sentences import Sentence

SCHEMES = ("http", "https", "srt")
NOT_AN_ADDRESS = _("Write a whole address, such as https://example.org/stream.m3u8.")
WRONG_SCHEME = _("LiveKit fetches only addresses that begin with http://, https:// or srt://.")
NOBODY_KNOWS = _("Nobody knows the name “%(host)s”. Correct it.")
INSIDE = _(
    "“%(host)s” leads into our own network. Only what stands in the internet may be fetched."
)
NOWHERE = _(
    "No service can stand at “%(host)s”: such addresses are for a machine itself, or for many."
    " Correct it."
)


def why_not(url: str) -> Sentence | None:
    """Why LiveKit must not fetch this; None where it may. Asks the name server."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Sentence(NOT_AN_ADDRESS)
    if parts.scheme not in SCHEMES:
        return Sentence(WRONG_SCHEME if parts.scheme else NOT_AN_ADDRESS)
    if not host:
        return Sentence(NOT_AN_ADDRESS)
    found = addresses_of(host, port or 443)
    if not found:
        return Sentence(NOBODY_KNOWS, {"host": host})
    ours = own()
    if all(is_outside(each) and plain(each) not in ours for each in found):
        return None
    return Sentence(INSIDE, {"host": host})
