"""Who answers a call: LiveKit's own decision, and why everything else was passed over. Pure.

As livekit-server v1.13.5 and livekit/sip v1.8.0 decide it, written anew and held against them by
tests/matching/test_against_livekit.py. An `Exchange` is made once for a set of trunks and rules
and then asked about any number of calls.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from veyra.livekit.conflicts import Refusal, between_rules, normalized
from veyra.livekit.types import DispatchRule, InboundTrunk

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A mask with any of these is left out by LiveKit, as if it had not been written.
UNREADABLE = re.compile(r"[()+*;, \t\n\r]|://")
KINDS = ("direct", "individual", "callee")


@dataclass(frozen=True)
class Invite:
    """A call that wants in, as its INVITE says it: the users of From and To as they are written.

    An empty `source_ip` is an unknown one, and passes every address list. `host` is that of From.
    `pin` is what the caller types before #, when asked: None is nothing yet, "" is # alone.
    """

    caller: str
    called: str
    source_ip: str = ""
    host: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    pin: str | None = None


class Outcome(StrEnum):
    """What becomes of a call, and of which side the fault is."""

    ACCEPTED = "accepted"
    LOGIN_NEEDED = "login_needed"
    WRONG_LOGIN = "wrong_login"
    PIN_NEEDED = "pin_needed"
    WRONG_PIN = "wrong_pin"
    # No rule takes it: with a trunk, and without one.
    NO_RULE = "no_rule"
    NO_TRUNK = "no_trunk"
    # Two trunks have the number; two trunks take any number; two rules of the trunk take one call.
    TWO_TRUNKS = "two_trunks"
    TWO_DEFAULTS = "two_defaults"
    TWO_RULES = "two_rules"
    NO_ADDRESS = "no_address"
    # The rule's shared room has no name.
    NO_ROOM = "no_room"
    # A withheld number where a rule hides numbers: livekit-server panics, and every call with it.
    SERVER_CRASH = "server_crash"


# What the caller's provider is told. None: 100 and 180, and then nothing for ever. An accepted
# call rings until somebody speaks in its room; a PIN is asked and refused in an answered call.
STATUS: dict[Outcome, int | None] = {
    Outcome.ACCEPTED: 180,
    Outcome.LOGIN_NEEDED: 407,
    Outcome.WRONG_LOGIN: 401,
    Outcome.PIN_NEEDED: 200,
    Outcome.WRONG_PIN: 200,
    Outcome.NO_RULE: None,
    Outcome.NO_TRUNK: None,
    Outcome.TWO_TRUNKS: 503,
    Outcome.TWO_DEFAULTS: 503,
    Outcome.TWO_RULES: 503,
    Outcome.NO_ADDRESS: 503,
    Outcome.NO_ROOM: 486,
    Outcome.SERVER_CRASH: 503,
}


class TrunkMiss(StrEnum):
    """Why a trunk does not take a call."""

    CALLER = "caller"
    ADDRESS = "address"
    # It takes any number, and another trunk has this very one.
    DEFAULT = "default"


class RuleMiss(StrEnum):
    """Why a rule does not take a call. "Spelling": the number is listed, in another spelling."""

    TRUNK = "trunk"
    CALLER = "caller"
    CALLER_SPELLING = "caller_spelling"
    CALLED = "called"
    CALLED_SPELLING = "called_spelling"
    # Another PIN was typed, or none at all; and: one was typed, while this rule has none.
    PIN = "pin"
    NO_PIN = "no_pin"
    # It is for every trunk, and a rule for this trunk goes before it.
    CATCH_ALL = "catch_all"
    # Another rule is preferred, see `priority`.
    LATER = "later"


@dataclass(frozen=True)
class TrunkStep:
    """A trunk that was looked at; without a miss it takes the call."""

    trunk: InboundTrunk
    miss: TrunkMiss | None


@dataclass(frozen=True)
class RuleStep:
    """A rule that was looked at; without a miss it takes the call."""

    rule: DispatchRule
    miss: RuleMiss | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What LiveKit does with a call, and all that it looked at on the way.

    `room` is where the call goes; where `room_goes_on`, LiveKit adds random letters to it. `rules`
    are those that LiveKit fetches for the trunk; empty where it does not come to them. `asked_pin`:
    the caller was asked for one and has typed it. Of two trunks or rules that take one call,
    `between` has the ids, and `error` LiveKit's own text.
    """

    outcome: Outcome
    trunk: InboundTrunk | None = None
    rule: DispatchRule | None = None
    room: str = ""
    room_goes_on: bool = False
    asked_pin: bool = False
    error: str = ""
    between: tuple[str, ...] = ()
    trunks: tuple[TrunkStep, ...] = ()
    rules: tuple[RuleStep, ...] = ()

    @property
    def status(self) -> int | None:
        return STATUS[self.outcome]


