"""What callers heard of the voice of last resort, told in the stories of their calls; and who of
them is put down to be called back.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from agentworker.models import StandIn
from telephony import calling_back, intake
from telephony.chosen import KINDS, as_chosen
from telephony.models import Call, CallEvent, Leg
from telephony.reasons import Reason
from veyra.live import changed

# Kinds of CallEvent.
STOOD_IN, ON_HOLD, HOLD_OVER, ASKED_BACK = "stood_in", "on_hold", "hold_over", "asked_back"
QUEUED = "queued"


class Deed(NamedTuple):
    """Something that a caller heard, or asked for; `reason`: why he is to be called back."""

    kind: str
    at: datetime
    reason: Reason | None = None


def tell(now: datetime) -> None:
    """Each once, when it has happened: what was only asked for may never come to pass."""
    rows = {row.room_sid: row for row in StandIn.objects.heard_lately(now)}
    if not rows:
        return
    told = [
        (leg, deed, observed(leg, deed.kind, deed.at))
        for leg in Leg.objects.in_rooms(rows)
        for deed in deeds(rows[leg.room_sid])
        if was_there(leg, deed.at)
    ]
    known = known_among(fact.event_id for _leg, _deed, fact in told)
    new = [each for each in told if each[2].event_id not in known]
    if new:
        _tell(new)


@transaction.atomic
def _tell(told: list[tuple[Leg, Deed, CallEvent]]) -> None:
    chosen = chosen_in({leg.room_sid for leg, deed, _fact in told if deed.reason})
    for leg, deed, _fact in told:
        if deed.reason:
            kinds = chosen.get(leg.room_sid, set()) | {STOOD_IN}
            reason = as_chosen(deed.reason, frozenset(kinds), agent_spoke=False)
            # Who was told that it is closed does not wait for us.
            if reason is not Reason.OUT_OF_HOURS:
                calling_back.put_down(leg.call, reason)
    intake.store([fact for _leg, _deed, fact in told])
    calls = {leg.call_id for leg, _deed, _fact in told}
    Call.objects.filter(pk__in=calls).update(version=F("version") + 1)
    for pk in calls:
        changed("call", pk)


def chosen_in(room_sids: Collection[str]) -> dict[str, set[str]]:
    """Of these rooms, the kinds of facts that tell what staff chose for calls at that hour."""
    found: dict[str, set[str]] = {}
    if room_sids:
        rows = CallEvent.objects.filter(room_sid__in=room_sids, kind__in=KINDS)
        for sid, kind in rows.values_list("room_sid", "kind"):
            found.setdefault(sid, set()).add(kind)
    return found


def deeds(row: StandIn) -> Iterator[Deed]:
    """Pure."""
    if row.kind == StandIn.Kind.APOLOGY:
        if row.spoke_at:
            yield Deed(STOOD_IN, row.spoke_at, why(row))
        if row.asked_back_at:
            yield Deed(ASKED_BACK, row.asked_back_at, Reason.ASKED_BACK)
        return
    if row.spoke_at:
        yield Deed(QUEUED if row.place else ON_HOLD, row.spoke_at)
    if row.asked_back_at:
        yield Deed(ASKED_BACK, row.asked_back_at, Reason.ASKED_BACK)
    if row.over_at:
        yield Deed(HOLD_OVER, row.over_at)


def why(row: StandIn) -> Reason:
    """As it was when it was asked: its own sound is what answers a call that still rings."""
    return Reason.CUT_OFF if row.mid_call else Reason.NOBODY_CAME


def was_there(leg: Leg, at: datetime) -> bool:
    came = leg.joined_at is None or leg.joined_at <= at
    return came and (leg.left_at is None or leg.left_at >= at)


def known_among(event_ids: Iterable[str]) -> set[str]:
    rows = CallEvent.objects.filter(event_id__in=list(event_ids))
    return set(rows.values_list("event_id", flat=True))


def observed(leg: Leg, kind: str, at: datetime) -> CallEvent:
    """What we did for a caller, as a fact of his call."""
    return CallEvent(
        event_id=f"watchdog:{kind}:{leg.pk or leg.participant_sid}:{at.timestamp():.3f}",
        source=CallEvent.Source.OBSERVER,
        kind=kind,
        at=at,
        sip_call_id=leg.sip_call_id or "",
        participant_sid=leg.participant_sid,
        room_sid=leg.room_sid,
        room_name=leg.call.room_name,
    )
