"""The desired objects as LiveKit's present state allows them."""

from dataclasses import replace

from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from telephony.routing.actual import Actual, key_of, normal
from telephony.routing.compile import Desired, DesiredRule, DesiredTrunk
from telephony.routing.steps import source_of
from telephony.routing.wish import Problem
from veyra.livekit.types import InboundTrunk
from veyra.sentences import Sentence

# A number as LiveKit compares it -> the trunk of somebody else that has it.
Foreign = dict[str, InboundTrunk]


def fit(desired: Desired, actual: Actual) -> tuple[Desired, tuple[Problem, ...]]:
    """`desired` without what cannot stand beside foreign objects or without a known address."""
    foreign = {
        normal(text): trunk
        for trunk in actual.trunks
        if key_of(trunk.metadata, desired.installation) is None
        for text in trunk.numbers
    }
    trunks: list[DesiredTrunk] = []
    problems: dict[str, Problem] = {}
    for wanted in desired.trunks:
        free, taken = _without_foreign(wanted, foreign)
        problems |= {problem.key: problem for problem in taken}
        kept = _with_unknown(free, actual, desired.installation) if free else None
        trunks += [kept] if kept else []
    standing = {trunk.key for trunk in trunks}
    rules = [
        replace(rule, trunks=tuple(key for key in rule.trunks if key in standing))
        for rule in desired.rules
    ]
    # A rule without a trunk would take every call of everybody (law 2).
    served = tuple(rule for rule in rules if rule.trunks)
    possible = replace(desired, trunks=tuple(trunks), rules=served)
    return possible, (*problems.values(), *_waiting(desired.rules, served))


def _without_foreign(
    wanted: DesiredTrunk, foreign: Foreign
) -> tuple[DesiredTrunk | None, list[Problem]]:
    taken = {row: text for text, row in wanted.rows if normal(text) in foreign}
    if not taken:
        return wanted, []
    rows = tuple((text, row) for text, row in wanted.rows if row not in taken)
    value = replace(wanted.value, numbers=tuple(sorted(text for text, _row in rows)))
    problems = [_taken(row, text, foreign[normal(text)]) for row, text in taken.items()]
    return replace(wanted, value=value, rows=rows) if rows else None, problems


def _taken(row: str, text: str, holder: InboundTrunk) -> Problem:
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
