"""Who answers a call, as livekit-server v1.13.5 decides it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from veyra.livekit.simulator.validation import check_rules, normalized, refused
from veyra.livekit.types import DispatchRule, InboundTrunk


@dataclass(frozen=True)
class Invite:
    """A call that wants in: numbers as the provider writes them, and where it comes from."""

    caller: str
    called: str
    source_ip: str
    username: str = ""
    password: str = ""


def match_trunk(trunks: Iterable[InboundTrunk], invite: Invite) -> InboundTrunk | None:
    """The trunk that takes the call. Two that do are an error, and the caller gets 503."""
    fitting = [
        trunk
        for trunk in trunks
        if _fits(invite.caller, trunk.allowed_numbers)
        and _comes_from(invite.source_ip, trunk.allowed_addresses)
    ]
    named = [trunk for trunk in fitting if trunk.numbers and _fits(invite.called, trunk.numbers)]
    anyone = [trunk for trunk in fitting if not trunk.numbers]
    if len(named) > 1:
        message = f'Multiple SIP Trunks matched for "{invite.called}"'
        raise refused(message, "failed_precondition")
    if not named and len(anyone) > 1:
        message = f'Multiple default SIP Trunks matched for "{invite.called}"'
        raise refused(message, "failed_precondition")
    return next(iter(named or anyone), None)


def match_rule(
    trunk: InboundTrunk | None, rules: Sequence[DispatchRule], invite: Invite
) -> DispatchRule | None:
    """The rule that takes the call. One pair of rules in conflict stops every call (503)."""
    check_rules(rules)
    fitting = [
        rule
        for rule in rules
        if (not rule.inbound_numbers or invite.caller in rule.inbound_numbers)
        and (not rule.numbers or invite.called in rule.numbers)
    ]
    specific = [rule for rule in fitting if trunk and trunk.id in rule.trunk_ids]
    default = [rule for rule in fitting if not rule.trunk_ids]
    return min(specific or default, key=_priority, default=None)


def _priority(rule: DispatchRule) -> tuple[bool, bool, int, bool, str]:
    """PIN first, then the kind; rules for certain callers or numbers before those for all."""
    kind = ["direct", "individual", "callee"].index(rule.kind)
    return not rule.inbound_numbers, not rule.pin, kind, not rule.numbers, rule.room


def _fits(number: str, allowed: Sequence[str]) -> bool:
    return not allowed or normalized(number) in map(normalized, allowed)


def _comes_from(source: str, masks: Sequence[str]) -> bool:
    return not masks or any(_within(source, mask) for mask in masks)


def _within(source: str, mask: str) -> bool:
    try:
        return ip_address(source) in ip_network(mask, strict=False)
    except ValueError:  # a host name or nonsense matches no address
        return False
