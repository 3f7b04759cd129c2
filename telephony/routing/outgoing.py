"""How a provider connection dials: the outbound trunk that LiveKit should have for it. Pure."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext_noop

from telephony.numbers import spelled
from telephony.routing.wish import Trunk
from veyra.livekit.types import OutboundTrunk
from veyra.sentences import Sentence

PREFIX = "outbound:"
# What LiveKit takes for an address: a name or an address, with a port where it is not the usual.
ADDRESS = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?", re.IGNORECASE)


def key_of_outbound(trunk: str) -> str:
    return PREFIX + trunk


def calls_out(trunk: Trunk) -> bool:
    return trunk.in_use and bool(trunk.out_address)


def fault(trunk: Trunk, numbers: Sequence[str]) -> Sentence | None:
    """Why this connection cannot dial, though it has a server to dial through."""
    if not ADDRESS.fullmatch(trunk.out_address):
        return wrong_address(trunk.out_address)
    username, password = trunk.dials_as
    if password is None:
        msgid = gettext_noop(
            "The password for calls out of “%(trunk)s” cannot be decrypted: FIELD_KEYS has changed."
            " Put the old key back, or enter the password anew."
        )
    elif bool(username) != bool(password):
        msgid = gettext_noop(
            "“%(trunk)s” has only one of login and password for calls out. Enter both or neither."
        )
    elif trunk.out_from_login and not username:
        msgid = gettext_noop(
            "“%(trunk)s” is to show its login to the provider, but has none for calls out. Enter"
            " the login, or switch that off."
        )
    elif not trunk.out_from_login and not numbers:
        msgid = gettext_noop(
            "“%(trunk)s” cannot call out: it has no number that the person called could see. Add"
            " one under “Numbers”."
        )
    else:
        return None
    return Sentence(msgid, {"trunk": trunk.name})


def wrong_address(text: str) -> Sentence:
    msgid = gettext_noop(
        "“%(text)s” is not a server's name. Write it as sip.provider.example, or with a port:"
        " sip.provider.example:5061; no “sip:”."
    )
    return Sentence(msgid, {"text": text})


def outbound_value(trunk: Trunk, mark: str, numbers: Sequence[str]) -> OutboundTrunk:
    """The object. Each call names its own number, so one stands here for all: LiveKit wants one."""
    username, password = trunk.dials_as
    own = username if trunk.out_from_login else spelled(min(numbers), trunk.out_spelling)
    return OutboundTrunk(
        name=trunk.name,
        metadata=mark,
        address=trunk.dials_at,
        transport=trunk.out_transport,
        numbers=(own,),
        auth_username=username,
        auth_password=password or "",
        from_host=trunk.out_from_host,
        codecs=tuple(filter(None, trunk.out_codecs.split(","))),
        encryption=trunk.out_encryption,
    )
