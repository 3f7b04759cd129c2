"""Marked units are folded, many together under locks of their own, and what they tell is saved."""

import logging
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone

from telephony import calls, intake, refusals
from telephony.journal import UnitState, fold
from telephony.longrooms import LONG, LongRoom, fact_of
from telephony.models import CallEvent, FoldUnit
from veyra.celery import wake
from veyra.live import changed
from veyra.models import Program

log = logging.getLogger(__name__)

# Much longer than any fold takes. A unit that cannot be folded is left alone for so long, too.
LOCK = timedelta(seconds=60)
# What the database refuses just now, and may well do in a moment: a row is held, it starts anew.
PASSING = (OperationalError, InterfaceError)
AGAIN = timedelta(seconds=2)
# Longer than PostgreSQL needs to see that two wait for each other.
PATIENCE = "3s"
# The program that folds, as veyra.running names it.
FOLDS = "worker"
# Units that one transaction folds: pages hear of a call when all of them are saved.
BATCH = 50


def drain(seconds: float = 20) -> int:
    """Fold until nothing is left to do; how many units were folded. After `seconds` the caller
    gets his turn, and the task is woken for what is left.
    """
    until = time.monotonic() + seconds
    done = 0
    while time.monotonic() < until:
        # Each time: the others' facts may never come to an end.
        taken = intake.take_agent_facts()
        claimed = claim()
        done += fold_units(claimed)
        if not claimed and not taken:
            return done
    wake("telephony.fold")
    return done


@contextmanager
def _impatient() -> Iterator[None]:
    """A transaction that fails rather than wait for long: all folds of a process are in one thread,
    and whoever holds a row must not stop them.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        yield


# Units with new facts, or for whom time has come, that nobody else is folding: who has waited
# longest comes first. One statement, where Django would need a transaction of four.
_CLAIM = """
WITH picked AS MATERIALIZED (
    SELECT id FROM telephony_foldunit
    WHERE (locked_until IS NULL OR locked_until < %s)
        AND (dirty_at IS NOT NULL OR look_again_at <= %s)
    ORDER BY COALESCE(dirty_at, look_again_at)
    LIMIT %s {skip_locked})
UPDATE telephony_foldunit SET locked_until = %s WHERE id IN (SELECT id FROM picked)
RETURNING id, key, dirty_at, look_again_at, locked_until, folded_at
"""
# A unit to which facts came while it was folded stays dirty. One whose lock ran out is somebody
# else's by now.
_SETTLE = """
UPDATE telephony_foldunit SET locked_until = NULL, dirty_at = NULLIF(dirty_at, %s),
    look_again_at = %s, folded_at = %s