class Exchange:
    """Trunks and rules, indexed: a decision costs what can match, not what there is.

    Ids are not empty, and no two trunks or rules have the same.
    """

    def __init__(self, trunks: Iterable[InboundTrunk], rules: Iterable[DispatchRule]) -> None:
        # LiveKit goes through both by id, and of two equal rules it takes the first.
        self.trunks = sorted(trunks, key=lambda trunk: trunk.id)
        self.rules = sorted(rules, key=lambda rule: rule.id)
        self._by_number: dict[str, list[InboundTrunk]] = defaultdict(list)
        self._defaults = [trunk for trunk in self.trunks if not trunk.numbers]
        for trunk in self.trunks:
            for number in dict.fromkeys(map(normalized, trunk.numbers)):
                self._by_number[number].append(trunk)
        self._catch_alls = [rule for rule in self.rules if not rule.trunk_ids]
        self._by_trunk: dict[str, list[DispatchRule]] = defaultdict(list)
        for rule in self.rules:
            for trunk_id in dict.fromkeys(rule.trunk_ids):
                self._by_trunk[trunk_id].append(rule)
        self._fetched: dict[str, tuple[list[DispatchRule], Refusal | None]] = {}

    def decide(self, invite: Invite) -> Decision:
        """What becomes of the call, up to its room: whether anybody is there is another matter."""
        if invite.source_ip and address(invite.source_ip) is None:
            return Decision(outcome=Outcome.NO_ADDRESS)
        looked = tuple(self._look_at_trunks(invite))
        taking = [step.trunk for step in looked if step.miss is None]
        if len(taking) > 1:
            return _two(taking, looked, invite)
        trunk = next(iter(taking), None)
        if refused := trunk and _login(trunk, invite):
            return Decision(outcome=refused, trunk=trunk, trunks=looked)
        return self._dispatch(trunk, looked, invite)

    def _look_at_trunks(self, invite: Invite) -> list[TrunkStep]:
        """The trunks that have the number or take any, each with its miss; no other takes the call.

        The last line of LiveKit's sieve comes first here: that a trunk is for other numbers
        says more than that it is for other callers.
        """
        named = self._by_number.get(normalized(invite.called), [])
        steps = [TrunkStep(trunk, _trunk_miss(trunk, invite)) for trunk in named]
        found = any(step.miss is None for step in steps)
        for trunk in self._defaults:
            miss = _trunk_miss(trunk, invite)
            steps.append(TrunkStep(trunk, miss or (TrunkMiss.DEFAULT if found else None)))
        return steps

    def _dispatch(
        self, trunk: InboundTrunk | None, looked: tuple[TrunkStep, ...], invite: Invite
    ) -> Decision:
        rules, conflict = self._fetch(trunk.id if trunk else "")
        if conflict:
            return Decision(
                outcome=Outcome.TWO_RULES,
                trunk=trunk,
                trunks=looked,
                error=conflict.message,
                between=conflict.between,
            )
        # LiveKit always asks first without a PIN, and again once the caller has typed one.
        steps = _look_at_rules(rules, trunk, invite, None)
        outcome = _outcome(_chosen(steps), trunk, invite, None)
        asked = outcome == Outcome.PIN_NEEDED and invite.pin is not None
        if asked:
            steps = _look_at_rules(rules, trunk, invite, invite.pin)
            outcome = _outcome(_chosen(steps), trunk, invite, invite.pin)
        rule = _chosen(steps)
        room, goes_on = "", False
        if rule and outcome == Outcome.ACCEPTED:
            room, goes_on = room_of(rule, invite)
        return Decision(
            outcome=outcome,
            trunk=trunk,
            rule=rule,
            room=room,
            room_goes_on=goes_on,
            asked_pin=asked,
            trunks=looked,
            rules=steps,
        )

    def _fetch(self, trunk_id: str) -> tuple[list[DispatchRule], Refusal | None]:
        """The rules that LiveKit looks at for a trunk, and what is wrong among them.

        Without a trunk ("") it looks at all of them, and one conflict anywhere is an error.
        """
        if trunk_id not in self._fetched:
            rules = self.rules
            if trunk_id:
                rules = [*self._catch_alls, *self._by_trunk.get(trunk_id, [])]
                rules.sort(key=lambda rule: rule.id)
            self._fetched[trunk_id] = rules, between_rules(rules)
        return self._fetched[trunk_id]


