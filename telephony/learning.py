"""What calls teach about the connection that they came through."""

import ipaddress

from django.conf import settings
from django.utils import timezone

from telephony.line import registrar
from telephony.models import Call, HostAddress, Trunk
from telephony.numbers import spelling_of
from telephony.routing.addresses import network
from telephony.routing.carriers import carrier_of
from telephony.routing.edit import lines
from veyra.celery import wake

# A provider that was learned to write callers in one way writes them in another one only after so
# many calls in a row: one odd caller must not turn every rule over.
IN_A_ROW = 3


def learn(trunk: Trunk, caller: str) -> None:
    """A call has come through the connection: remember how it writes callers (law 2).

    Only from calls that the provider's addresses or login let in: on an open connection anybody
    teaches, and our own test calls come with any number.
    """
    shown = spelling_of(caller)
    if not shown or not (trunk.addresses or trunk.username or trunk.register_at):
        return
    if trunk.learned_at and (trunk.learned_spelling == shown or not _repeats(trunk, shown)):
        return
    rows = Trunk.objects.filter(pk=trunk.pk)
    rows.update(learned_spelling=shown, learned_at=timezone.now())
    if trunk.learned_spelling != shown:
        wake("telephony.apply")


def is_ours(address: str) -> bool:
    """Our own test call comes from there."""
    return _within(address, settings.SIP_TEST_FROM)


def by_registrar(address: str) -> bool:
    """Calls of lines that sign in come from there."""
    return any(_within(address, cidr) for cidr in registrar())


def _within(address: str, cidr: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)
    except ValueError:
        return False


def _repeats(trunk: Trunk, shown: str) -> bool:
    newest = Call.objects.filter(trunk=trunk).order_by("-started_at")
    callers = newest.values_list("from_number", flat=True)[:IN_A_ROW]
    found = [spelling_of(caller) for caller in callers]
    return len(found) == IN_A_ROW and set(found) == {shown}


def carrier(address: str, own_id: int, reserve_id: int) -> int:
    """Which of a number's two connections brought a call from `address`; its own, if neither."""
    trunks = Trunk.objects.in_bulk([own_id, reserve_id])
    hosts = HostAddress.objects.by_host()
    networks = [(pk, networks_of(trunks[pk], hosts)) for pk in (own_id, reserve_id) if pk in trunks]
    return carrier_of(address, networks) or own_id


def networks_of(trunk: Trunk, hosts: dict[str, tuple[str, ...]]) -> list[str]:
    """Where the gateway sees its calls come from."""
    if trunk.register_at:
        return list(registrar())
    return [cidr for line in lines(trunk.addresses) for cidr in _cidrs(line, hosts)]


def _cidrs(line: str, hosts: dict[str, tuple[str, ...]]) -> list[str]:
    """A line of the address list as networks; a host name as what it was when last looked up."""
    found = network(line)
    return [found] if found else [cidr for a in hosts.get(line, ()) if (cidr := network(a))]
