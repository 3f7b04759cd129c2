"""What LiveKit was found to do, a fact each: tried on ours in every run, on it in the gate.

A fact is a set of trunks and rules, a call, and what becomes of it: which rule takes it, or why
none does. Where a fact says nothing else, trunk ST_1 has the number and rule SDR_1 is for ST_1.
"""

from dataclasses import dataclass, field

from veyra.livekit.matching import Invite, Outcome
from veyra.livekit.types import DispatchRule, InboundTrunk

NUMBER, CALLER, SOURCE = "+74991124148", "79161234567", "127.0.0.2"


def trunk(livekit_id: str = "ST_1", *numbers: str, **values: object) -> InboundTrunk:
    return InboundTrunk(id=livekit_id, numbers=numbers, **values)  # type: ignore[arg-type]  # facts name any field


def rule(livekit_id: str = "SDR_1", *trunk_ids: str, **values: object) -> DispatchRule:
    fields = {"room": "support-room-", **values}
    return DispatchRule(id=livekit_id, trunk_ids=trunk_ids, **fields)  # type: ignore[arg-type]  # facts name any field


def invite(
    called: str = "74991124148", caller: str = CALLER, host: str = SOURCE, **values: str
) -> Invite:
    return Invite(caller, called, SOURCE, host, **values)


LINE, ALL = trunk("ST_1", NUMBER), rule("SDR_1", "ST_1")
CATCH_ALL = rule("SDR_0")


@dataclass(frozen=True)
class Fact:
    name: str
    outcome: Outcome
    trunks: tuple[InboundTrunk, ...] = (LINE,)
    rules: tuple[DispatchRule, ...] = (ALL,)
    invite: Invite = field(default_factory=invite)
    rule: str = ""


def taken(name: str, by: str = "SDR_1", **values: object) -> Fact:
    return Fact(name, Outcome.ACCEPTED, rule=by, **values)  # type: ignore[arg-type]  # any field


NUMBERS = (
    taken("a number without a plus reaches the trunk that has it with one"),
    taken("a number with brackets and dashes is the same number", invite=invite("(7499)112-41-48")),
    Fact("8499… is not 7499…", Outcome.NO_TRUNK, invite=invite("84991124148")),
    taken(
        "… unless the trunk has both",
        trunks=(trunk("ST_1", NUMBER, "84991124148"),),
        invite=invite("84991124148"),
    ),
    Fact("an escaped plus is not decoded", Outcome.NO_TRUNK, invite=invite("%2B74991124148")),
    Fact(
        "parameters in the user are part of the number",
        Outcome.NO_TRUNK,
        invite=invite("74991124148;phone-context=x"),
    ),
    taken(
        "a name is compared letter by letter",
        trunks=(trunk("ST_1", "support"),),
        invite=invite("support"),
    ),
    Fact(
        "… and its case counts",
        Outcome.NO_TRUNK,
        trunks=(trunk("ST_1", "support"),),
        invite=invite("Support"),
    ),
    taken(
        "an extension is a number too, and gets a plus",
        trunks=(trunk("ST_1", "+101"),),
        invite=invite("101"),
    ),
    taken("a dash alone is a plus alone", trunks=(trunk("ST_1", "+"),), invite=invite("-")),
    Fact(
        "digits of another script are no digits",
        Outcome.NO_TRUNK,
        trunks=(trunk("ST_1", "٧٤٩٩"),),
        invite=invite("7499"),
    ),
    taken(
        "an empty number on a trunk takes a call without one",
        trunks=(trunk("ST_1", ""),),
        invite=invite(""),
    ),
)
TRUNKS = (
    Fact("a trunk without a rule is met with silence", Outcome.NO_RULE, rules=()),
    Fact(
        "a rule for another trunk does not take the call",
        Outcome.NO_RULE,
        rules=(rule("SDR_1", "ST_2"),),
    ),
    taken(
        "a trunk with the number goes before one that takes any",
        trunks=(trunk("ST_0", allowed_addresses=("127.0.0.0/8",)), LINE),
    ),
    taken(
        "a trunk that takes any number takes what nobody has",
        trunks=(trunk("ST_1"), trunk("ST_2", "1")),
        invite=invite("2"),
    ),
    Fact(
        "two trunks that take any number take none",
        Outcome.TWO_DEFAULTS,
        trunks=(trunk("ST_1"), trunk("ST_2")),
    ),
    taken(
        "… but they do not disturb a trunk with the number",
        trunks=(trunk("ST_0"), LINE, trunk("ST_2")),
    ),
    Fact(
        "a number on two trunks reaches neither",
        Outcome.TWO_TRUNKS,
        trunks=(LINE, trunk("ST_2", "74991124148")),
    ),
    Fact(
        "… a trunk for certain callers does not go before one for all",
        Outcome.TWO_TRUNKS,
        trunks=(LINE, trunk("ST_2", NUMBER, allowed_numbers=(CALLER,))),
    ),
    taken(
        "… other addresses keep two such trunks apart",
        trunks=(LINE, trunk("ST_2", NUMBER, allowed_addresses=("10.0.0.0/8",))),
    ),
    taken(
        "… and other callers do",
        trunks=(LINE, trunk("ST_2", NUMBER, allowed_numbers=("79160000000",))),
    ),
    taken("a trunk that has a number twice is one trunk", trunks=(trunk("ST_1", NUMBER, NUMBER),)),
    taken(
        "a caller is allowed in any spelling",
        trunks=(trunk("ST_1", NUMBER, allowed_numbers=("+7 916 123-45-67",)),),
    ),
    Fact(
        "another caller has no trunk",
        Outcome.NO_TRUNK,
        trunks=(trunk("ST_1", NUMBER, allowed_numbers=("79160000000",)),),
    ),
)


