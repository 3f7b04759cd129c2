"""LiveKit kept in step with what staff saved: read, plan, apply. One writer at a time."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, Self

from django.conf import settings

from telephony import drift, published
from telephony.hosts import resolve
from telephony.line import read_line
from telephony.models import Difference, PublishedObject
from telephony.routing.actual import Actual
from telephony.routing.addresses import network, veiled
from telephony.routing.compile import Desired, compile_line
from telephony.routing.plan import Plan, plan
from telephony.routing.refusals import is_elsewhere
from telephony.routing.seal import sealed
from telephony.routing.steps import NEW, Action, Result
from telephony.routing.wish import Line
from veyra.livekit.client import LiveKit
from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError, OutboundTrunk
from veyra.models import Lease, Pulse

log = logging.getLogger(__name__)

TASK = "telephony.apply"
# What is saved was compared with LiveKit to the end.
PULSE = "apply"
LEASE, LEASE_SECONDS = "livekit", 60.0
# Between two steps the lease is renewed once it is this old; no step takes longer than 10 s.
RENEW_SECONDS = 5.0
# So many objects are created at once: most of the time LiveKit is looking for conflicts.
TOGETHER = 4
# Somebody may save while we apply; after this many rounds beat goes on.
ROUNDS = 3


class Objects(Protocol):
    """The part of LiveKit that holds trunks and rules."""

    def together(self, works: Sequence[Callable[[], str]]) -> list[str | LiveKitError]: ...
    def list_inbound_trunks(self) -> list[InboundTrunk]: ...
    def list_outbound_trunks(self) -> list[OutboundTrunk]: ...
    def list_dispatch_rules(self) -> list[DispatchRule]: ...
    def create_inbound_trunk(self, trunk: InboundTrunk) -> str: ...
    def replace_inbound_trunk(self, livekit_id: str, trunk: InboundTrunk) -> None: ...
    def delete_inbound_trunk(self, livekit_id: str) -> None: ...
    def create_outbound_trunk(self, trunk: OutboundTrunk) -> str: ...
    def replace_outbound_trunk(self, livekit_id: str, trunk: OutboundTrunk) -> None: ...
    def delete_outbound_trunk(self, livekit_id: str) -> None: ...
    def create_dispatch_rule(self, rule: DispatchRule) -> str: ...
    def replace_dispatch_rule(self, livekit_id: str, rule: DispatchRule) -> None: ...
    def delete_dispatch_rule(self, livekit_id: str) -> None: ...


class LeaseLostError(Exception):
    """Another writer has taken over."""


def read(livekit: Objects) -> Actual:
    """Three list calls, however many objects there are."""
    return Actual(
        trunks=tuple(livekit.list_inbound_trunks()),
        rules=tuple(livekit.list_dispatch_rules()),
        outbound=tuple(livekit.list_outbound_trunks()),
    )


def desired() -> Desired:
    """What the saved rows ask of LiveKit now; resolves host names."""
    return _compiled(read_line())


def _compiled(line: Line) -> Desired:
    return compile_line(line, resolve(line), admitted())


def admitted() -> tuple[str, ...]:
    """Our own test call comes from here; a connection with an address list admits it too."""
    test = network(settings.SIP_TEST_FROM)
    return (veiled(test, settings.SECRET_KEY),) if test else ()


def preview() -> tuple[Plan, Actual]:
    """What `apply` would do now. Raises LiveKitError."""
    with LiveKit.from_settings() as livekit:
        actual = read(livekit)
    return planned(desired(), actual, Difference.objects.to_restore()), actual


def planned(wanted: Desired, actual: Actual, restore: Set[str]) -> Plan:
    """The plan, with what we remember. `restore`: what people want as it is saved here."""
    return plan(wanted, actual, PublishedObject.objects.objects_by_key(), restore)


def apply() -> list[Result] | None:
    """Bring LiveKit to what is saved, and write on each row how it stands.

    Safe at any time, twice, late. None: another process is at it, and sees what is saved now.
    Raises LiveKitError where LiveKit cannot be read; the rows wait, and say so.
    """
    results: list[Result] | None = None
    for _time in range(ROUNDS):
        holder = Lease.take(LEASE, LEASE_SECONDS)
        if holder is None:
            break
        try:
            applied = _Wish.read()
            results = [*(results or ()), *_rounds(applied, _renewing(holder))]
            Pulse.beat(PULSE)
        except LeaseLostError:
            log.warning("apply stopped: its lease was lost")
            return results or []
        finally:
            Lease.release(LEASE, holder)
        # Whoever saved meanwhile found us at it and went away: we look for him.
        now = _Wish.read()
        if now.line == applied.line and now.restore <= applied.restore:
            break
    return results


@dataclass(frozen=True)
class _Wish:
    """What people want of LiveKit: what they saved, and what they decided about differences."""

    line: Line
    restore: frozenset[str]

    @classmethod
    def read(cls) -> Self:
        return cls(read_line(), Difference.objects.to_restore())


def _renewing(holder: uuid.UUID) -> Callable[[], None]:
    """Renews the lease where it is time. Raises LeaseLostError."""
    renewed = time.time()

    def hold() -> None:
        nonlocal renewed
        if abs(time.time() - renewed) < RENEW_SECONDS:
            return
        if not Lease.renew(LEASE, holder, LEASE_SECONDS):
            raise LeaseLostError
        renewed = time.time()

    return hold


def _rounds(wish: _Wish, hold: Callable[[], None]) -> list[Result]:
    """Until nothing is left to do; where all was new, there was nothing in its way."""
    wanted = _compiled(wish.line)
    results: list[Result] = []
    for _round in range(ROUNDS):
        hold()
        try:
            with LiveKit.from_settings() as livekit:
                newest = _round_trip(livekit, wanted, wish.restore, hold)
        except LiveKitError as error:
            published.away(wanted, error)
            raise
        results += newest
        done = all(result.done for result in newest)
        if not done or all(result.action.verb in ("create", "adopt") for result in newest):
            break
    return results


def _round_trip(
    livekit: Objects, wanted: Desired, restore: Set[str], hold: Callable[[], None]
) -> list[Result]:
    actual = read(livekit)
    steps = planned(wanted, actual, restore)
    results = list(carry_out(steps.actions, livekit, wanted.seal, hold))
    published.report(steps, results)
    drift.record(steps, actual, results)
    return results


def carry_out(
    actions: Sequence[Action],
    livekit: Objects,
    seal: str,
    hold: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """Take the steps in their order; `hold` is called between them and may raise to stop.

    Nothing has to be written down in between: what we make carries its key and our seal.

    A step whose needs failed is left out; so is all else once LiveKit itself fails.
    """
    ids: dict[str, str] = {}
    failed: set[str] = set()
    away: LiveKitError | None = None
    for batch in batches(actions):
        steps = [None if away or a.needs & failed else _with_ids(a, ids) for a in batch]
        hold()
        for action, answer in zip(batch, _take_all(steps, livekit, seal), strict=True):
            if isinstance(answer, str):
                ids[action.livekit_id] = answer
                yield Result(action, answer, done=True)
                continue
            failed.add(action.key)
            if answer is not None:
                log.warning("%s %s failed: %s", action.verb, action.key, answer.code)
                away = answer if is_elsewhere(answer) else away
            yield Result(action, error=answer or away)


def batches(actions: Sequence[Action]) -> Iterator[list[Action]]:
    batch: list[Action] = []
    for action in actions:
        if batch and not _go_together(batch, action):
            yield batch
            batch = []
        batch.append(action)
    if batch:
        yield batch


def _go_together(batch: Sequence[Action], action: Action) -> bool:
    """What is created, and needs nothing of the batch, is in nobody's way in any order."""
    if len(batch) == TOGETHER or action.needs & {each.key for each in batch}:
        return False
    return {(each.verb, each.kind) for each in (*batch, action)} == {("create", action.kind)}


