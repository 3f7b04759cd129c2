"""From what staff saved to the objects that LiveKit should have: pure, exact, sorted."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from agentworker.brief import Brief
from telephony.numbers import spelled, spellings
from telephony.routing import problems
from telephony.routing.addresses import AddressError, masks
from telephony.routing.carriers import Carriers
from telephony.routing.outgoing import calls_out, fault, key_of_outbound, outbound_value
from telephony.routing.signin import SOURCE, unknown_registrar
from telephony.routing.wish import Line, Number, Problem, Resolved, Rule, Trunk
from veyra.livekit.types import (
    AGENT_NAME,
    AgentDispatch,
    DispatchRule,
    InboundTrunk,
    OutboundTrunk,
)

# LiveKit's own defaults leave a caller ringing for three minutes and a forgotten handset talking
# to an assistant for hours.
RINGING = timedelta(seconds=30)
LONGEST_CALL = timedelta(minutes=30)
# For so many seconds people are rung at most before an assistant speaks: then callers give up.
LONGEST_WAIT = 60


@dataclass(frozen=True, kw_only=True)
class DesiredTrunk:
    """A trunk of LiveKit. What is `unknown` must stay as it is there; without it, do not create."""

    key: str
    source: str
    value: InboundTrunk
    # The row whose calls it takes besides, where its numbers have a reserve connection.
    reserve: str = ""
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
class DesiredOutbound:
    """A trunk of LiveKit for calls out: each saved connection that dials has one."""

    key: str
    source: str
    value: OutboundTrunk


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What LiveKit should have of the Veyra whose id is `installation`.

    `seal`: the key of the seals on its objects.
    """

    installation: str
    seal: str = field(default="", repr=False)
    trunks: tuple[DesiredTrunk, ...] = ()
    rules: tuple[DesiredRule, ...] = ()
    outbound: tuple[DesiredOutbound, ...] = ()
    problems: tuple[Problem, ...] = ()


def compile_line(line: Line, resolved: Resolved, also_admit: Iterable[str] = ()) -> Desired:
    """What LiveKit should have for `line`.

    `also_admit`: CIDRs that every connection with an address list takes calls from as well.
    """
    usable, found = problems.usable_rules(line)
    routes, unserved = problems.routes(line, usable)
    found += problems.idle(usable, routes, unserved)
    waits = waits_of(line)
    trunks, wrong = _trunks(line, routes, resolved, tuple(also_admit), waits)
    found += wrong
    outbound, cannot = _outbound(line)
    found += cannot
    return Desired(
        installation=line.installation,
        seal=line.seal,
        trunks=tuple(sorted(trunks, key=lambda each: each.key)),
        rules=_rules(line, usable, routes, waits),
        outbound=outbound,
        problems=tuple(found + unserved + problems.warnings(line, routes)),
    )


def waits_of(line: Line) -> dict[str, int]:
    """For how many seconds people are rung first, by the keys of rules; only those that do so.

    Where all who call share one room, nobody is: somebody may be talking there.
    """
    seconds = {people.key: people.seconds for people in line.people}
    found = {rule.key: seconds.get(rule.first, 0) for rule in line.rules if rule.kind != "direct"}
    return {key: min(wait, LONGEST_WAIT) for key, wait in found.items() if wait}


def _trunks(
    line: Line,
    routes: problems.Routes,
    resolved: Resolved,
    also_admit: tuple[str, ...],
    waits: Mapping[str, int],
) -> tuple[list[DesiredTrunk], list[Problem]]:
    brought_by = Carriers(line.trunks)
    groups: dict[tuple[tuple[Trunk, ...], tuple[str, ...]], list[Number]] = defaultdict(list)
    for number, rules in routes.items():
        groups[brought_by[number], rules].append(number)
    used = {trunk.key: trunk for group in groups for trunk in group[0]}
    admitted, wrong = _admitted(line, [used[key] for key in sorted(used)], resolved)
    made = []
    for (found, rules), numbers in groups.items():
        own, *reserve = found
        key = object_key(tuple(trunk.key for trunk in found), rules)
        mark = metadata(line.installation, key)
        cidrs = {cidr for trunk in found for cidr in admitted.get(trunk.key, ())}
        allowed = tuple(sorted({*cidrs, *also_admit})) if cidrs else ()
        made.append(
            DesiredTrunk(
                key=key,
                source=own.key,
                reserve=reserve[0].key if reserve else "",
                value=_trunk_value(
                    found, mark, numbers, allowed, max(waits.get(rule, 0) for rule in rules)
                ),
                rows=tuple(sorted((text, n.key) for n in numbers for text in spellings(n.number))),
                unknown_addresses=any(trunk.key not in admitted for trunk in found),
                unknown_login=problems.login(own) is not None,
            )
        )
    return made, wrong


