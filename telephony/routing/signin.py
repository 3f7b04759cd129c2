"""Connections that sign in at their provider: what staff type, and what is wrong with it. Pure."""

import ipaddress
import re
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from telephony.providers import find
from telephony.routing.addresses import HOST, hosts, network
from telephony.routing.wish import Resolved, Trunk
from veyra.kamailio.wire import is_login, is_password
from veyra.sentences import Sentence

# The registrar writes where a call came from into this header; the gateway makes it an attribute
# of the caller. Whoever else writes it has it taken out.
ATTRIBUTE = "veyra.source"
SOURCE = (("X-Veyra-Source", ATTRIBUTE),)

PORT, TLS_PORT = 5060, 5061

LOST = gettext_noop(
    "The password of “%(trunk)s” cannot be decrypted: FIELD_KEYS has changed."
    " Put the old key back, or enter the password anew."
)


@dataclass(frozen=True)
class Server:
    """A provider's server as it is typed: a name or an address, and a port."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        return network(self.host) is not None


def server(text: str, transport: str = "udp") -> Server | None:
    """host[:port], or None where the text is something else."""
    host, colon, port = text.strip().lower().rstrip(".").partition(":")
    if not _is_host(host) or (colon and not re.fullmatch(r"[0-9]{1,5}", port)):
        return None
    number = int(port) if colon else TLS_PORT if transport == "tls" else PORT
    return Server(host, number) if 1 <= number <= 65535 else None


def _is_host(text: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(text), ipaddress.IPv4Address)
    except ValueError:
        # What looks like an address but is none must not be taken for a name.
        last = text.rsplit(".", 1)[-1]
        return bool(HOST.fullmatch(text)) and bool(re.search(r"[a-z]", last))


def sent_to(trunk: Trunk) -> Server | None:
    """The server that the sign-in goes to: the outbound proxy, where there is one."""
    return server(trunk.register_proxy or trunk.register_at, trunk.register_transport)


def names(trunk: Trunk) -> tuple[str, ...]:
    """The host names of its servers and among its addresses, to be resolved."""
    found = (server(text) for text in (trunk.register_at, trunk.register_proxy) if text)
    servers = [each.host for each in found if each and not each.is_address]
    return (*servers, *(host.lower().rstrip(".") for host in hosts(trunk.addresses)))


def networks(trunk: Trunk, resolved: Resolved) -> tuple[str, ...]:
    """The CIDRs that the provider's calls come from: its servers, what its preset knows of it, and
    what staff wrote besides. What cannot be read or found brings nothing.
    """
    servers = (server(text) for text in (trunk.register_at, trunk.register_proxy) if text)
    lines = [*(each.host for each in servers if each), *trunk.addresses]
    found = {cidr for line in lines for cidr in _cidrs(line, resolved)}
    preset = find(trunk.provider)
    known = [fact.value for fact in preset.networks] if preset else []
    return tuple(sorted({*found, *known}))


def _cidrs(line: str, resolved: Resolved) -> list[str]:
    if cidr := network(line):
        return [cidr]
    known = resolved.get(line.lower().rstrip("."), ())
    return [cidr for address in known if (cidr := network(address))]


def fault(trunk: Trunk) -> Sentence | None:
    """Why this connection cannot sign in as it is saved; None too where it does not sign in."""
    if not trunk.registers:
        return None
    for text in filter(None, (trunk.register_at, trunk.register_proxy)):
        if server(text) is None:
            return wrong_server(text)
    if trunk.register_password is None:
        msgid = LOST
    elif not trunk.register_login or not trunk.register_password:
        msgid = gettext_noop(
            "“%(trunk)s” signs in at its provider: it needs the login and the password that the"
            " provider gave. Enter both."
        )
    elif not is_login(trunk.register_login):
        msgid = gettext_noop(
            "The login of “%(trunk)s” cannot be sent: it has a quotation mark, a backslash or a"
            " line break. Write it as the provider gave it."
        )
    elif not is_password(trunk.register_password):
        msgid = gettext_noop(
            "The password of “%(trunk)s” cannot be sent: it is a single dot, has a line break, or"
            " is longer than 128 characters. Type it again as the provider gave it, or ask him for"
            " another one."
        )
    elif trunk.username or trunk.password != "":
        msgid = gettext_noop(
            "“%(trunk)s” signs in at its provider, so its calls cannot be asked for a login of our"
            " own. Remove the login for incoming calls."
        )
    else:
        return None
    return Sentence(msgid, {"trunk": trunk.name})


def wrong_server(text: str) -> Sentence:
    msgid = gettext_noop(
        "“%(text)s” is not a provider's server. Write it as sip.provider.example, or with a port:"
        " sip.provider.example:5080; no “sip:”."
    )
    return Sentence(msgid, {"text": text})


def unknown_registrar() -> Sentence:
    return Sentence(
        gettext_noop(
            "The address of our own sign-in to providers cannot be read. Correct REGISTRAR_FROM in"
            " the settings: the address that the call entrance sees its calls come from."
        )
    )
