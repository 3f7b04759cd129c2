"""Where a call would go as the line is saved, and why all else was passed over. Pure.

The decision is veyra.livekit.matching's, about the objects that the line compiles to; the steps
tell it in the words of staff, with the row whose page changes each.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Literal

from telephony.numbers import EXTENSION, NumberError, e164, spelled, spellings
from telephony.routing.addresses import AddressError, masks
from telephony.routing.compile import Desired, compile_line
from telephony.routing.signin import networks
from telephony.routing.wish import Agent, Line, Number, Resolved, Rule, Trunk
from veyra.livekit.conflicts import normalized
from veyra.livekit.matching import Decision, Exchange, Invite, Outcome
from veyra.sentences import Sentence

# To LiveKit 8499… is a number of its own, and to us a spelling of +7499….
RUSSIAN = re.compile(r"\+[78](\d{10})")


Kind = Literal[
    "trunk",
    "number",
    "rule",
    "agent",
    "call",
    "try",
    "worker",
    "entrance",
    "differences",
    "hours",
    "keys",
]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A call that nobody has placed.

    `trunk`: the key of the connection that it comes through; "": that of the called number.
    `source_ip`: "" is an address of that connection. `exact`: both numbers are written as the
    provider writes them; else as a person does, and we write them as the provider would.
    """

    called: str
    caller: str = ""
    source_ip: str = ""
    trunk: str = ""
    exact: bool = False


class Mark(StrEnum):
    """What a step is to the call: it goes on here, it is not for this call, it ends here."""

    TAKES = "takes"
    PASSED = "passed"
    STOPS = "stops"


@dataclass(frozen=True)
class Row:
    """The page that changes what a sentence says: that of the row with this key, or of a new one.

    "try": calling the number; "worker", "entrance", "differences" and "keys" have one page, and no
    key.
    """

    kind: Kind
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    sentence: Sentence
    mark: Mark
    row: Row | None = None


@dataclass(frozen=True, kw_only=True)
class Way:
    """An end that the call may come to. `pin`: after it was typed ("": # alone); None: unasked."""

    decision: Decision
    rule: Rule
    agent: Agent | None
    pin: str | None = None

    @property
    def room(self) -> str:
        """Its name, as far as it is known before the call."""
        return f"{self.decision.room}…" if self.decision.room_goes_on else self.decision.room

    @property
    def answers(self) -> bool:
        return self.agent is not None and self.agent.answers


@dataclass(frozen=True, kw_only=True)
class Route:
    """What becomes of a call. `decision` is about the caller who has typed no PIN yet.

    `objects`: keys of what LiveKit must have for it. `ways`: none where nobody takes the call.
    """

    invite: Invite
    decision: Decision
    numbers: tuple[Number, ...]
    trunk: Trunk | None
    ways: tuple[Way, ...]
    desired: Desired
    objects: tuple[str, ...]

    @property
    def answers(self) -> bool:
        return any(way.answers for way in self.ways)


def find(
    question: Question, line: Line, resolved: Resolved, also_admit: Iterable[str] = ()
) -> Route:
    """What becomes of the call. `line` needs no more than the rows around `could_be` has."""
    desired = compile_line(line, resolved, also_admit)
    exchange = exchange_of(desired)
    invite = invite_of(question, line, resolved)
    decision = exchange.decide(invite)
    ways = tuple(_ways(exchange, invite, decision, line, desired))
    sources = {trunk.key: trunk.source for trunk in desired.trunks}
    source = sources[decision.trunk.id] if decision.trunk else ""
    numbers = [each for each in line.numbers if is_called(each, invite.called)]
    # One in the archive is told of only where there is no other.
    numbers = [each for each in numbers if not each.archived] or numbers[:1]
    return Route(
        invite=invite,
        decision=decision,
        numbers=tuple(numbers),
        trunk=next((each for each in line.trunks if each.key == source), None),
        ways=ways,
        desired=desired,
        objects=_objects(decision, ways, numbers),
    )


