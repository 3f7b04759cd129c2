"""How a provider connection dials: the outbound trunk that LiveKit should have for it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from telephony.numbers import spelled
from veyra.livekit.types import OutboundTrunk
from veyra.sentences import Sentence

PREFIX = "outbound:"
# What LiveKit takes for an address: a name or an address, with a port where it is not the usual.
ADDRESS = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A connection's own part. `password` is None where it cannot be decrypted."""

    address: str
    username: str = ""
    password: str | None = field(default="", repr=False)
    transport: str = "auto"
    spelling: str = "plus"
    from_login: bool = False
    from_host: str = ""
    codecs: tuple[str, ...] = ()
    encryption: str = "disable"


def key_of_outbound(trunk: str) -> str:
    return PREFIX + trunk


def fault(name: str, outgoing: Outgoing, numbers: Iterable[str]) -> Sentence | None:
    """Why this connection cannot dial, though it has a server to dial through."""
    if not ADDRESS.fullmatch(outgoing.address):
        return wrong_address(outgoing.address)
    if outgoing.password is None:
        msgid = gettext_noop(
            "The password for calls out of “%(trunk)s” cannot be decrypted: FIELD_KEYS has changed."
            " Put the old key back, or enter the password anew."
        )
    elif bool(outgoing.username) != bool(outgoing.password):
        msgid = gettext_noop(
            "“%(trunk)s” has only one of login and password for calls out. Enter both or neither."
        )
    elif outgoing.from_login and not outgoing.username:
        msgid = gettext_noop(
            "“%(trunk)s” is to show its login to the provider, but has none for calls out. Enter"
            " the login, or switch that off."
        )
    elif not outgoing.from_login and not any(numbers):
        msgid = gettext_noop(
            "“%(trunk)s” cannot call out: it has no number that the person called could see. Add"
            " one under “Numbers”."
        )
    else:
        return None
    return Sentence(msgid, {"trunk": name})


def wrong_address(text: str) -> Sentence:
    msgid = gettext_noop(
        "“%(text)s” is not a server's name. Write it as sip.provider.example, or with a port:"
        " sip.provider.example:5061; no “sip:”."
    )
    return Sentence(msgid, {"text": text})


def outbound_value(
    name: str, mark: str, outgoing: Outgoing, numbers: Iterable[str]
) -> OutboundTrunk:
    """The object. Each call names its own number, so one stands here for all: LiveKit wants one."""
    if outgoing.from_login:
        shown = outgoing.username
    else:
        shown = spelled(min(numbers), outgoing.spelling)
    return OutboundTrunk(
        name=name,
        metadata=mark,
        address=outgoing.address,
        transport=outgoing.transport,
        numbers=(shown,),
        auth_username=outgoing.username,
        auth_password=outgoing.password or "",
        from_host=outgoing.from_host,
        codecs=outgoing.codecs,
        encryption=outgoing.encryption,
    )
