"""The desired objects as LiveKit's present state allows them."""

from dataclasses import replace

from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from telephony.routing.actual import Actual, key_of
from telephony.routing.compile import Desired, DesiredRule, DesiredTrunk
from telephony.routing.hands import Hands
from telephony.routing.steps import calls_of, source_of
from telephony.routing.wish import Problem
from veyra.livekit.conflicts import normalized
from veyra.livekit.types import DispatchRule, InboundTrunk
from veyra.sentences import Sentence

# A number as LiveKit compares it -> the trunk that has it and that we must not change.
Foreign = dict[str, InboundTrunk]

HELD = gettext_noop(
    "“%(name)s” was changed in LiveKit, not here. Look at “Differences” and decide which of the"
    " two is right."
)


def fit(desired: Desired, hands: Hands) -> tuple[Desired, tuple[Problem, ...]]:
    """`desired` without what is held, what cannot stand beside foreign objects, and what has no
    known address.
    """
    actual = hands.actual
    foreign = {
        normalized(text): trunk
        for trunk in actual.trunks
        if not hands.may_change(trunk)
        for text in trunk.numbers
    }
    trunks: list[DesiredTrunk] = []
    problems: dict[str, Problem] = {}
    for wanted in desired.trunks:
        if wanted.key in hands.frozen:
            continue
        free, taken = _without_foreign(wanted, foreign, hands)
        problems |= {problem.key: problem for problem in taken}
        kept = _with_unknown(free, actual, desired.installation) if free else None
        trunks += [kept] if kept else []
    standing = {trunk.key for trunk in trunks} | hands.frozen.keys()
    free_rules = [rule for rule in desired.rules if rule.key not in hands.frozen]
    rules = [
        replace(rule, trunks=tuple(key for key in rule.trunks if key in standing))
        for rule in free_rules
    ]
    rules, clashes = _without_clashes(rules, hands)
    # A rule without a trunk would take every call of everybody (law 2).
    served = tuple(rule for rule in rules if rule.trunks)
    possible = replace(desired, trunks=tuple(trunks), rules=served)
    waiting = _waiting(tuple(free_rules), served)
    return possible, (*problems.values(), *clashes, *_of_held(desired, hands), *waiting)


def _without_foreign(
    wanted: DesiredTrunk, foreign: Foreign, hands: Hands
) -> tuple[DesiredTrunk | None, list[Problem]]:
    taken = {row: text for text, row in wanted.rows if normalized(text) in foreign}
    if not taken:
        return wanted, []
    rows = tuple((text, row) for text, row in wanted.rows if row not in taken)
    value = replace(wanted.value, numbers=tuple(sorted(text for text, _row in rows)))
    problems = [_taken(row, text, foreign[normalized(text)], hands) for row, text in taken.items()]
    return replace(wanted, value=value, rows=rows) if rows else None, problems


def _without_clashes(
    rules: list[DesiredRule], hands: Hands
) -> tuple[list[DesiredRule], list[Problem]]:
    """Rules without the trunks where a rule that we must not change takes the same calls already.

    LiveKit would let a rule of ours name such a trunk, and then answer none of these calls.
    """
    others = [each for each in hands.actual.rules if not hands.may_change(each)]
    if not others:
        return rules, []
    now: dict[str, set[str]] = {}
    for found in hands.actual.rules:
        if hands.may_change(found):
            now.setdefault(hands.key(found), set()).update(found.trunk_ids)
    ids: dict[str, list[str]] = {}
    for trunk in hands.actual.trunks:
        ids.setdefault(hands.key(trunk), []).append(trunk.id)
    kept, problems = [], []
    for rule in rules:
        clashing = {
            key: other
            for key in rule.trunks
            for livekit_id in ids.get(key, ())
            if livekit_id not in now.get(rule.key, ())
            and (other := _same_calls(rule.value, livekit_id, others))
        }
        kept.append(replace(rule, trunks=tuple(k for k in rule.trunks if k not in clashing)))
        problems += [_answered(rule, other, hands) for other in list(clashing.values())[:1]]
    return kept, problems


def _same_calls(
    rule: DispatchRule, livekit_id: str, others: list[DispatchRule]
) -> DispatchRule | None:
    mine = calls_of(replace(rule, trunk_ids=(livekit_id,)))
    return next((each for each in others if mine & calls_of(each)), None)


def _answered(rule: DesiredRule, other: DispatchRule, hands: Hands) -> Problem:
    if other.id in hands.held:
        sentence = Sentence(HELD, {"name": other.name or other.id})
        return Problem(kind="rule", key=rule.source, sentence=sentence, held=True)
    msgid = gettext_noop(
        "Another rule in LiveKit (%(id)s) already answers these calls. Delete it there; until"
        " then Veyra tries again every half minute."
    )
    return Problem(kind="rule", key=rule.source, sentence=Sentence(msgid, {"id": other.id}))


def _of_held(desired: Desired, hands: Hands) -> list[Problem]:
    """The numbers whose trunk or rule is held."""
    rules: dict[str, str] = {}
    for rule in desired.rules:
        if rule.key in hands.frozen:
            rules |= dict.fromkeys(rule.trunks, rule.value.name)
    found: dict[str, Problem] = {}
    for trunk in desired.trunks:
        name = trunk.value.name if trunk.key in hands.frozen else rules.get(trunk.key)
        for _text, row in trunk.rows if name else ():
            sentence = Sentence(HELD, {"name": name})
            found[row] = Problem(kind="number", key=row, sentence=sentence, held=True)
    return list(found.values())


def _taken(row: str, text: str, holder: InboundTrunk, hands: Hands) -> Problem:
    if holder.id in hands.held:
        sentence = Sentence(HELD, {"name": holder.name or holder.id})
        return Problem(kind="number", key=row, sentence=sentence, held=True)
    msgid = gettext_noop(
        "%(number)s is already taken in LiveKit by “%(holder)s” (%(id)s), which this Veyra"
        " does not manage. Delete it there, and the number will be published here."
    )
    values = {"number": pretty(text), "holder": holder.name or "?", "id": holder.id}
    return Problem(kind="number", key=row, sentence=Sentence(msgid, values))


def _with_unknown(wanted: DesiredTrunk, actual: Actual, installation: str) -> DesiredTrunk | None:
    """Addresses and login that are unknown now stay as LiveKit has them; else do not publish."""
    if not wanted.unknown_addresses and not wanted.unknown_login:
        return wanted
    before = next(
        (
            trunk
            for trunk in actual.trunks
            if (key := key_of(trunk.metadata, installation)) and source_of(key) == wanted.source
        ),
        None,
    )
    if before is None:
        return None
    value = wanted.value
    if wanted.unknown_addresses:
        value = replace(value, allowed_addresses=before.allowed_addresses)
    if wanted.unknown_login:
        login = before.auth_username, before.auth_password
        value = replace(value, auth_username=login[0], auth_password=login[1])
    return replace(wanted, value=value)


def _waiting(before: tuple[DesiredRule, ...], served: tuple[DesiredRule, ...]) -> list[Problem]:
    stand = {rule.source for rule in served}
    msgid = gettext_noop(
        "None of the numbers of “%(rule)s” can be published. See what is wrong with them under"
        " “Numbers” and “Provider connections”."
    )
    lost = {rule.source: rule.value.name for rule in before if rule.source not in stand}
    return [
        Problem(kind="rule", key=key, sentence=Sentence(msgid, {"rule": name}))
        for key, name in lost.items()
    ]
