"""One step of a plan, and the order in which rules can change without refusing each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from veyra.livekit import conflicts
from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError, OutboundTrunk
from veyra.sentences import Sentence

Verb = Literal["create", "replace", "delete", "adopt"]
# The id of an object that an earlier step of the same plan creates.
NEW = "new:"


@dataclass(frozen=True, kw_only=True)
class Action:
    """One step. `needs`: where a step on one of these keys failed, this one must not be taken.

    `livekit_id` and a rule's trunk_ids may be NEW + the key of an object created before.
    An "adopt" asks nothing of LiveKit: the object is ours already, and only unknown here.
    """

    verb: Verb
    key: str
    source: str
    livekit_id: str
    sentence: Sentence
    trunk: InboundTrunk | None = None
    rule: DispatchRule | None = None
    outbound: OutboundTrunk | None = None
    needs: frozenset[str] = frozenset()

    @property
    def kind(self) -> Literal["trunk", "rule", "outbound"]:
        if self.key.startswith("outbound:"):
            return "outbound"
        return "rule" if self.key.startswith("rule:") else "trunk"


@dataclass(frozen=True)
class Result:
    """What came of a step. Neither done nor an error: it was left out, since another failed."""

    action: Action
    livekit_id: str = ""
    error: LiveKitError | None = None
    done: bool = False


def source_of(key: str) -> str:
    """The key of the saved row that an object's key comes from."""
    parts = key.split(":")
    return parts[1] if len(parts) > 1 else ""


def trunk_step(
    verb: Verb, key: str, livekit_id: str, trunk: InboundTrunk, needs: frozenset[str] = frozenset()
) -> Action:
    return Action(
        verb=verb,
        key=key,
        source=source_of(key),
        livekit_id=livekit_id,
        sentence=_trunk_sentence(verb, trunk),
        trunk=trunk,
        needs=needs,
    )


def rule_step(
    verb: Verb, key: str, livekit_id: str, rule: DispatchRule, needs: frozenset[str] = frozenset()
) -> Action:
    return Action(
        verb=verb,
        key=key,
        source=source_of(key),
        livekit_id=livekit_id,
        sentence=Sentence(RULE_SENTENCES[verb], {"name": rule.name}),
        rule=rule,
        needs=needs,
    )


def outbound_step(verb: Verb, key: str, livekit_id: str, outbound: OutboundTrunk) -> Action:
    return Action(
        verb=verb,
        key=key,
        source=source_of(key),
        livekit_id=livekit_id,
        sentence=Sentence(OUTBOUND_SENTENCES[verb], {"name": outbound.name}),
        outbound=outbound,
    )


OUTBOUND_SENTENCES: dict[Verb, str] = {
    "create": gettext_noop("Let “%(name)s” place calls."),
    "replace": gettext_noop("Change how “%(name)s” places calls."),
    "delete": gettext_noop("Let “%(name)s” place no more calls."),
    "adopt": gettext_noop("“%(name)s” places calls in LiveKit already."),
}
TRUNK_SENTENCES: dict[Verb, str] = {
    "create": gettext_noop("Publish “%(name)s”: %(numbers)s."),
    "replace": gettext_noop("Change “%(name)s”: %(numbers)s."),
    "delete": gettext_noop("Take “%(name)s” out of LiveKit: %(numbers)s."),
    "adopt": gettext_noop("“%(name)s” is in LiveKit already: %(numbers)s."),
}
RULE_SENTENCES: dict[Verb, str] = {
    "create": gettext_noop("Publish who answers: “%(name)s”."),
    "replace": gettext_noop("Change who answers: “%(name)s”."),
    "delete": gettext_noop("Take “%(name)s” out of LiveKit."),
    "adopt": gettext_noop("“%(name)s” is in LiveKit already."),
}


def _trunk_sentence(verb: Verb, trunk: InboundTrunk) -> Sentence:
    # The other spellings of the same numbers would only repeat them.
    shown = [text for text in trunk.numbers if text.startswith("+")] or trunk.numbers
    text = ", ".join(map(pretty, shown[:5])) + (f" +{len(shown) - 5}" if len(shown) > 5 else "")
    return Sentence(TRUNK_SENTENCES[verb], {"name": trunk.name, "numbers": text or "…"})