def room_of(rule: DispatchRule, invite: Invite) -> tuple[str, bool]:
    """The room's name, and whether LiveKit adds random letters to it."""
    if rule.kind == "direct":
        return rule.room, False
    caller = masked(invite.caller) if rule.hide_phone_number else invite.caller
    number = invite.called if rule.kind == "callee" else caller
    name = f"{rule.room}_{number}" if rule.room else number
    goes_on = rule.randomize if rule.kind == "callee" else not rule.no_randomness
    return (f"{name}_" if goes_on else name), goes_on


def masked(number: str) -> str:
    """What stays of a hidden caller's number: four digits, of a short one the last."""
    return number[-4:] if len(number) > 4 else number[-1:]


def priority(rule: DispatchRule) -> tuple[int, str]:
    """Lower is preferred. Certain callers weigh what certain numbers do, and more than a PIN."""
    penalty = 1000 * (not rule.inbound_numbers) + 1000 * (not rule.numbers)
    return penalty + (0 if rule.pin else 100) + KINDS.index(rule.kind), rule.room


def admits(masks: Sequence[str], source_ip: str, host: str = "") -> bool:
    """Whether an address list lets a call in.

    A list of which nothing is readable lets everybody in, and so does an unknown source. A mask is
    also compared, as text, with the host that the caller wrote into From: whoever knows a mask
    and writes it there is let in from anywhere.
    """
    readable = readable_masks(masks)
    source = address(source_ip)
    if source is None or not readable:
        return True
    return any(mask == host or _within(source, mask) for mask in readable)


def readable_masks(masks: Iterable[str]) -> list[str]:
    """The masks that LiveKit does not leave out; it may still understand none of them."""
    return [mask for mask in masks if not UNREADABLE.search(mask)]


def address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def network(mask: str) -> Address | Network | None:
    """A mask as LiveKit reads it; None: it is compared with host names only.

    1.2.3.4/24 is 1.2.3.0/24, but neither /024 nor /255.255.255.0 is a network.
    """
    start, slash, bits = mask.rpartition("/")
    if not slash:
        return address(mask)
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", bits) or "%" in start or address(start) is None:
        return None
    try:
        return ip_network(mask, strict=False)
    except ValueError:
        return None


def _within(source: Address, mask: str) -> bool:
    found = network(mask)
    if isinstance(found, IPv4Network | IPv6Network):
        # An address of one interface (fe80::1%eth0) is in no network.
        return "%" not in str(source) and source in found
    return source == found


def _listed(number: str, allowed: Sequence[str]) -> bool:
    return not allowed or normalized(number) in map(normalized, allowed)


