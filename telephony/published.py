"""How each saved row stands in LiveKit, written down for staff: Live, Waiting or Failed."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from telephony.models import Gateway, PublishedObject, PublishedState
from telephony.routing.compile import Desired
from telephony.routing.hands import Held
from telephony.routing.plan import Plan
from telephony.routing.reality import HELD
from telephony.routing.refusals import is_elsewhere, sentence_of
from telephony.routing.steps import Result, source_of
from telephony.routing.wish import Problem
from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence

Kind = PublishedObject.Kind
State = PublishedState

BEHIND = gettext_noop(
    "Another change has to be made in LiveKit first, and it failed. Veyra tries again every half"
    " minute."
)
# Worse states first: a number is as well as the worst of what it needs.
WORSE = [State.FAILED, State.DIFFERS, State.WAITING, State.LIVE]


@dataclass(frozen=True)
class Standing:
    """What a PublishedObject should say."""

    kind: Kind
    source: str
    state: State
    error: dict[str, Any] = field(default_factory=dict)


def report(steps: Plan, results: Sequence[Result]) -> None:
    """Write how each object, number and faulty row stands after a plan was carried out."""
    failed = {each.action.key: each.error for each in results if not each.done}
    standings = _of_objects(steps.desired, failed)
    standings |= _of_numbers(steps.desired, standings)
    # A key that failed and that nobody wants is an object still to be deleted.
    for key, error in failed.items():
        standings.setdefault(key, _standing(key, error))
    standings |= _of_problems((*steps.desired.problems, *steps.problems))
    standings |= {held.key: _of_held(held) for held in steps.held}
    _write(standings, _changed(results))


def _changed(results: Sequence[Result]) -> "_Changed":
    done = [each for each in results if each.done]
    gone = {each.livekit_id for each in done if each.action.verb == "delete"}
    return _Changed(
        touched={each.action.key for each in done if each.action.verb != "adopt"},
        ids={r.action.key: r.livekit_id for r in done if r.livekit_id not in gone},
        gone=gone,
    )


def _of_held(held: Held) -> Standing:
    sentence = Sentence(HELD, {"name": held.theirs.name or held.livekit_id})
    return Standing(Kind(held.kind), held.source, State.DIFFERS, sentence.to_json())


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
    _write(standings | _of_problems(wanted.problems), _Changed(), forget=False)


def _of_objects(wanted: Desired, failed: Mapping[str, LiveKitError | None]) -> dict[str, Standing]:
    keys = [each.key for each in wanted.trunks]
    keys += [each.key for each in wanted.rules]
    keys += [each.key for each in wanted.outbound]
    found = {
        key: _standing(key, failed[key])
        if key in failed
        else Standing(_kind(key), source_of(key), State.LIVE)
        for key in keys
    }
    # A reserve connection has no object of its own: it stands as those that take its calls.
    for trunk in wanted.trunks:
        if trunk.reserve:
            own = found[trunk.key]
            found[f"row:{trunk.reserve}"] = replace(own, source=trunk.reserve)
    return found


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
                Kind(problem.kind),
                problem.key,
                State.DIFFERS if problem.held else State.FAILED,
                problem.sentence.to_json(),
            )
    return found


@dataclass(frozen=True)
class _Changed:
    """What steps did: keys whose object was written, the ids by key, and ids that are no more."""

    touched: Set[str] = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict)
    gone: Set[str] = frozenset()

    def id_of(self, row: PublishedObject) -> str:
        kept = "" if row.livekit_id in self.gone else row.livekit_id
        return self.ids.get(row.key, kept)


def _write(standings: Mapping[str, Standing], changes: _Changed, forget: bool = True) -> None:
    """Only what changed is written; open pages look for themselves (standing.js)."""
    rows = {row.key: row for row in PublishedObject.objects.all()}
    now = timezone.now()
    new: list[PublishedObject] = []
    changed: list[PublishedObject] = []
    for key, standing in standings.items():
        row = rows.pop(key, None) or PublishedObject(key=key, kind=standing.kind)
        livekit_id = changes.id_of(row)
        now_so = livekit_id, standing.state, standing.error, standing.source
        same = (row.livekit_id, row.state, row.error, str(row.source)) == now_so
        if row.pk and same and key not in changes.touched:
            continue
        row.livekit_id, row.state, row.error = livekit_id, standing.state, standing.error
        row.source = uuid.UUID(standing.source)
        if standing.state == State.LIVE:
            row.synced_at = now
        (changed if row.pk else new).append(row)
    gone = [row.pk for row in rows.values()] if forget else []
    if new or changed or gone:
        _save(new, changed, gone)


@transaction.atomic
def _save(
    new: list[PublishedObject], changed: list[PublishedObject], gone: Collection[int]
) -> None:
    """Whoever saves marks many of these rows at once, too: each would wait for rows of the other's,
    and PostgreSQL would stop one of both.
    """
    Gateway.hold_line()
    PublishedObject.objects.bulk_create(new)
    PublishedObject.objects.bulk_update(
        changed, ["livekit_id", "source", "state", "error", "synced_at"], batch_size=500
    )
    PublishedObject.objects.filter(pk__in=gone).delete()
