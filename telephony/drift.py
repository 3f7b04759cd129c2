"""What LiveKit has that is not as saved here, written down at each look for people to decide."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentworker.models import Agent
from telephony.models import Difference
from telephony.routing.actual import Actual, mark_of
from telephony.routing.fields import Field, Names, compared, described
from telephony.routing.hands import Held
from telephony.routing.plan import Plan
from telephony.routing.seal import fingerprint
from telephony.routing.steps import Result
from veyra.livekit.types import DispatchRule, InboundTrunk, OutboundTrunk

Whose, Kind = Difference.Whose, Difference.Kind
WRITTEN = ("kind", "whose", "name", "key", "source", "fields", "fingerprint")


KINDS: dict[type, Difference.Kind] = {
    InboundTrunk: Kind.TRUNK,
    DispatchRule: Kind.RULE,
    OutboundTrunk: Kind.OUTBOUND,
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a Difference should say."""

    livekit_id: str
    kind: Difference.Kind
    whose: Difference.Whose
    name: str
    fingerprint: str
    key: str = ""
    source: uuid.UUID | None = None
    fields: Sequence[Field] = ()

    def values(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in WRITTEN}
        return found | {"fields": [each.to_json() for each in self.fields]}


def record(steps: Plan, actual: Actual, results: Sequence[Result]) -> None:
    """Write what differed when LiveKit was read, and is not put right by these results."""
    rows = {row.livekit_id: row for row in Difference.objects.all()}
    seen = look(steps, actual)
    failed = {each.action.livekit_id for each in results if not each.done}
    # A decision that could not be carried out yet stays.
    asked = {row.livekit_id for row in rows.values() if row.restore_at} & failed
    for each in seen:
        row = rows.pop(each.livekit_id, None) or Difference(livekit_id=each.livekit_id)
        values = each.values()
        if row.pk and all(getattr(row, name) == value for name, value in values.items()):
            continue
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=WRITTEN if row.pk else None)
    gone = [row.pk for row in rows.values() if row.livekit_id not in asked]
    if gone:
        Difference.objects.filter(pk__in=gone).delete()


def look(steps: Plan, actual: Actual) -> list[Seen]:
    """What differs: ours that somebody changed, and what is not ours."""
    others = set(steps.foreign)
    if not steps.held and not others:
        return []
    names = Names(
        agents={str(key): name for key, name in Agent.objects.values_list("key", "name")},
        trunks={trunk.id: trunk.name for trunk in actual.trunks},
    )
    found = [_of_held(held, names, steps.desired.seal) for held in steps.held]
    objects: list[InboundTrunk | DispatchRule | OutboundTrunk] = [
        *actual.trunks,
        *actual.rules,
        *actual.outbound,
    ]
    seal = steps.desired.seal
    return found + [_of_foreign(each, names, seal) for each in objects if each.id in others]


def _of_held(held: Held, names: Names, seal: str) -> Seen:
    return Seen(
        livekit_id=held.livekit_id,
        kind=Kind(held.kind),
        whose=Whose.OURS,
        name=held.theirs.name,
        key=held.key,
        source=uuid.UUID(held.source),
        fields=compared(held.ours, held.theirs, names),
        fingerprint=fingerprint(held.theirs, seal),
    )


def _of_foreign(
    found: InboundTrunk | DispatchRule | OutboundTrunk, names: Names, seal: str
) -> Seen:
    whose = Whose.ANOTHER if mark_of(found.metadata) else Whose.NOBODY
    return Seen(
        livekit_id=found.id,
        kind=KINDS[type(found)],
        whose=whose,
        name=found.name,
        fields=described(found, names),
        fingerprint=fingerprint(found, seal),
    )
