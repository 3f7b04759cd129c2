"""Through which connections a number arrives: its own, and a reserve that brings it as well.

LiveKit refuses a second trunk with the same number, so the two become one object that has both
address lists (fact 0.6).
"""

import ipaddress
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_noop

from telephony.routing.wish import Number, Trunk
from veyra.sentences import Sentence


def carriers(trunks: Mapping[str, Trunk], number: Number) -> tuple[Trunk, ...]:
    """The connections in use that bring `number`, its own before the reserve; `trunks` by key."""
    keys = dict.fromkeys((number.trunk, number.reserve))
    found = [trunks[key] for key in keys if key in trunks and trunks[key].in_use]
    if len(found) == 2 and join_fault(found[0], found[1]):
        return (found[0],)
    return tuple(found)


class Carriers:
    """The carriers of each number of a line. Thousands share a few: each pair is found once."""

    def __init__(self, trunks: Iterable[Trunk]) -> None:
        self._trunks = {trunk.key: trunk for trunk in trunks}
        self._known: dict[tuple[str, str], tuple[Trunk, ...]] = {}

    def __getitem__(self, number: Number) -> tuple[Trunk, ...]:
        pair = number.trunk, number.reserve
        if pair not in self._known:
            self._known[pair] = carriers(self._trunks, number)
        return self._known[pair]


def join_fault(own: Trunk, reserve: Trunk) -> Sentence | None:
    """Why one object cannot take the calls of both connections."""
    if own.username != reserve.username or own.password != reserve.password:
        msgid = gettext_noop(
            "“%(reserve)s” cannot be the reserve of “%(own)s”: LiveKit asks both for one login."
            " Remove the login from both, or give both the same one."
        )
    elif own.is_listed != reserve.is_listed:
        msgid = gettext_noop(
            "“%(reserve)s” cannot be the reserve of “%(own)s” while one of them has no list of"
            " addresses. Write the addresses that calls come from into both."
        )
    else:
        return None
    return Sentence(msgid, {"own": own.name, "reserve": reserve.name})


def reserve_fault(trunks: Mapping[str, Trunk], number: Number) -> Sentence | None:
    """Why the reserve connection of a number brings no calls; `trunks` by key."""
    own, reserve = trunks.get(number.trunk), trunks.get(number.reserve)
    if own is None or reserve is None or own == reserve or not (own.in_use and reserve.in_use):
        return None
    return join_fault(own, reserve)


def carrier_of(address: str, networks: Iterable[tuple[int, Iterable[str]]]) -> int | None:
    """Whose network the address is in: (the row's id, its CIDRs) in order; None: nobody's."""
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return None
    for row, cidrs in networks:
        if any(asked in ipaddress.ip_network(cidr) for cidr in cidrs):
            return row
    return None