def _trunk_miss(trunk: InboundTrunk, invite: Invite) -> TrunkMiss | None:
    if not _listed(invite.caller, trunk.allowed_numbers):
        return TrunkMiss.CALLER
    if not admits(trunk.allowed_addresses, invite.source_ip, invite.host):
        return TrunkMiss.ADDRESS
    return None


def _two(taking: list[InboundTrunk], looked: tuple[TrunkStep, ...], invite: Invite) -> Decision:
    named = bool(taking[0].numbers)
    kind = "SIP" if named else "default SIP"
    return Decision(
        outcome=Outcome.TWO_TRUNKS if named else Outcome.TWO_DEFAULTS,
        error=f'Multiple {kind} Trunks matched for "{invite.called}"',
        between=tuple(trunk.id for trunk in taking[:2]),
        trunks=looked,
    )


def asks_login(trunk: InboundTrunk) -> bool:
    """A name without a password, or a password without a name, is stored and never asked for."""
    return bool(trunk.auth_username and trunk.auth_password)


def _login(trunk: InboundTrunk, invite: Invite) -> Outcome | None:
    if not asks_login(trunk):
        return None
    if not invite.username:
        return Outcome.LOGIN_NEEDED
    if (invite.username, invite.password) == (trunk.auth_username, trunk.auth_password):
        return None
    return Outcome.WRONG_LOGIN


def _outcome(
    rule: DispatchRule | None, trunk: InboundTrunk | None, invite: Invite, pin: str | None
) -> Outcome:
    if rule is None and pin is not None:
        return Outcome.WRONG_PIN
    if rule is None:
        return Outcome.NO_RULE if trunk else Outcome.NO_TRUNK
    if rule.hide_phone_number and not invite.caller:
        return Outcome.SERVER_CRASH
    if rule.pin and pin is None:
        return Outcome.PIN_NEEDED
    if rule.kind == "direct" and not rule.room:
        return Outcome.NO_ROOM
    return Outcome.ACCEPTED


def _look_at_rules(
    rules: list[DispatchRule], trunk: InboundTrunk | None, invite: Invite, pin: str | None
) -> tuple[RuleStep, ...]:
    misses = [_rule_miss(rule, trunk, invite, pin) for rule in rules]
    fitting = [rule for rule, miss in zip(rules, misses, strict=True) if miss is None]
    specific = [rule for rule in fitting if rule.trunk_ids]
    chosen = min(specific or fitting, key=priority, default=None)
    return tuple(
        RuleStep(rule, miss or _lost(rule, chosen))
        for rule, miss in zip(rules, misses, strict=True)
    )


def _rule_miss(
    rule: DispatchRule, trunk: InboundTrunk | None, invite: Invite, pin: str | None
) -> RuleMiss | None:
    if rule.trunk_ids and (trunk is None or trunk.id not in rule.trunk_ids):
        return RuleMiss.TRUNK
    if rule.inbound_numbers and invite.caller not in rule.inbound_numbers:
        near = _listed(invite.caller, rule.inbound_numbers)
        return RuleMiss.CALLER_SPELLING if near else RuleMiss.CALLER
    if rule.numbers and invite.called not in rule.numbers:
        near = _listed(invite.called, rule.numbers)
        return RuleMiss.CALLED_SPELLING if near else RuleMiss.CALLED
    if pin is None or rule.pin == pin:
        return None
    return RuleMiss.PIN if rule.pin else RuleMiss.NO_PIN


def _lost(rule: DispatchRule, chosen: DispatchRule | None) -> RuleMiss | None:
    if chosen is None or rule is chosen:
        return None
    if chosen.trunk_ids and not rule.trunk_ids:
        return RuleMiss.CATCH_ALL
    return RuleMiss.LATER


def _chosen(steps: tuple[RuleStep, ...]) -> DispatchRule | None:
    return next((step.rule for step in steps if step.miss is None), None)