WHERE id = %s AND locked_until = %s
"""


def claim() -> list[FoldUnit]:
    """Some of what is to be folded, as it was then, and locked."""
    features = connection.features.has_select_for_update_skip_locked
    sql = _CLAIM.format(skip_locked="FOR UPDATE SKIP LOCKED" if features else "")
    now = timezone.now()
    values = [_as_stored(now), _as_stored(now), BATCH, _as_stored(now + LOCK)]
    return sorted(FoldUnit.objects.raw(sql, values), key=lambda unit: unit.key)


def _as_stored(moment: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def release_left() -> int:
    """What a killed one left locked, as this one begins: nobody waits for its locks to run out
    where nobody else folds. Of how many units.
    """
    others = Program.objects.alive(FOLDS, timezone.now()).exclude(host=socket.gethostname())
    if others.exists():
        return 0
    return FoldUnit.objects.exclude(locked_until=None).update(locked_until=None)


@dataclass
class Folded:
    """A unit, and what its facts tell; `state` is None where nothing of it is worth keeping."""

    unit: FoldUnit
    state: UnitState | None = field(default_factory=UnitState)
    is_long: bool = False
    # Rooms to which the call has come.
    moved_to: set[str] = field(default_factory=set)
    # Before it was read.
    began: datetime = field(default_factory=timezone.now)

    @property
    def is_call(self) -> bool:
        return self.unit.key.startswith("call:")

    @property
    def name(self) -> str:
        """The call's id, or the room's sid."""
        return self.unit.key.partition(":")[2]


def fold_units(units: Sequence[FoldUnit]) -> int:
    """Fold units that were claimed; how many could be."""
    if not units:
        return 0
    try:
        return _fold_together(units)
    except Exception as error:
        # Somebody else made the same row just then, and now it is there; or one of them cannot be
        # folded at all, which must not keep the others waiting.
        log.info("%d units are folded one by one: %s", len(units), type(error).__name__)
    try:
        return sum(map(_fold_alone, units))
    except PASSING:
        # The database is away. When it is there again, nobody shall wait for locks of ours.
        close_old_connections()
        with suppress(*PASSING):
            for unit in units:
                _hold(unit, AGAIN)
        raise


def _fold_alone(unit: FoldUnit) -> int:
    try:
        return _fold_together([unit]) if _hold(unit, LOCK) else 0
    except PASSING as error:
        log.warning("unit %s is folded again in a moment: %s", unit.key, type(error).__name__)
        _hold(unit, AGAIN)
    except Exception:
        log.exception("unit %s was not folded", unit.key)
    return 0


@_impatient()
def _hold(unit: FoldUnit, span: timedelta) -> bool:
    """Keep the unit locked for as long from now on; False if the lock is ours no longer."""
    until = timezone.now() + span
    ours = FoldUnit.objects.filter(pk=unit.pk, locked_until=unit.locked_until)
    if not ours.update(locked_until=until):
        return False
    unit.locked_until = until
    return True


def _fold_together(units: Sequence[FoldUnit]) -> int:
    folded = _fold(units)
    _settle(folded)
    return len(folded)


@_impatient()
def _settle(folded: Iterable[Folded]) -> None:
    """In the order of their keys, in which facts mark them, too: nobody waits in a circle."""
    settled, gone = [], []
    for each in folded:
        look = each.state.look_again_at if each.state else None
        began = each.began if each.is_long else None
        moments = map(_as_stored, (each.unit.dirty_at, look, began))
        settled.append([*moments, each.unit.pk, _as_stored(each.unit.locked_until)])
        if each.state is None:
            gone.append(each.unit.pk)
    with connection.cursor() as cursor:
        cursor.executemany(_SETTLE, settled)
    if gone:
        free = FoldUnit.objects.filter(locked_until=None, dirty_at=None, look_again_at=None)
        free.filter(pk__in=gone).delete()


@_impatient()
def _fold(units: Iterable[FoldUnit]) -> list[Folded]:
    """All of them, saved."""
    folded = [Folded(unit) for unit in units]
    facts = Facts(folded)
    for each in folded:
        _fold_one(each, facts)
    # A call that has come to a room is folded with the room.
    intake.mark(sorted({f"room:{sid}" for each in folded for sid in each.moved_to}))
    ledger = calls.Ledger([call for each in folded if each.state for call in each.state.calls])
    refused = [each for each in folded if _save(each, ledger)]
    ledger.close()
    if refused:
        refusals.forget([event.pk for each in refused for event in facts.of_calls[each.name]])
    for each in refused:
        each.state = None
    return folded


class Facts:
    """What the units are folded from, but for rooms with a long history: read at once."""

    def __init__(self, folded: Iterable[Folded]) -> None:
        short = [each for each in folded if not each.unit.folded_at]
        self.of_rooms: dict[str, list[CallEvent]] = defaultdict(list)
        self.of_calls: dict[str, list[CallEvent]] = defaultdict(list)
        for event in _read(
            [each.name for each in short if not each.is_call],
            [each.name for each in short if each.is_call],
        ):
            self.of_rooms[event.room_sid].append(event)
            self.of_calls[event.sip_call_id].append(event)

    def of_room(self, sid: str) -> list[CallEvent]:
        """What names the room, and what was said of its callers before they came to it."""
        inside = self.of_rooms[sid]
        callers = {event.sip_call_id for event in inside if event.sip_call_id}
        before = (event for caller in callers for event in self.of_calls[caller])
        return [*inside, *(event for event in before if not event.room_sid)]


def _fold_one(each: Folded, facts: Facts) -> None:
    if each.is_call:
        events = facts.of_calls[each.name]
        each.moved_to = {event.room_sid for event in events if event.room_sid}
        if not each.moved_to:
            each.state = fold(map(fact_of, events), timezone.now(), None)
        return
    since = each.unit.folded_at
    bounded = LongRoom(each.name, since).read() if since else None
    whole = whole_room if since else facts.of_room
    events, about = bounded or (whole(each.name), None)
    each.state = fold(map(fact_of, events), timezone.now(), about)
    each.is_long = about is not None or len(events) > LONG


def _save(each: Folded, ledger: calls.Ledger) -> bool:
    """Write its calls; True for a caller who was turned away and is only counted."""
    if each.state is None or not each.state.calls:
        return False
    saved = [ledger.save(each.unit.key, call) for call in each.state.calls]
    for one in saved:
        if one.changed:
            changed("call", one.call_id)
    return each.is_call and all(one.refused for one in saved)


# `NOT room_sid > ''` fits no index of room_sid: most facts of all calls name no room.
_ROOMS = """
SELECT * FROM telephony_callevent WHERE room_sid IN ({0})
UNION ALL
SELECT * FROM telephony_callevent WHERE NOT room_sid > '' AND sip_call_id IN (
    SELECT sip_call_id FROM telephony_callevent WHERE room_sid IN ({0}) AND sip_call_id <> '')
"""
_CALLS = "SELECT * FROM telephony_callevent WHERE sip_call_id IN ({0})"


def whole_room(room_sid: str) -> list[CallEvent]:
    """What names the room, and what was said of its callers before they came to it."""
    return _read([room_sid], [])


def _read(rooms: Sequence[str], call_ids: Sequence[str]) -> list[CallEvent]:
    """By one query, each fact once."""
    parts = []
    if rooms:
        parts.append(_ROOMS.format(", ".join(["%s"] * len(rooms))))
    if call_ids:
        parts.append(_CALLS.format(", ".join(["%s"] * len(call_ids))))
    if not parts:
        return []
    found = CallEvent.objects.raw(" UNION ALL ".join(parts), [*rooms, *rooms, *call_ids])
    return list({event.pk: event for event in found}.values())
