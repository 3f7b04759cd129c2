"""The addresses that a provider's calls come from: CIDRs, single addresses, host names."""

import hashlib
import hmac
import ipaddress
import re

from django.utils.translation import gettext_noop

from telephony.routing.wish import Resolved
from veyra.sentences import Sentence

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/9")
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})*\.?", re.IGNORECASE)


class AddressError(ValueError):
    """The text is no address; `sentence` says what to write instead."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def network(text: str) -> str | None:
    """The CIDR of an address or a network; None where the text is not one of them."""
    try:
        return str(ipaddress.ip_network(text, strict=True))
    except ValueError:
        return None


def veiled(cidr: str, secret: str) -> str:
    """The same network in words that nobody guesses, for LiveKit also lets in whoever writes a mask
    as it stands into the host of his From header. Of an address alone only one word is known, but
    whoever calls from loopback is on this machine: half of it is as good. From the other half come
    the calls of providers that we sign in at (veyra.kamailio.config.hidden).
    """
    known = ipaddress.ip_network(cidr)
    if isinstance(known, ipaddress.IPv4Network) and known.subnet_of(LOOPBACK):
        known = LOOPBACK
    told = hmac.new(secret.encode(), str(known).encode(), hashlib.sha256).digest()
    beyond = int.from_bytes(told, "big") & int(known.hostmask)
    return f"{known.network_address + beyond}/{known.prefixlen}"


def checked(text: str) -> str:
    """One line of the address list, as it will be used. Raises AddressError.

    LiveKit leaves out a mask that it cannot read, and an empty list admits everybody: so nothing
    may pass here that LiveKit would leave out.
    """
    text = text.strip().lower()
    if found := network(text):
        if found.endswith("/0"):
            raise AddressError(_everybody(text))
        return found
    if "/" in text:
        raise AddressError(_bad_network(text))
    # What looks like an address but is none must not be taken for a host name.
    if HOST.fullmatch(text) and re.search(r"[a-z]", text.rsplit(".", 1)[-1]):
        return text.rstrip(".")
    msgid = gettext_noop(
        "“%(text)s” is not an address. Write one a line, such as 203.0.113.10,"
        " 203.0.113.0/24 or sip.provider.example; no port, no “sip:”."
    )
    raise AddressError(Sentence(msgid, {"text": text}))


def _everybody(text: str) -> Sentence:
    msgid = gettext_noop(
        "“%(text)s” is the whole internet. Write the provider's own addresses,"
        " or leave the list empty and set a login."
    )
    return Sentence(msgid, {"text": text})


def _bad_network(text: str) -> Sentence:
    try:
        right = str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        msgid = gettext_noop("“%(text)s” is not a network. Write it as 203.0.113.0/24.")
        return Sentence(msgid, {"text": text})
    msgid = gettext_noop("“%(text)s” is not the start of a network. Did you mean %(right)s?")
    return Sentence(msgid, {"text": text, "right": right})


def hosts(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The lines that are host names, to be resolved."""
    return tuple(line for line in addresses if not network(line))


def masks(addresses: tuple[str, ...], resolved: Resolved) -> tuple[str, ...]:
    """CIDRs for LiveKit, sorted. Raises AddressError; never answers () for a list with lines."""
    found: set[str] = set()
    for line in addresses:
        usable = checked(line)
        if cidr := network(usable):
            found.add(cidr)
            continue
        if not resolved.get(usable):
            raise AddressError(unknown_host(usable))
        found.update(cidr for address in resolved[usable] if (cidr := network(address)))
    return tuple(sorted(found))


def has(addresses: tuple[str, ...], resolved: Resolved, source: str) -> bool | None:
    """Is `source` in the list? None: nobody can tell, since it is no address, the list is empty, or
    a name in it leads nowhere now.
    """
    try:
        asked = ipaddress.ip_address(source)
        known = masks(addresses, resolved)
    except ValueError:  # AddressError is one
        return None
    return any(asked in ipaddress.ip_network(cidr) for cidr in known) if known else None


def unknown_host(host: str) -> Sentence:
    msgid = gettext_noop(
        "The name “%(host)s” has no address now. Check its spelling, or write the address itself."
    )
    return Sentence(msgid, {"host": host})