def _take_all(
    steps: Sequence[Action | None], livekit: Objects, seal: str
) -> Iterator[str | LiveKitError | None]:
    """For each step the object's id, or why it failed; None where there is nothing to do."""
    works = [partial(_take, step, livekit, seal) for step in steps if step]
    answers = iter(livekit.together(works) if works else ())
    return (next(answers) if step else None for step in steps)


def _with_ids(action: Action, ids: dict[str, str]) -> Action | None:
    """The step with the ids that LiveKit gave; None where an object that it is about is missing."""
    livekit_id = ids.get(action.livekit_id, action.livekit_id)
    rule = action.rule
    if rule is not None:
        trunks = tuple(ids.get(each, each) for each in rule.trunk_ids)
        trunks = tuple(each for each in trunks if not each.startswith(NEW))
        if action.verb in ("create", "replace") and not trunks:
            return None  # a rule without a trunk would take every call of everybody
        rule = replace(rule, trunk_ids=trunks)
    if action.verb != "create" and livekit_id.startswith(NEW):
        return None
    return replace(action, livekit_id=livekit_id, rule=rule)


def _take(step: Action, livekit: Objects, seal: str) -> str:
    """Do one step; the object's id."""
    trunk = sealed(replace(step.trunk, id=""), seal) if step.trunk else None
    rule = sealed(replace(step.rule, id=""), seal) if step.rule else None
    outbound = sealed(replace(step.outbound, id=""), seal) if step.outbound else None
    match step.verb:
        case "create" if trunk is not None:
            return livekit.create_inbound_trunk(trunk)
        case "create" if rule is not None:
            return livekit.create_dispatch_rule(rule)
        case "create" if outbound is not None:
            return livekit.create_outbound_trunk(outbound)
        case "replace" if outbound is not None:
            livekit.replace_outbound_trunk(step.livekit_id, outbound)
        case "replace" if trunk is not None:
            livekit.replace_inbound_trunk(step.livekit_id, trunk)
        case "replace" if rule is not None:
            livekit.replace_dispatch_rule(step.livekit_id, rule)
        case "delete":
            _delete(step, livekit)
    return step.livekit_id


def _delete(step: Action, livekit: Objects) -> None:
    try:
        if step.kind == "trunk":
            livekit.delete_inbound_trunk(step.livekit_id)
        elif step.kind == "outbound":
            livekit.delete_outbound_trunk(step.livekit_id)
        else:
            livekit.delete_dispatch_rule(step.livekit_id)
    except LiveKitError as error:
        if error.code != "not_found":  # it is gone: that was wanted
            raise
