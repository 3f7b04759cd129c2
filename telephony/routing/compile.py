"""From what staff saved to the objects that LiveKit should have: pure, exact, sorted."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from telephony.numbers import spelled, spellings
from telephony.routing import problems
from telephony.routing.addresses import AddressError, masks
from telephony.routing.wish import Line, Number, Problem, Resolved, Rule, Trunk
from veyra.livekit.types import AGENT_NAME, AgentDispatch, DispatchRule, InboundTrunk

# LiveKit's own defaults leave a caller ringing for three minutes and a forgotten handset talking
# to an assistant for hours.
RINGING = timedelta(seconds=30)
LONGEST_CALL = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class DesiredTrunk:
    """A trunk of LiveKit. What is `unknown` must stay as it is there; without it, do not create."""

    key: str
    source: str
    value: InboundTrunk
    # The numbers' keys, by each spelling in value.numbers.
    rows: tuple[tuple[str, str], ...] = ()
    unknown_addresses: bool = False
    unknown_login: bool = False


@dataclass(frozen=True, kw_only=True)
class DesiredRule:
    """A rule of LiveKit, and the keys of the desired trunks that it names; never none."""

    key: str
    source: str
    value: DispatchRule
    trunks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What LiveKit should have of the Veyra whose id is `installation`."""

    installation: str
    trunks: tuple[DesiredTrunk, ...] = ()
    rules: tuple[DesiredRule, ...] = ()
    problems: tuple[Problem, ...] = ()


def compile_line(line: Line, resolved: Resolved, also_admit: Iterable[str] = ()) -> Desired:
    """What LiveKit should have for `line`.

    `also_admit`: CIDRs that every connection with an address list takes calls from as well.
    """
    usable, found = problems.usable_rules(line)
    routes, unserved = problems.routes(line, usable)
    found += problems.idle(usable, routes, unserved)
    trunks: list[DesiredTrunk] = []
    for trunk in sorted(line.trunks, key=lambda each: each.key):
        made, wrong = _trunks(line, trunk, routes, resolved, tuple(also_admit))
        trunks += made
        found += wrong
    return Desired(
        installation=line.installation,
        trunks=tuple(sorted(trunks, key=lambda each: each.key)),
        rules=_rules(line, usable, routes),
        problems=tuple(found + unserved + problems.warnings(line, routes)),
    )


def _trunks(
    line: Line,
    trunk: Trunk,
    routes: problems.Routes,
    resolved: Resolved,
    also_admit: tuple[str, ...],
) -> tuple[list[DesiredTrunk], list[Problem]]:
    groups: dict[tuple[str, ...], list[Number]] = defaultdict(list)
    for number, rules in routes.items():
        if number.trunk == trunk.key:
            groups[rules].append(number)
    if not groups:
        return [], []
    wrong: list[Problem] = []
    admitted: tuple[str, ...] = ()
    try:
        admitted = masks(trunk.addresses, resolved)
    except AddressError as error:
        wrong.append(Problem(kind="trunk", key=trunk.key, sentence=error.sentence))
    unknown_addresses = bool(wrong)
    if admitted:
        admitted = tuple(sorted({*admitted, *also_admit}))
    login = problems.login(trunk)
    wrong += [login] if login else []
    keys = {rules: object_key(trunk.key, rules) for rules in groups}
    made = [
        DesiredTrunk(
            key=keys[rules],
            source=trunk.key,
            value=_trunk_value(trunk, metadata(line.installation, keys[rules]), numbers, admitted),
            rows=tuple(sorted((text, n.key) for n in numbers for text in spellings(n.number))),
            unknown_addresses=unknown_addresses,
            unknown_login=login is not None,
        )
        for rules, numbers in groups.items()
    ]
    return made, wrong


def object_key(trunk: str, rules: tuple[str, ...]) -> str:
    """The key of the object for the numbers of `trunk` that these rules serve (law 1)."""
    served = hashlib.sha256("\n".join(sorted(rules)).encode()).hexdigest()[:16]
    return f"trunk:{trunk}:{served}"


def _trunk_value(
    trunk: Trunk, mark: str, numbers: list[Number], admitted: tuple[str, ...]
) -> InboundTrunk:
    return InboundTrunk(
        name=trunk.name,
        metadata=mark,
        numbers=tuple(sorted(text for each in numbers for text in spellings(each.number))),
        allowed_addresses=admitted,
        auth_username=trunk.username,
        auth_password=trunk.password or "",
        ringing_timeout=RINGING,
        max_call_duration=LONGEST_CALL,
    )


def metadata(installation: str, key: str) -> str:
    """Whose an object is and which one, as it travels with it (law 3)."""
    return json.dumps({"veyra": key, "installation": installation})


def _rules(line: Line, usable: list[Rule], routes: problems.Routes) -> tuple[DesiredRule, ...]:
    spelling = {trunk.key: trunk.spelling for trunk in line.trunks}
    by_key = {rule.key: rule for rule in usable}
    # Trunks write callers in different ways: a rule for certain callers is an object for each way.
    served: dict[tuple[str, str], set[str]] = defaultdict(set)
    for number, rules in routes.items():
        for key in rules:
            way = spelling[number.trunk] if by_key[key].callers else ""
            served[key, way].add(object_key(number.trunk, rules))
    return tuple(
        _rule(line.installation, by_key[key], way, tuple(sorted(trunks)))
        for (key, way), trunks in sorted(served.items())
    )


def _rule(installation: str, rule: Rule, way: str, trunks: tuple[str, ...]) -> DesiredRule:
    key = f"rule:{rule.key}:{way}" if way else f"rule:{rule.key}"
    value = DispatchRule(
        name=rule.name,
        metadata=metadata(installation, key),
        kind=rule.kind,
        room=rule.room,
        pin=rule.pin,
        inbound_numbers=tuple(sorted({spelled(caller, way) for caller in rule.callers})),
        attributes=(("veyra.rule", rule.key),),
        agents=(AgentDispatch(agent_name=AGENT_NAME, metadata=brief(rule)),),
    )
    return DesiredRule(key=key, source=rule.key, value=value, trunks=trunks)


def brief(rule: Rule) -> str:
    """What travels down to the job (law 11): ids only, so editing an agent changes nothing here."""
    return json.dumps({"agent": rule.agent, "rule": rule.key}, sort_keys=True)
