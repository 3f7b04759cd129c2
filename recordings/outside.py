"""Is an address out in the world? One that leads inside would let who types it read our network."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from veyra.livekit.config import AUTO
from veyra.sentences import Sentence

SCHEMES = ("http", "https", "srt")
# IPv6 addresses that carry an IPv4 one, and how far from the right it stands.
CARRIERS = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
NOT_AN_ADDRESS = _("Write a whole address, such as https://example.org/stream.m3u8.")
WRONG_SCHEME = _("LiveKit fetches only addresses that begin with http://, https:// or srt://.")
NOBODY_KNOWS = _("Nobody knows the name “%(host)s”. Correct it.")
INSIDE = _(
    "“%(host)s” leads into our own network. Only what stands in the internet may be fetched."
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def addresses_of(host: str, port: int) -> list[Address]:
    """Every address of the name, in whatever way it is written."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ipaddress.ip_address(str(answer[4][0]).split("%")[0]) for answer in answers]
    except (OSError, UnicodeError, ValueError):
        return []


def own() -> set[Address]:
    """Ours, out in the world: what answers there stands inside. PUBLIC_IP=auto is not known."""
    urls = (settings.LIVEKIT_URL, settings.LIVEKIT_PUBLIC_URL)
    hosts = {urlsplit(url).hostname or "" for url in urls} | {settings.PUBLIC_IP} - {AUTO}
    return {plain(each) for host in hosts if host for each in addresses_of(host, 443)}


def is_outside(address: Address) -> bool:
    """Is it an address of the internet, through whatever it is reached?"""
    found = plain(address)
    return found.is_global and not found.is_multicast


def plain(address: Address) -> Address:
    """Without the clothes of IPv6 that an IPv4 one may wear."""
    if isinstance(address, ipaddress.IPv6Address):
        for network, place in CARRIERS:
            if address in network:
                return ipaddress.IPv4Address(int(address) >> place & 0xFFFFFFFF)
    return address
