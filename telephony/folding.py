"""Marked units are folded, each under a lock of its own, and what they tell is saved."""

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from telephony import calls, intake, refusals
from telephony.journal import UnitState, fold
from telephony.longrooms import LONG, LongRoom, fact_of
from telephony.models import CallEvent, FoldUnit
from veyra.live import changed

log = logging.getLogger(__name__)

# Much longer than any fold takes. A unit whose fold fails is left alone for so long, too.
LOCK = timedelta(seconds=60)
BATCH = 100


def drain(seconds: float = 20) -> int:
    """Fold until nothing is left to do, or `seconds` have passed; how many units were folded."""
    until = time.monotonic() + seconds
    done = 0
    while time.monotonic() < until:
        units = list(FoldUnit.objects.filter(_due())[:BATCH])
        done += sum(fold_unit(unit) for unit in units)
        if not units and not intake.take_agent_facts():
            break
    return done


def _due() -> Q:
    """Units with new facts, or for whom time has come, that nobody else is folding."""
    now = timezone.now()
    free = Q(locked_until=None) | Q(locked_until__lt=now)
    return free & (Q(dirty_at__isnull=False) | Q(look_again_at__lte=now))


def fold_unit(unit: FoldUnit) -> bool:
    """Fold `unit` if it is free and as it was read. False: somebody else is at it."""
    as_read = FoldUnit.objects.filter(pk=unit.pk, dirty_at=unit.dirty_at)
    free = as_read.filter(locked_until=unit.locked_until)
    if not free.update(locked_until=timezone.now() + LOCK):
        return False
    try:
        with transaction.atomic():
            started = timezone.now()
            state, is_long = _fold(unit)
    except Exception:  # one unit that cannot be folded must not keep the others waiting
        log.exception("unit %s was not folded", unit.key)
        return False
    settled = {
        "locked_until": None,
        "look_again_at": state.look_again_at if state else None,
        "folded_at": started if is_long else None,
    }
    if state is None:
        as_read.delete()
    elif not as_read.update(dirty_at=None, **settled):
        # Facts came while we folded: it stays dirty.
        FoldUnit.objects.filter(pk=unit.pk).update(**settled)
    return True


def _fold(unit: FoldUnit) -> tuple[UnitState | None, bool]:
    """The unit's calls, saved, None where nothing of it is worth keeping; is its history long?"""
    kind, _, name = unit.key.partition(":")
    if kind == "call" and _hand_over(name):
        return UnitState(), False
    events, about = _to_fold(unit, kind, name)
    state = fold(map(fact_of, events), timezone.now(), about)
    worth = [calls.save(unit.key, call) for call in state.calls]
    for saved in worth:
        if saved.changed:
            changed("call", saved.call_id)
    if kind == "call" and state.calls and all(saved.refused for saved in worth):
        refusals.forget(name)
        return None, False
    return state, kind == "room" and (about is not None or len(events) > LONG)


def _to_fold(unit: FoldUnit, kind: str, name: str) -> tuple[list[CallEvent], set[str] | None]:
    """The facts, and the names of the callers who are to be folded from them; None: all."""
    if kind == "call":
        return _of_call(name), None
    bounded = LongRoom(name, unit.folded_at).read() if unit.folded_at else None
    return bounded or (whole_room(name), None)


def _hand_over(sip_call_id: str) -> bool:
    """A call that has come to a room is folded with the room."""
    in_room = CallEvent.objects.filter(sip_call_id=sip_call_id).exclude(room_sid="")
    room_sid = in_room.values_list("room_sid", flat=True).first()
    if room_sid:
        intake.mark([f"room:{room_sid}"])
    return bool(room_sid)


# `NOT room_sid > ''` fits no index of room_sid: most facts of all calls name no room.
_ROOM = """
SELECT * FROM telephony_callevent WHERE room_sid = %s
UNION ALL
SELECT * FROM telephony_callevent WHERE NOT room_sid > '' AND sip_call_id IN (
    SELECT sip_call_id FROM telephony_callevent WHERE room_sid = %s AND sip_call_id <> '')
"""


def whole_room(room_sid: str) -> list[CallEvent]:
    """What names the room, and what was said of its callers before they came to it."""
    return list(CallEvent.objects.raw(_ROOM, [room_sid, room_sid]))


def _of_call(sip_call_id: str) -> list[CallEvent]:
    return list(CallEvent.objects.filter(sip_call_id=sip_call_id))
