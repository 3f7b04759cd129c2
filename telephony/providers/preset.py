"""What a preset says of a provider: each fact with its source, its date and its doubt.

Texts are msgids, marked with gettext_noop where they stand. Steps and notes may name %(host)s,
%(port)s and %(address)s (host:port): where calls are to be sent.
"""

import ipaddress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

V = TypeVar("V")

# When the sources were read.
CHECKED = date(2026, 8, 22)


@dataclass(frozen=True)
class Fact(Generic[V]):
    """`source`: a page, a repository, or who says so. Not confirmed: somebody else's word for it,
    to be checked in the provider's own account.
    """

    value: V
    source: str
    seen: date = CHECKED
    confirmed: bool = False


class Inbound(StrEnum):
    """How the provider brings calls to us."""

    FORWARD = "forward"  # the number is forwarded to an address of ours, a SIP URI
    TRUNK = "trunk"  # a trunk by IP address
    PBX = "pbx"  # it is a telephone exchange of one's own, with a trunk to us
    REGISTER = "register"  # only to whoever signs in with a login


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """How we sign in with a login and a password, so that calls come to us.

    `host`: where; one that begins with a dot is an account's own, which the person types. None: not
    known. `number_in`: where the called number stands, as telephony.registration.NumberIn has it.
    `steps`: where the person finds the login, as in Preset.
    """

    host: Fact[str] | None = None
    transport: Fact[str]
    number_in: Fact[str]
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def known_host(self) -> str:
        """What the person need not type."""
        return self.host.value if self.host and not self.host.value.startswith(".") else ""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A provider. What is None is not known."""

    slug: str
    name: str
    about: str
    inbound: Inbound
    # CIDRs that signalling comes from.
    networks: tuple[Fact[str], ...] = ()
    # udp, tcp or tls
    transport: Fact[str]
    # Spelling in which callers and called numbers reach us, and in which it takes them: plus,
    # digits, national, any.
    spelling_in: Fact[str]
    spelling_out: Fact[str] | None = None
    # Where the called number stands: "to", or "header:NAME".
    did: Fact[str]
    outbound_host: Fact[str] | None = None
    outbound_port: int = 5060
    # The From of our calls must be the login.
    from_is_login: Fact[bool] | None = None
    identity_header: Fact[str] | None = None
    codecs: Fact[tuple[str, ...]] | None = None
    dtmf: Fact[str] | None = None
    srtp: Fact[bool] | None = None
    refer: Fact[bool] | None = None
    calls_per_second: Fact[int] | None = None
    # Calls that are sent to our address; empty where there is no such way.
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sign_in: SignIn | None = None
    # What to type as the target of calls, with %(number)s and %(address)s.
    target: str = "%(number)s@%(address)s"
    doc_url: str = ""
    checked_at: date = CHECKED

    @property
    def sends(self) -> bool:
        """Calls can be sent to our address."""
        return self.inbound is not Inbound.REGISTER

    def covers(self, address: str) -> bool:
        """Is the address, or the whole network, in one of the provider's?"""
        try:
            asked = ipaddress.ip_network(address, strict=False)
        except ValueError:
            return False
        known = [ipaddress.ip_network(fact.value) for fact in self.networks]
        return any(
            asked.version == each.version and asked.subnet_of(each)  # type: ignore[arg-type]  # versions are equal
            for each in known
        )

    @property
    def is_sure(self) -> bool:
        """All that connects calls is confirmed."""
        facts = (*self.networks, self.transport, self.spelling_in, self.did)
        return all(fact.confirmed for fact in facts)