def admitting(name: str, *masks: str, host: str = SOURCE) -> Fact:
    trunks = (trunk("ST_1", NUMBER, allowed_addresses=masks),)
    return taken(name, trunks=trunks, invite=invite(host=host))


def refusing(name: str, *masks: str, host: str = SOURCE) -> Fact:
    trunks = (trunk("ST_1", NUMBER, allowed_addresses=masks),)
    return Fact(name, Outcome.NO_TRUNK, trunks=trunks, invite=invite(host=host))


ADDRESSES = (
    admitting("an address", "10.0.0.1", "127.0.0.2"),
    admitting("a network", "127.0.0.0/30"),
    admitting("a network from one of its addresses", "127.0.0.77/24"),
    refusing("another network", "10.0.0.0/8"),
    refusing("a network with a net mask is no network", "127.0.0.0/255.0.0.0"),
    refusing("a zero before the length is no network", "127.0.0.0/08"),
    refusing("a port is no part of an address", "127.0.0.2:5060"),
    refusing("a zero before a part is no address", "127.0.0.02"),
    refusing("an IPv4 address written as IPv6 is another one", "::ffff:127.0.0.2"),
    refusing("all of IPv6 is none of IPv4", "::/0"),
    refusing("a host name is not looked up", "localhost"),
    admitting(
        "a host name is compared with that of From", "provider.example", host="provider.example"
    ),
    refusing("… and its case counts", "Provider.example", host="provider.example"),
    admitting(
        "a list of which nothing can be read admits everybody",
        "sip://10.0.0.1",
        "10.0.0.1, 10.0.0.2",
    ),
    refusing("… one readable mask, and the list holds", "sip://10.0.0.1", "10.0.0.1"),
    refusing("an empty mask is readable", ""),
    admitting(
        "From's host passes the list when it is one of its addresses",
        "203.0.113.7",
        host="203.0.113.7",
    ),
    admitting(
        "… and when it is one of its networks, letter by letter",
        "203.0.113.0/24",
        host="203.0.113.0/24",
    ),
    refusing("… an address of the network is not enough", "203.0.113.0/24", host="203.0.113.7"),
    taken(
        "a catch-all rule answers callers whom the address list refused",
        by="SDR_0",
        trunks=(trunk("ST_1", NUMBER, allowed_addresses=("10.0.0.0/8",)),),
        rules=(CATCH_ALL,),
    ),
    taken("… and calls that no trunk is for", by="SDR_0", trunks=(), rules=(CATCH_ALL,)),
)
LOGIN = trunk("ST_1", NUMBER, auth_username="line", auth_password="secret")
LOGINS = (
    Fact("a login is asked for", Outcome.LOGIN_NEEDED, trunks=(LOGIN,)),
    taken(
        "the right login is let in",
        trunks=(LOGIN,),
        invite=invite(username="line", password="secret"),
    ),
    Fact(
        "a wrong password is refused",
        Outcome.WRONG_LOGIN,
        trunks=(LOGIN,),
        invite=invite(username="line", password="Secret"),
    ),
    Fact(
        "a wrong name is refused",
        Outcome.WRONG_LOGIN,
        trunks=(LOGIN,),
        invite=invite(username="Line", password="secret"),
    ),
    taken(
        "a name without a password is not asked for",
        trunks=(trunk("ST_1", NUMBER, auth_username="line"),),
    ),
    taken(
        "a password without a name is not asked for",
        trunks=(trunk("ST_1", NUMBER, auth_password="secret"),),
    ),
    Fact(
        "a login is asked for even where no rule would take the call",
        Outcome.LOGIN_NEEDED,
        trunks=(LOGIN,),
        rules=(),
    ),
)
MINE = {"inbound_numbers": (CALLER,)}
RULES = (
    taken(
        "a rule for the trunk goes before one for every trunk",
        rules=(rule("SDR_0", kind="direct", pin="1", **MINE), ALL),
    ),
    taken(
        "a caller on a rule is compared letter by letter",
        by="SDR_1",
        rules=(rule("SDR_0", "ST_1", inbound_numbers=("+79161234567",)), ALL),
    ),
    taken(
        "a rule for the caller goes before one for all",
        by="SDR_2",
        rules=(ALL, rule("SDR_2", "ST_1", **MINE)),
    ),
    Fact(
        "a called number on a rule is compared letter by letter",
        Outcome.NO_RULE,
        rules=(rule("SDR_1", "ST_1", numbers=(NUMBER,)),),
    ),
    taken(
        "… so it has to be written as the provider writes it",
        rules=(rule("SDR_1", "ST_1", numbers=("74991124148",)),),
    ),
    taken(
        "a rule for certain callers weighs what one for certain numbers does; the room decides",
        by="SDR_1",
        rules=(
            rule("SDR_2", "ST_1", room="b", **MINE),
            rule("SDR_1", "ST_1", room="a", numbers=("74991124148",)),
        ),
    ),
    taken(
        "a shared room goes before a room for each call",
        by="SDR_2",
        rules=(
            rule("SDR_1", "ST_1", **MINE),
            rule("SDR_2", "ST_1", kind="direct", numbers=("74991124148",)),
        ),
    ),
    Fact(
        "a PIN goes before no PIN, so everybody is asked",
        Outcome.PIN_NEEDED,
        rule="SDR_2",
        rules=(ALL, rule("SDR_2", "ST_1", pin="1234")),
    ),
    taken(
        "… but a rule for the caller goes before a PIN",
        by="SDR_1",
        rules=(rule("SDR_1", "ST_1", **MINE), rule("SDR_2", "ST_1", pin="1234")),
    ),
    taken(
        "of two rules alike the first by id takes the call",
        by="SDR_1",
        rules=(rule("SDR_2", "ST_1", numbers=("74991124148",)), rule("SDR_1", "ST_1", **MINE)),
    ),
    Fact("two rules for one call stop it", Outcome.TWO_RULES, rules=(ALL, rule("SDR_2", "ST_1"))),
    Fact(
        "… and every other call of the trunk",
        Outcome.TWO_RULES,
        rules=(
            rule("SDR_0", "ST_1", inbound_numbers=("1",)),
            ALL,
            rule("SDR_2", "ST_1", inbound_numbers=("+1",)),
        ),
    ),
    taken(
        "… but not those of another trunk",
        rules=(ALL, rule("SDR_2", "ST_2"), rule("SDR_3", "ST_2")),
    ),
    Fact(
        "… calls without a trunk are stopped by any two rules anywhere",
        Outcome.TWO_RULES,
        rules=(ALL, rule("SDR_2", "ST_2"), rule("SDR_3", "ST_2")),
        invite=invite("1"),
    ),
    Fact(
        "two spellings of a caller on one rule stop the trunk",
        Outcome.TWO_RULES,
        rules=(rule("SDR_1", "ST_1", inbound_numbers=(CALLER, "+79161234567")),),
    ),
    Fact(
        "two rules for every trunk stop every call",
        Outcome.TWO_RULES,
        rules=(CATCH_ALL, rule("SDR_9"), ALL),
    ),
    Fact(
        "a shared room without a name takes nobody",
        Outcome.NO_ROOM,
        rule="SDR_1",
        rules=(rule("SDR_1", "ST_1", kind="direct", room=""),),
    ),
)
ASKED = (rule("SDR_1", "ST_1", pin="1234"), rule("SDR_2", "ST_1"), rule("SDR_3", "ST_1", pin="99"))
TYPED = (
    taken(
        "the PIN chooses among the rules that have one",
        by="SDR_3",
        rules=ASKED,
        invite=invite(pin="99"),
    ),
    Fact(
        "a wrong PIN never falls back to a rule without one",
        Outcome.WRONG_PIN,
        rules=ASKED,
        invite=invite(pin="1"),
    ),
    taken("# alone goes to the rule without a PIN", by="SDR_2", rules=ASKED, invite=invite(pin="")),
    Fact(
        "# alone is wrong where every rule has a PIN",
        Outcome.WRONG_PIN,
        rules=ASKED[:1],
        invite=invite(pin=""),
    ),
    taken(
        "a PIN of a rule for every trunk is not asked for beside a rule for this one",
        rules=(rule("SDR_0", pin="1234"), ALL),
    ),
    taken(
        "… but is understood, if one of this trunk's was asked for",
        by="SDR_0",
        rules=(rule("SDR_0", pin="77"), *ASKED),
        invite=invite(pin="77"),
    ),
)

FACTS = (*NUMBERS, *TRUNKS, *ADDRESSES, *LOGINS, *RULES, *TYPED)
