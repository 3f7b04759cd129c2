"""How each saved row stands in LiveKit, written down for staff: Live, Waiting or Failed."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from telephony.models import PhoneNumber, PublishedObject, PublishedState
from telephony.routing.compile import Desired
from telephony.routing.plan import Plan
from telephony.routing.refusals import is_elsewhere, sentence_of
from telephony.routing.steps import Action, source_of
from telephony.routing.wish import Problem
from veyra import live
from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence

Kind = PublishedObject.Kind
State = PublishedState

BEHIND = gettext_noop(
    "Another change has to be made in LiveKit first, and it failed. Veyra tries again every half"
    " minute."
)
# Worse states first: a number is as well as the worst of what it needs.
WORSE = [State.FAILED, State.WAITING, State.LIVE]


@dataclass(frozen=True)
class Standing:
    """What a PublishedObject should say."""

    kind: Kind
    source: str
    state: State
    error: dict[str, Any] = field(default_factory=dict)


def remember(action: Action, livekit_id: str) -> None:
    """Keep the id that LiveKit gave, at once: a crash later costs nothing then."""
    rows = PublishedObject.objects.filter(key=action.key)
    if action.verb == "delete":
        rows.filter(livekit_id=livekit_id).update(livekit_id="")
    elif not rows.filter(livekit_id=livekit_id).exists():
        PublishedObject.objects.update_or_create(
            key=action.key,
            defaults={"livekit_id": livekit_id},
            create_defaults={
                "kind": Kind(action.kind),
                "source": uuid.UUID(action.source),
                "livekit_id": livekit_id,
                "state": State.WAITING,
            },
        )


def report(steps: Plan, failed: Mapping[str, LiveKitError | None]) -> None:
    """Write how each object, number and faulty row stands after a plan was carried out.

    `failed`: by object key; None: the step was left out, since another failed.
    """
    standings = _of_objects(steps.desired, failed)
    standings |= _of_numbers(steps.desired, standings)
    # A key that failed and that nobody wants is an object still to be deleted.
    for key, error in failed.items():
        standings.setdefault(key, _standing(key, error))
    standings |= _of_problems((*steps.desired.problems, *steps.problems))
    changed_by_replace = {a.key for a in steps.actions if a.verb != "adopt" and a.key not in failed}
    _write(standings, changed_by_replace)


def away(wanted: Desired, error: LiveKitError) -> None:
    """LiveKit could not be read: what is live stays so, all else waits and says for what."""
    why = sentence_of(error).to_json()
    live_now = set(PublishedObject.objects.filter(state=State.LIVE).values_list("key", flat=True))
    objects = _of_objects(wanted, {})
    standings = objects | _of_numbers(wanted, objects)
    standings = {
        key: standing
        if key in live_now
        else Standing(standing.kind, standing.source, State.WAITING, why)
        for key, standing in standings.items()
    }
    _write(standings | _of_problems(wanted.problems), set(), forget=False)


def _of_objects(wanted: Desired, failed: Mapping[str, LiveKitError | None]) -> dict[str, Standing]:
    keys = [trunk.key for trunk in wanted.trunks] + [rule.key for rule in wanted.rules]
    return {
        key: _standing(key, failed[key])
        if key in failed
        else Standing(_kind(key), source_of(key), State.LIVE)
        for key in keys
    }


def _kind(key: str) -> Kind:
    return Kind(key.split(":")[0])


def _standing(key: str, error: LiveKitError | None) -> Standing:
    if error is None:
        return Standing(_kind(key), source_of(key), State.WAITING, Sentence(BEHIND).to_json())
    state = State.WAITING if is_elsewhere(error) else State.FAILED
    return Standing(_kind(key), source_of(key), state, sentence_of(error).to_json())


def _of_numbers(wanted: Desired, objects: Mapping[str, Standing]) -> dict[str, Standing]:
    """A number stands as the worst of its trunk and of the rules that name it."""
    rules: dict[str, list[Standing]] = {}
    for rule in wanted.rules:
        for key in rule.trunks:
            rules.setdefault(key, []).append(objects[rule.key])
    found = {}
    for trunk in wanted.trunks:
        needed = [objects[trunk.key], *rules.get(trunk.key, [])]
        worst = min(needed, key=lambda each: WORSE.index(each.state))
        for _text, row in trunk.rows:
            found[f"number:{row}"] = Standing(Kind.NUMBER, row, worst.state, worst.error)
    return found


def _of_problems(problems: Iterable[Problem]) -> dict[str, Standing]:
    """Rows that are not published, or not as saved, for a fault of their own."""
    found = {}
    for problem in problems:
        if problem.stops:
            prefix = "number" if problem.kind == "number" else "row"
            found[f"{prefix}:{problem.key}"] = Standing(
                Kind(problem.kind), problem.key, State.FAILED, problem.sentence.to_json()
            )
    return found


def _write(standings: Mapping[str, Standing], touched: set[str], forget: bool = True) -> None:
    """Only what changed is written, and announced to open pages."""
    rows = {row.key: row for row in PublishedObject.objects.all()}
    now = timezone.now()
    new: list[PublishedObject] = []
    changed: list[PublishedObject] = []
    for key, standing in standings.items():
        row = rows.pop(key, None) or PublishedObject(key=key, kind=standing.kind)
        same = (row.state, row.error, str(row.source)) == (
            standing.state,
            standing.error,
            standing.source,
        )
        if row.pk and same and key not in touched:
            continue
        row.source, row.state, row.error = (
            uuid.UUID(standing.source),
            standing.state,
            standing.error,
        )
        if standing.state == State.LIVE:
            row.synced_at = now
        (changed if row.pk else new).append(row)
    PublishedObject.objects.bulk_create(new)
    PublishedObject.objects.bulk_update(
        changed, ["source", "state", "error", "synced_at"], batch_size=500
    )
    gone = [row.pk for row in rows.values()] if forget else []
    PublishedObject.objects.filter(pk__in=gone).delete()
    _announce([*new, *changed, *(rows.values() if forget else [])])


def _announce(rows: list[PublishedObject]) -> None:
    for row in rows:
        if row.kind != Kind.NUMBER and row.pk:
            live.changed("published", row.pk)
    keys = [row.source for row in rows if row.kind == Kind.NUMBER]
    for pk in PhoneNumber.objects.filter(key__in=keys).values_list("pk", flat=True):
        live.changed("number", pk)
