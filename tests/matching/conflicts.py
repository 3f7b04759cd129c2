"""What stops calls, whoever places them: nothing, in a set that may be sent to LiveKit."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from veyra.livekit.conflicts import between_rules, normalized
from veyra.livekit.matching import Exchange, Outcome
from veyra.livekit.types import InboundTrunk


@dataclass(frozen=True)
class Conflict:
    """Two objects, by id, that stop a call by both taking it: of `number`, where it is one's."""

    outcome: Outcome
    between: tuple[str, ...]
    number: str = ""


def conflicts(exchange: Exchange) -> list[Conflict]:
    """Two trunks on one number count wherever their callers meet, though other addresses may keep
    them apart; two rules, on each trunk that there is.
    """
    on: dict[str, list[InboundTrunk]] = defaultdict(list)
    for trunk in exchange.trunks:
        for number in dict.fromkeys(map(normalized, trunk.numbers)):
            on[number].append(trunk)
    found = [
        Conflict(Outcome.TWO_TRUNKS, pair, number)
        for number, trunks in sorted(on.items())
        for pair in _meeting(trunks)
    ]
    defaults = _meeting(trunk for trunk in exchange.trunks if not trunk.numbers)
    found += [Conflict(Outcome.TWO_DEFAULTS, pair) for pair in defaults]
    rules = dict.fromkeys(_between_rules(exchange))
    return found + [Conflict(Outcome.TWO_RULES, pair) for pair in rules]


def _between_rules(exchange: Exchange) -> Iterable[tuple[str, ...]]:
    for trunk in exchange.trunks:
        its = [each for each in exchange.rules if not each.trunk_ids or trunk.id in each.trunk_ids]
        if refusal := between_rules(its):
            yield refusal.between


def _meeting(trunks: Iterable[InboundTrunk]) -> Iterable[tuple[str, str]]:
    for one, other in combinations(trunks, 2):
        if _share_a_caller(one, other):
            yield one.id, other.id


def _share_a_caller(one: InboundTrunk, other: InboundTrunk) -> bool:
    if not one.allowed_numbers or not other.allowed_numbers:
        return True
    theirs = set(map(normalized, other.allowed_numbers))
    return any(normalized(number) in theirs for number in one.allowed_numbers)