def _admitted(
    line: Line, trunks: list[Trunk], resolved: Resolved
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """The CIDRs of each connection, none for one whose addresses are unknown; and what is wrong."""
    found: dict[str, tuple[str, ...]] = {}
    wrong: list[Problem] = []
    for trunk in trunks:
        try:
            found[trunk.key] = _masks(line, trunk, resolved)
        except AddressError as error:
            wrong.append(Problem(kind="trunk", key=trunk.key, sentence=error.sentence))
        login = problems.login(trunk)
        wrong += [login] if login else []
    return found, wrong


def _masks(line: Line, trunk: Trunk, resolved: Resolved) -> tuple[str, ...]:
    """The CIDRs that the gateway sees the connection's calls come from. Raises AddressError."""
    if not trunk.registers:
        return masks(trunk.addresses, resolved)
    if not line.registrar:
        raise AddressError(unknown_registrar())
    return line.registrar


def object_key(trunks: tuple[str, ...], rules: tuple[str, ...]) -> str:
    """The key of the object for the numbers of `trunks` that these rules serve (law 1)."""
    own, *reserve = trunks
    served = hashlib.sha256("\n".join([*sorted(rules), *reserve]).encode()).hexdigest()[:16]
    return f"trunk:{own}:{served}"


def _trunk_value(
    trunks: tuple[Trunk, ...],
    mark: str,
    numbers: list[Number],
    admitted: tuple[str, ...],
    wait: int,
) -> InboundTrunk:
    trunk = trunks[0]
    return InboundTrunk(
        name=trunk.name,
        metadata=mark,
        numbers=tuple(sorted(text for each in numbers for text in spellings(each.number))),
        allowed_addresses=admitted,
        auth_username=trunk.username,
        auth_password=trunk.password or "",
        ringing_timeout=RINGING + timedelta(seconds=wait),
        max_call_duration=LONGEST_CALL,
        headers_to_attributes=SOURCE if any(each.registers for each in trunks) else (),
    )


def metadata(installation: str, key: str) -> str:
    """Whose an object is and which one, as it travels with it (law 3)."""
    return json.dumps({"veyra": key, "installation": installation})


def _outbound(line: Line) -> tuple[tuple[DesiredOutbound, ...], list[Problem]]:
    numbers: dict[str, list[str]] = defaultdict(list)
    for number in line.numbers:
        if number.in_use and not problems.number_fault(number):
            numbers[number.trunk].append(number.number)
    made: list[DesiredOutbound] = []
    wrong: list[Problem] = []
    for trunk in sorted(filter(calls_out, line.trunks), key=lambda each: each.key):
        if sentence := fault(trunk, numbers[trunk.key]):
            wrong.append(Problem(kind="trunk", key=trunk.key, sentence=sentence))
            continue
        key = key_of_outbound(trunk.key)
        value = outbound_value(trunk, metadata(line.installation, key), numbers[trunk.key])
        made.append(DesiredOutbound(key=key, source=trunk.key, value=value))
    return tuple(made), wrong


def _rules(
    line: Line, usable: list[Rule], routes: problems.Routes, waits: Mapping[str, int]
) -> tuple[DesiredRule, ...]:
    brought_by = Carriers(line.trunks)
    by_key = {rule.key: rule for rule in usable}
    # Trunks write callers in different ways: a rule for certain callers is an object for each way.
    served: dict[tuple[str, str], set[str]] = defaultdict(set)
    for number, rules in routes.items():
        found = brought_by[number]
        for key in rules:
            way = found[0].delivers if by_key[key].callers else ""
            served[key, way].add(object_key(tuple(trunk.key for trunk in found), rules))
    return tuple(
        _rule(line.installation, by_key[key], way, tuple(sorted(trunks)), waits.get(key, 0))
        for (key, way), trunks in sorted(served.items())
    )


def _rule(
    installation: str, rule: Rule, way: str, trunks: tuple[str, ...], wait: int
) -> DesiredRule:
    key = f"rule:{rule.key}:{way}" if way else f"rule:{rule.key}"
    value = DispatchRule(
        name=rule.name,
        metadata=metadata(installation, key),
        kind=rule.kind,
        room=rule.room,
        pin=rule.pin,
        inbound_numbers=tuple(sorted({spelled(caller, way) for caller in rule.callers})),
        attributes=(("veyra.rule", rule.key),),
        agents=(AgentDispatch(agent_name=AGENT_NAME, metadata=brief(rule, wait)),),
    )
    return DesiredRule(key=key, source=rule.key, value=value, trunks=trunks)


def brief(rule: Rule, wait: int = 0) -> str:
    """What travels down to the job (law 11): ids, so editing an agent changes nothing here; and for
    how long it waits while people are rung, and what the rule says about recording.
    """
    return Brief(agent=rule.agent, rule=rule.key, wait=wait, recording=rule.recording).to_json()
