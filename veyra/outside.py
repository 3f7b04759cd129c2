"""Is an address out in the world? One that leads inside would let who types it read our network."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

AUTO = "auto"
# IPv6 addresses that carry an IPv4 one, and how far from the right it stands.
CARRIERS = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
# All that was ever given out of IPv6; what else there is stands inside, as fec0::/10 once did.
GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Where a cloud tells a machine about itself, beside 169.254.169.254.
METADATA = ipaddress.IPv6Address("fd00:ec2::254")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Fence:
    """Lets through to the internet, and to those hosts inside that are `allowed`: names, addresses
    or networks. Made anew for each errand: it asks the name server which addresses are ours.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._networks = [network for host in allowed for network in networks_of(host)]
        self._ours = own()

    def lets(self, address: str) -> bool:
        """`address`: an IP address, as it would be connected to; no name."""
        try:
            found = ipaddress.ip_address(address.split("%")[0])
        except ValueError:
            return False
        if any(found in network for network in self._networks):
            return True
        return is_outside(found) and plain(found) not in self._ours


def host_of(url: str) -> str:
    """ "" where it has none, or is no address at all."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def addresses_of(host: str, port: int) -> list[Address]:
    """Every address of the name, in whatever way it is written."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ipaddress.ip_address(str(answer[4][0]).split("%")[0]) for answer in answers]
    except (OSError, UnicodeError, ValueError):
        return []


def networks_of(host: str) -> list[Network]:
    """Of a network, an address or a name."""
    try:
        return [ipaddress.ip_network(host, strict=False)]
    except ValueError:
        return [ipaddress.ip_network(str(found)) for found in addresses_of(host, 443)]


def own() -> set[Address]:
    """Ours, out in the world: what answers there stands inside. PUBLIC_IP=auto is not known."""
    urls = (settings.LIVEKIT_URL, settings.LIVEKIT_PUBLIC_URL)
    hosts = {urlsplit(url).hostname or "" for url in urls} | {settings.PUBLIC_IP} - {AUTO}
    return {plain(each) for host in hosts if host for each in addresses_of(host, 443)}


def is_outside(address: Address) -> bool:
    """Is it an address of the internet, through whatever it is reached?"""
    found = plain(address)
    is_given_out = isinstance(found, ipaddress.IPv4Address) or found in GIVEN_OUT
    return is_given_out and found.is_global and not found.is_multicast


def leads_nowhere(host: str) -> bool:
    """Does no service of anybody stand there, inside or outside: at what a cloud tells a machine
    about itself (169.254.169.254), a group of hosts, or nothing? For addresses that may well be
    inside: a storage, a server of streams. Asks the name server.
    """
    found = addresses_of(host, 443) if host else []
    return any(_is_nobodys(plain(each)) for each in found)


def _is_nobodys(found: Address) -> bool:
    is_odd = found.is_link_local or found.is_multicast or found.is_unspecified
    return is_odd or found.is_reserved or found == METADATA


def plain(address: Address) -> Address:
    """Without the clothes of IPv6 that an IPv4 one may wear."""
    if isinstance(address, ipaddress.IPv6Address):
        for network, place in CARRIERS:
            if address in network:
                return ipaddress.IPv4Address(int(address) >> place & 0xFFFFFFFF)
    return address
