"""Calls that LiveKit let in from addresses that are not in the list of their connection.

The list keeps strangers out, not forgers: LiveKit also compares it, as text, with the host that a
caller writes into his From header (matching.admits). The address that the call really came from
tells him apart, once he is in.
"""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from telephony.line import registrar
from telephony.models import HostAddress, Trunk
from telephony.routing.addresses import has, hosts
from telephony.routing.edit import lines
from veyra.models import SecurityEvent
from veyra.sentences import Sentence

# Of one connection; who sends from a thousand addresses must not fill the database.
EVENTS_A_DAY = 20


def is_outside(trunk: Trunk, address: str) -> bool:
    """Is the address known not to be in the connection's list? An empty list names nobody, so
    nobody is outside it. What a connection that signs in takes comes from our registrar.
    """
    if trunk.register_at:
        return has(registrar(), {}, address) is False
    listed = lines(trunk.addresses)
    resolved = HostAddress.objects.by_host() if hosts(listed) else {}
    return has(listed, resolved, address) is False


def tell(trunk: Trunk, address: str) -> None:
    """A call was let in from outside the list: an event, once a day of each address."""
    today = timezone.localtime(timezone.now(), timezone.get_default_timezone()).date()
    prefix = f"{SecurityEvent.Kind.STRANGER}:{trunk.key}:{today}:"
    if _of(prefix).count() < EVENTS_A_DAY:
        SecurityEvent.objects.get_or_create(
            once=prefix + address,
            defaults={
                "kind": SecurityEvent.Kind.STRANGER,
                "detail": _sentence(trunk, address).to_json(),
            },
        )


def _of(prefix: str) -> QuerySet[SecurityEvent]:
    return SecurityEvent.objects.filter(once__startswith=prefix)


def _sentence(trunk: Trunk, address: str) -> Sentence:
    if trunk.register_at:
        msgid = gettext_noop(
            "A call through “%(trunk)s” came from %(address)s, and not by our sign-in at the"
            " provider: its sender went past it and wrote our own address into the call, and"
            " LiveKit believed him. Let the firewall admit to the call entrance's port only"
            " providers that send calls to our address."
        )
        return Sentence(msgid, {"trunk": trunk.name, "address": address})
    msgid = gettext_noop(
        "A call through “%(trunk)s” came from %(address)s, which is not in its list of addresses:"
        " its sender wrote a listed one into the call, and LiveKit believed him. If that address is"
        " the provider's, add it to the list. If not, let the firewall admit calls from the listed"
        " addresses alone, or set a login and password in the connection."
    )
    return Sentence(msgid, {"trunk": trunk.name, "address": address})
