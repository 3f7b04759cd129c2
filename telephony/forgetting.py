"""All that the line knows of one telephone number, and how it is made to know nothing of it.

Calls stay, as figures: when, for how long, by which assistant. Who called goes, and so does what
was said: the number, the words, the notes and every fact by which the call was told. A call that
was erased is left alone by the fold; what comes late of it (a spool of a server that was away, a
webhook that is sent again) is removed by `sweep`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from agentworker.models import (
    AgentRequest,
    BlockedCaller,
    Scenario,
    Session,
    SessionEvent,
    StandIn,
    Turn,
)
from telephony.callers import one_spelling, texts_of
from telephony.facts import ROOM_MARGIN
from telephony.models import (
    Call,
    CallAction,
    CallBack,
    CallEvent,
    DispatchRule,
    ExpectedCall,
    FoldUnit,
    Leg,
    OutboundCall,
    Refused,
    Ring,
)
from telephony.numbers import pretty
from telephony.routing.edit import lines
from veyra.live import changed
from veyra.models import SecurityEvent

# Calls that are erased in one transaction.
BATCH = 100
# Longer than any server of ours is away with facts in its spool.
LATE = timedelta(days=30)
OUTBOUND = Call.Direction.OUTBOUND
TRANSFERS = "staff_transfer"


@dataclass(frozen=True)
class Traces:
    """Where a number stands (E.164), in whatever spelling. `until`: what is younger is left out,
    since he may have called again after he was erased; None: nothing is.
    """

    number: str
    until: datetime | None = None

    @cached_property
    def calls(self) -> list[UUID]:
        """Keys of those that he made, and of those that he was called by; the oldest first."""
        called = texts_of(Call.objects.all(), "from_number", self.number)
        was_called = texts_of(Call.objects.all(), "to_number", self.number)
        his = Q(from_number__in=called) & ~Q(direction=OUTBOUND)
        his |= Q(to_number__in=was_called, direction=OUTBOUND)
        rows = self._before(Call.objects.matching(self.number).filter(his), "started_at")
        return list(rows.order_by("started_at", "pk").values_list("pk", flat=True))

    def going_on(self) -> QuerySet[Call]:
        """Calls of his that are not over."""
        now = Call.objects.going_on().matching(self.number)
        return now.filter(pk__in=self.calls)

    def waiting(self) -> QuerySet[OutboundCall]:
        """Calls to him that are still to be dialled."""
        return OutboundCall.objects.waiting().filter(pk__in=self.asked.values("pk"))

    @property
    def asked(self) -> QuerySet[OutboundCall]:
        """Calls to him that somebody asked for."""
        return self._rows(OutboundCall.objects.all(), "to_number", "asked_at")

    @property
    def call_backs(self) -> QuerySet[CallBack]:
        return self._rows(CallBack.objects.all(), "caller", "first_at")

    @property
    def refused(self) -> QuerySet[Refused]:
        return self._rows(Refused.objects.all(), "caller", "first_at")

    @property
    def blocks(self) -> QuerySet[BlockedCaller]:
        return self._rows(BlockedCaller.objects.all(), "number", "blocked_at")

    @property
    def expected(self) -> QuerySet[ExpectedCall]:
        """Somebody of ours said that he would call from this telephone."""
        return self._rows(ExpectedCall.objects.all(), "caller", "asked_at")

    @property
    def transfers(self) -> QuerySet[CallAction]:
        """Other people's calls that were to be transferred to him."""
        return self._before(CallAction.objects.filter(params__target=self.number), "asked_at")

    @property
    def security(self) -> QuerySet[SecurityEvent]:
        named = SecurityEvent.objects.filter(detail__values__number=pretty(self.number))
        return self._before(named, "at")

    def rules(self) -> list[DispatchRule]:
        """That are for certain callers, and name him."""
        rows = DispatchRule.objects.kept().exclude(callers="")
        return [row for row in rows if self.number in map(one_spelling, lines(row.callers))]

    def words(self) -> int:
        """How many lines were said in them."""
        batches = (self.calls[start : start + BATCH] for start in range(0, len(self.calls), BATCH))
        legs = ((Leg.objects.filter(call__in=batch), own_rooms(batch)) for batch in batches)
        return sum(_words_of(each, rooms).count() for each, rooms in legs)

    def _rows(self, rows: QuerySet[Any], column: str, at: str) -> QuerySet[Any]:
        texts = {f"{column}__in": texts_of(rows, column, self.number)}
        return self._before(rows.filter(**texts), at)

    def _before(self, rows: QuerySet[Any], at: str) -> QuerySet[Any]:
        return rows.filter(**{f"{at}__lte": self.until}) if self.until else rows


def _names(legs: Iterable[Leg]) -> list[str]:
    return [name for leg in legs if (name := leg.sip_call_id or leg.participant_sid)]


def erase(traces: Traces, now: datetime, *, keeps_block: bool) -> None:
    """Afterwards nothing here tells of him. Calls go last: whoever is cut short finds the rest by
    them when he begins anew.
    """
    keys = traces.calls
    with transaction.atomic():
        traces.call_backs.delete()
        traces.refused.delete()
        traces.expected.delete()
        if not keeps_block:
            traces.blocks.delete()
        for action in traces.transfers.select_related("call"):
            _forget_target(action, traces.number)
        for event in traces.security:
            event.detail["values"]["number"] = ""
            event.save(update_fields=["detail"])
        traces.asked.update(to_number="", result={})
    for start in range(0, len(keys), BATCH):
        _erase_calls(keys[start : start + BATCH], now)


