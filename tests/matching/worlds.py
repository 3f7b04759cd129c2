"""Random sets of trunks and rules, what is done to them, and calls: small pools, so that they meet.

Everything comes from one `random.Random`, so a seed is a whole comparison.
"""

from collections.abc import Sequence
from random import Random

from tests.matching.invites import SOURCES
from veyra.livekit.matching import Invite
from veyra.livekit.types import DispatchRule, InboundTrunk

NUMBERS = (
    *("+74991124148", "74991124148", "84991124148", "+7 (499) 112-41-48", "8 499 112-41-48"),
    *("+74991124149", "+74951234567", "4951234567", "101", "+101", "support", "+", "-", ""),
    "٧٤٩٩",
)
CALLED = (
    *("+74991124148", "74991124148", "84991124148", "(7499)112-41-48", "%2B74991124148"),
    *("74991124149", "+74951234567", "4951234567", "101", "support", "Support", "+", "-", ""),
)
CALLERS = (
    *("+79161234567", "79161234567", "89161234567", "8(916)123-45-67", "9161234567"),
    *("+79160000000", "anonymous", "101", ""),
)
LISTED_CALLERS = (*CALLERS, "+7 916 123-45-67", "8 916 123 45 67")
MASKS = (
    *("127.0.0.1", "127.0.0.2", "127.0.0.1/32", "127.0.0.0/30", "127.0.0.5/31", "127.0.0.0/8"),
    *("10.0.0.0/8", "0.0.0.0/0", "provider.example", "localhost", "::1", "::/0", "[::1]"),
    # LiveKit takes these for something else than most people do.
    *("127.0.0.0/255.0.0.0", "127.0.0.0/08", "127.0.0.0/+8", "127.0.0.0/33", "127.0.0.01"),
    *("::ffff:127.0.0.1", "::ffff:127.0.0.0/104", "127.0.0.1:5060", "fe80::1%lo/64", "127.1"),
    *("fe80::/10", "fe80::1%lo", "2001:db8::/32", "::ffff:127.0.0.0/120", "::1/128"),
    *("127.0.0.1, 127.0.0.2", " 127.0.0.1", "sip://127.0.0.1", "*", "(127.0.0.1)", ""),
)
# The server may be asked about calls from anywhere.
ANYWHERE = (
    *("127.0.0.1", "10.1.2.3", "203.0.113.7", "::1", "2001:db8::1", "::ffff:127.0.0.1"),
    *("fe80::1", "fe80::1%lo", "", "nonsense", "127.0.0.1:5060", "0127.0.0.1"),
)
HOSTS = (
    *("127.0.0.1", "127.0.0.2", "provider.example", "localhost", "elsewhere.example"),
    *("10.0.0.0/8", "127.0.0.0/30", "[::1]"),
)
PINS = ("", "", "", "1234", "42", "0")
ROOMS = ("", "a", "b", "support-room-")
LOGINS = (("", ""), ("", ""), ("", ""), ("line", "secret"), ("line", ""), ("", "secret"))


def some(dice: Random, pool: tuple[str, ...], most: int = 3, none: float = 0.5) -> tuple[str, ...]:
    """Up to `most` of the pool; nothing with probability `none`; now and then one twice."""
    if dice.random() < none:
        return ()
    found = dice.sample(pool, dice.randint(1, most))
    if dice.random() < 0.05:
        found.append(found[0])
    return tuple(found)


def trunk(dice: Random) -> InboundTrunk:
    username, password = dice.choice(LOGINS)
    return InboundTrunk(
        name=dice.choice(("", "trunk1", 'say "hi"\\')),
        numbers=some(dice, NUMBERS, none=0.15),
        allowed_addresses=some(dice, MASKS),
        allowed_numbers=some(dice, LISTED_CALLERS, none=0.7),
        auth_username=username,
        auth_password=password,
    )


def rule(dice: Random, trunk_ids: tuple[str, ...]) -> DispatchRule:
    ids = (*trunk_ids, *trunk_ids, *trunk_ids, "ST_gone", "")
    return DispatchRule(
        name=dice.choice(("", "Support", "Отдел «продаж»")),
        trunk_ids=some(dice, ids, 2, none=0.25),
        kind=dice.choice(("direct", "individual", "individual", "callee")),
        room=dice.choice(ROOMS),
        pin=dice.choice(PINS),
        inbound_numbers=some(dice, LISTED_CALLERS, none=0.65),
        numbers=some(dice, NUMBERS, none=0.75),
        no_randomness=dice.random() < 0.2,
        randomize=dice.random() < 0.2,
        hide_phone_number=dice.random() < 0.1,
    )


def invite(dice: Random, trunks: Sequence[InboundTrunk], rules: Sequence[DispatchRule]) -> Invite:
    """Mostly for a number and from a caller that somebody lists; with the line's login or not."""
    called = [number for each in trunks for number in each.numbers]
    called += [number for each in rules for number in each.numbers]
    called = [number for number in called if _in_uri(number)]
    callers = [number for each in trunks for number in each.allowed_numbers]
    callers += [number for each in rules for number in each.inbound_numbers]
    callers = [number for number in callers if _in_uri(number)]
    logins = (("", ""), ("line", "secret"), ("line", "secret"), ("line", "other"), ("other", "x"))
    username, password = dice.choice(logins)
    return Invite(
        caller=dice.choice(callers if callers and dice.random() < 0.6 else CALLERS),
        called=dice.choice(called if called and dice.random() < 0.7 else CALLED),
        source_ip=dice.choice(SOURCES),
        host=dice.choice(HOSTS),
        username=username,
        password=password,
        pin=dice.choice((None, "", "1234", "42", "0", "9")),
    )


def _in_uri(number: str) -> bool:
    """The gateway reads no URI with a blank in it, and decodes nothing."""
    return number.isascii() and " " not in number