def could_be(called: str) -> tuple[str, ...]:
    """The saved numbers that may be meant, or found by LiveKit, where this number is called."""
    written = normalized(called.strip())
    found = [written, called.strip(), _meant(called)]
    for text in tuple(found):
        if twin := RUSSIAN.fullmatch(text):
            found += ["+7" + twin[1], "+8" + twin[1]]
    if EXTENSION.fullmatch(written[1:]):
        found.append(written[1:])
    return tuple(dict.fromkeys(found))


def is_called(number: Number, called: str) -> bool:
    """Does LiveKit take what is written in the call for this number?"""
    return normalized(called) in map(normalized, spellings(number.number))


def _meant(text: str) -> str:
    """What a person means; what is no number stays as it is."""
    try:
        return e164(text)
    except NumberError:
        return text.strip()


def exchange_of(desired: Desired) -> Exchange:
    """LiveKit with exactly these objects; their keys are their ids."""
    return Exchange(
        [replace(trunk.value, id=trunk.key) for trunk in desired.trunks],
        [replace(rule.value, id=rule.key, trunk_ids=rule.trunks) for rule in desired.rules],
    )


def invite_of(question: Question, line: Line, resolved: Resolved) -> Invite:
    """The call as LiveKit would see it. The connection is taken to give its right login."""
    number = _number_of(question, line)
    wanted = question.trunk or (number.trunk if number else "")
    trunk = next((each for each in line.trunks if each.key == wanted), None)
    spelling = trunk.delivers if trunk else "any"
    called, caller = question.called.strip(), question.caller.strip()
    if not question.exact:
        called = spelled(number.number if number else _meant(called), spelling)
        caller = spelled(_meant(caller), spelling)
    source = question.source_ip
    if trunk and trunk.registers:
        source = _through_registrar(source, trunk, line, resolved)
    if question.trunk and trunk and not source:
        source = _an_address(trunk, resolved)
    return Invite(
        caller=caller,
        called=called,
        source_ip=source,
        username=trunk.username if trunk else "",
        password=(trunk.password or "") if trunk else "",
    )


def _number_of(question: Question, line: Line) -> Number | None:
    """Our number that the question is about; one that is in use goes first."""
    meant = question.called if question.exact else _meant(question.called)
    found = [each for each in line.numbers if is_called(each, meant)]
    found += [each for each in line.numbers if is_called(each, question.called.strip())]
    return min(found, key=lambda each: not each.in_use, default=None)


def _through_registrar(source: str, trunk: Trunk, line: Line, resolved: Resolved) -> str:
    """Calls of a provider that we sign in at reach the gateway from our registrar."""
    known = map(ip_network, networks(trunk, resolved))
    if line.registrar and (not source or any(ip_address(source) in each for each in known)):
        return str(ip_network(line.registrar[0])[0])
    return source


def _an_address(trunk: Trunk, resolved: Resolved) -> str:
    """One that the connection calls from; "" where it names none."""
    try:
        known = masks(trunk.addresses, resolved)
    except AddressError:
        return ""
    return str(ip_network(known[0])[0]) if known else ""


def _ways(
    exchange: Exchange, invite: Invite, first: Decision, line: Line, desired: Desired
) -> Iterable[Way]:
    """Where the call may end: at once, or after each PIN that leads anywhere."""
    decisions: list[tuple[str | None, Decision]] = [(None, first)]
    if first.outcome == Outcome.PIN_NEEDED:
        pins = sorted({step.rule.pin for step in first.rules}, key=lambda pin: (not pin, pin))
        decisions = [(pin, exchange.decide(replace(invite, pin=pin))) for pin in pins]
    sources = {rule.key: rule.source for rule in desired.rules}
    rules = {rule.key: rule for rule in line.rules}
    agents = {agent.key: agent for agent in line.agents}
    for pin, decision in decisions:
        if decision.outcome == Outcome.ACCEPTED and decision.rule:
            rule = rules[sources[decision.rule.id]]
            yield Way(decision=decision, rule=rule, agent=agents.get(rule.agent), pin=pin)


def _objects(decision: Decision, ways: tuple[Way, ...], numbers: list[Number]) -> tuple[str, ...]:
    if not ways or decision.trunk is None:
        return ()
    rules = [way.decision.rule.id for way in ways if way.decision.rule]
    rows = [f"number:{number.key}" for number in numbers]
    return (decision.trunk.id, *dict.fromkeys(rules), *rows)