def _forget_target(action: CallAction, number: str) -> None:
    told = CallEvent.objects.filter(source="staff", kind__startswith=TRANSFERS)
    for event in told.filter(room_sid=action.call.room_sid, payload__target=number):
        event.payload["target"] = ""
        event.save(update_fields=["payload"])
    CallAction.objects.filter(pk=action.pk).update(params={}, result={})


@transaction.atomic
def _erase_calls(keys: Sequence[UUID], now: datetime) -> None:
    calls = Call.objects.filter(pk__in=keys)
    rooms = own_rooms(keys)
    _erase_words(keys, rooms)
    CallAction.objects.filter(call__in=keys).update(params={}, result={})
    Ring.objects.filter(call__in=keys).update(note="", result={})
    StandIn.objects.filter(room_sid__in=rooms).update(room_name="", summary="", text="")
    legs = Leg.objects.filter(call__in=keys).exclude(room_sid="").values("room_sid")
    # What a colleague was told before he was connected, which he has heard.
    StandIn.objects.filter(room_sid__in=legs).exclude(over_at=None).update(summary="")
    OutboundCall.objects.filter(pk__in=keys).update(to_number="", result={})
    gone = {"source_ip": "", "detail": "", "room_name": "", "version": F("version") + 1}
    calls.filter(direction=OUTBOUND).update(to_number="")
    calls.exclude(direction=OUTBOUND).update(from_number="")
    calls.update(**gone, erased_at=now)
    for key in keys:
        changed("call", key)


def own_rooms(keys: Sequence[UUID]) -> set[str]:
    """Rooms in which nobody else was a caller."""
    legs = Leg.objects.filter(call__in=keys).exclude(room_sid="")
    rooms = set(legs.values_list("room_sid", flat=True))
    others = Leg.objects.filter(room_sid__in=rooms).exclude(call__in=keys)
    return rooms - set(others.values_list("room_sid", flat=True))


def _erase_words(keys: Sequence[UUID], rooms: set[str]) -> None:
    """What was said, and the facts by which the calls were told; the parties stay, by their ids."""
    legs = Leg.objects.filter(call__in=keys)
    names = _names(legs)
    _words_of(legs, rooms).delete()
    sessions = Session.objects.of_callers(names) | Session.objects.filter(room_sid__in=rooms)
    jobs = list(sessions.values_list("job_id", flat=True))
    theirs = Q(sip_call_id__in=names) | Q(participant_sid__in=names) | Q(room_sid__in=rooms)
    SessionEvent.objects.filter(theirs, job_id__in=jobs).delete()
    AgentRequest.objects.filter(theirs).update(params={}, room_name="")
    Scenario.objects.filter(job_id__in=jobs).exclude(job_id="").delete()
    sessions.update(room_name="", error="")
    # What is said of a talk with several callers says something of him, too.
    told = sessions | Session.objects.filter(room_sid__in=_rooms(legs))
    told.update(summary="", outcome="", noted={}, sum_up_at=None)
    _facts_of(legs, rooms).delete()
    units = [f"call:{name}" for name in names] + [f"room:{sid}" for sid in rooms]
    FoldUnit.objects.filter(key__in=units).delete()
    legs.update(identity="")


def _rooms(legs: QuerySet[Leg]) -> list[str]:
    return list(legs.exclude(room_sid="").values_list("room_sid", flat=True))


def _words_of(legs: QuerySet[Leg], rooms: set[str]) -> QuerySet[Turn]:
    """What was said in their own rooms; in one that others called too, while they were there."""
    alone, shared = [], []
    for leg in legs.select_related("call"):
        if leg.room_sid and leg.room_sid not in rooms:
            shared.append(leg)
        else:
            alone.append(leg)
    whole = Session.objects.of_callers(_names(alone)) | Session.objects.filter(room_sid__in=rooms)
    # By their keys: else the database looks through all that was ever said.
    found = Q(session__in=list(whole.values_list("pk", flat=True)))
    others = Session.objects.filter(room_sid__in={leg.room_sid for leg in shared})
    sids = list(others.values_list("pk", "room_sid"))
    for leg in shared:
        came = leg.joined_at or leg.call.started_at
        left = leg.left_at or leg.call.ended_at or came
        span = {"at__gte": came - ROOM_MARGIN, "at__lte": left + ROOM_MARGIN}
        found |= Q(session__in=[key for key, sid in sids if sid == leg.room_sid], **span)
    return Turn.objects.filter(found)


def _facts_of(legs: QuerySet[Leg], rooms: set[str]) -> QuerySet[CallEvent]:
    phones = legs.exclude(sip_call_id=None).values_list("sip_call_id", flat=True)
    found = Q(sip_call_id__in=list(phones)) | Q(room_sid__in=rooms)
    inside = legs.exclude(room_sid="").exclude(participant_sid="")
    for room, sid in inside.values_list("room_sid", "participant_sid"):
        if room not in rooms:
            found |= Q(room_sid=room, participant_sid=sid)
    return CallEvent.objects.filter(found)


def _told_of(legs: QuerySet[Leg]) -> QuerySet[Session]:
    """Their own conversations of which something was written down."""
    own = Session.objects.of_callers(_names(legs))
    return own.exclude(summary="", outcome="", noted={})


def sweep(now: datetime) -> int:
    """Remove what came late of callers who were erased in the last weeks; of how many calls."""
    erased = Call.objects.erased_since(now - LATE).order_by("pk")
    keys, swept = list(erased.values_list("pk", flat=True)), 0
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        legs = Leg.objects.filter(call__in=batch)
        rooms = own_rooms(batch)
        late = (_words_of(legs, rooms), _facts_of(legs, rooms), _told_of(legs))
        if any(rows.exists() for rows in late):
            with transaction.atomic():
                _erase_words(batch, rooms)
            swept += len(batch)
    return swept