def in_safe_order(
    rules: Mapping[str, DispatchRule], changes: Sequence[Action], stale: Sequence[Action] = ()
) -> list[Action]:
    """The changes in an order in which no step meets a rule for the same call.

    `rules`: ours as they stand, by id. `stale`: deletions that can wait, unless they are in the
    way. Where two rules change places, one of them is deleted and created again: LiveKit would
    refuse either of them first. A stale rule in the way of a new one becomes the new one, or steps
    aside, so that its calls are answered at every moment.
    """
    standing, pending, old = dict(rules), list(changes), list(stale)
    ordered: list[Action] = []
    for step in _quarrelling(standing, [*changes, *stale]):
        ordered.append(_out_of_the_way(step, standing))
        pending = [_anew(each) if each is step else each for each in pending]
    while pending:
        step = next((each for each in pending if not _in_the_way(each, standing)), pending[0])
        way = _in_the_way(step, standing)
        blocker = next((each for each in (*old, *pending) if each.livekit_id in way), None)
        if blocker is None:
            pending.remove(step)
            ordered.append(step)
            _take(step, standing)
            continue
        if step.verb == "create" and step.rule and blocker in old and len(way) == 1:
            heir = _heir(step, step.rule, standing, blocker.livekit_id)
            pending = [heir if each is step else each for each in pending]
            old.remove(blocker)
            continue
        if step.rule and (less := _aside(blocker, step.rule, standing)):
            ordered.append(less)
            continue
        ordered.append(_out_of_the_way(blocker, standing))
        pending = [_anew(each) if each is blocker else each for each in pending]
    return ordered


def _aside(stale: Action, rule: DispatchRule, standing: dict[str, DispatchRule]) -> Action | None:
    """The rule without the trunks where it is in the way of `rule`; None: it has no other."""
    there, wanted = standing[stale.livekit_id], calls_of(rule)
    left = tuple(
        each for each in there.trunk_ids if not calls_of(replace(there, trunk_ids=(each,))) & wanted
    )
    if not left:
        return None
    standing[stale.livekit_id] = replace(there, trunk_ids=left)
    return rule_step("replace", stale.key, stale.livekit_id, standing[stale.livekit_id])


def _heir(
    step: Action, rule: DispatchRule, standing: Mapping[str, DispatchRule], livekit_id: str
) -> Action:
    """The stale rule becomes the new one; for now with its old trunks, whose numbers will move."""
    both = tuple(sorted({*rule.trunk_ids, *standing[livekit_id].trunk_ids}))
    whole = replace(rule, trunk_ids=both)
    heir = rule_step("replace", step.key, livekit_id, whole, step.needs)
    if not _in_the_way(heir, standing):
        return heir
    return rule_step("replace", step.key, livekit_id, rule, step.needs)


def _quarrelling(standing: Mapping[str, DispatchRule], movable: Sequence[Action]) -> list[Action]:
    """Steps on rules that stand in the way of another already: LiveKit refuses all beside them."""
    places = {step.livekit_id: place for place, step in enumerate(movable)}
    seen: set[tuple[str, ...]] = set()
    found = []
    for livekit_id in sorted(standing, key=lambda each: places.get(each, -1)):
        calls = calls_of(standing[livekit_id])
        if livekit_id in places and calls & seen:
            found.append(movable[places[livekit_id]])
        else:
            seen |= calls
    return found


def _out_of_the_way(step: Action, standing: dict[str, DispatchRule]) -> Action:
    """The deletion of the rule that the step is about."""
    gone = standing.pop(step.livekit_id)
    return rule_step("delete", step.key, step.livekit_id, gone)


def _anew(step: Action) -> Action:
    """The same rule, created, for one that had to be deleted first."""
    return replace(step, verb="create", livekit_id=NEW + step.key)


def _take(step: Action, standing: dict[str, DispatchRule]) -> None:
    if step.verb == "delete":
        standing.pop(step.livekit_id, None)
    elif step.rule is not None:
        standing[step.livekit_id] = step.rule


def _in_the_way(step: Action, standing: Mapping[str, DispatchRule]) -> set[str]:
    """Ids of other rules that would be found for the same call as the step's rule."""
    if step.verb == "delete" or step.rule is None:
        return set()
    mine = calls_of(step.rule)
    return {
        livekit_id
        for livekit_id, rule in standing.items()
        if livekit_id != step.livekit_id and mine & calls_of(rule)
    }


def calls_of(rule: DispatchRule) -> set[tuple[str, ...]]:
    """What LiveKit compares of every call that the rule takes."""
    return {*conflicts.calls_of(rule)}
