"""Facts come in: each is stored once, its unit is marked, and the fold is woken."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from agentworker.models import SessionEvent
from telephony.models import CallEvent, FoldUnit
from veyra.celery import wake
from veyra.livekit.tap import TapMessage
from veyra.livekit.tokens import TRIAL_ROOM
from veyra.livekit.types import Participant, Room
from veyra.livekit.webhooks import WebhookEvent

log = logging.getLogger(__name__)

# Who spoke for us has left: the task that looks whether his call is to go on without him.
COLLEAGUE_LEFT = "telephony.speak"
# A recording, a stream or an incoming stream has news: the task that asks LiveKit about them.
STREAM_NEWS = "recordings.look"
# What LiveKit records of the room is to stop at once.
YES_TAKEN_BACK = "recording_refused"
# Agent facts that one transaction takes over.
BATCH = 500
# The database, or its driver, does not take this fact and never will: a text that is too long, or
# half of a character. Whatever else it raises has nothing to do with the fact.
REFUSED = (DataError, IntegrityError, ValueError)


def store(events: Sequence[CallEvent]) -> None:
    """Keep the facts that are new, mark their units dirty and say so."""
    if not events:
        return
    keys = sorted({key for event in events if (key := unit_key(event))})
    # In one order for everybody, so that two who store the same do not wait for each other.
    in_order = sorted(events, key=lambda event: event.event_id)
    with transaction.atomic():
        CallEvent.objects.bulk_create(in_order, ignore_conflicts=True)
        mark(keys)
    wake("telephony.fold")


def store_each(events: Sequence[CallEvent]) -> None:
    """The same; one that is refused is told in the log, and does not hold up the others."""
    try:
        store(events)
    except REFUSED:
        for event in events:
            _store_alone(event)


def _store_alone(event: CallEvent) -> None:
    try:
        store([event])
    except REFUSED as error:
        log.warning(
            "a fact cannot be stored: %s %s, %s", event.source, event.event_id, type(error).__name__
        )


def mark(keys: Iterable[str]) -> None:
    """These units have facts that were not folded yet. Give the keys in order: they lock rows."""
    now = timezone.now()
    FoldUnit.objects.bulk_create(
        [FoldUnit(key=key, dirty_at=now) for key in keys],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["dirty_at"],
    )


def unit_key(event: CallEvent) -> str:
    """The unit that an event is folded in; "" for events about neither a room nor a call."""
    if event.room_sid:
        return f"room:{event.room_sid}"
    return f"call:{event.sip_call_id}" if event.sip_call_id else ""


# webhooks


def take_webhooks(events: Sequence[WebhookEvent]) -> None:
    store_each(
        [of_webhook(event) for event in events if not event.room_name.startswith(TRIAL_ROOM)]
    )
    if any(map(_is_colleague_leaving, events)):
        wake(COLLEAGUE_LEFT)
    if any(event.egress_id or event.ingress_id for event in events):
        wake(STREAM_NEWS)


def _is_colleague_leaving(event: WebhookEvent) -> bool:
    is_his = event.attributes.get("veyra.role") == "colleague"
    return event.kind == "participant_left" and is_his


def of_webhook(event: WebhookEvent) -> CallEvent:
    return CallEvent(
        event_id=event.id[:100],
        source=CallEvent.Source.WEBHOOK,
        kind=event.kind[:60],
        at=event.at,
        payload=event.payload,
        sip_call_id=event.attributes.get("sip.callID", "")[:64],
        participant_sid=event.participant_sid,
        room_sid=event.room_sid,
        room_name=event.room_name[:200],
    )


# the tap


def take_tap(messages: Iterable[TapMessage]) -> None:
    """Store a batch. What says the same of the same call is stored once: a scanner who guesses
    passwords makes the gateway say it dozens of times in a moment.
    """
    said: dict[tuple[object, ...], TapMessage] = {}
    for message in messages:
        names = ("status", "error", "trunk_id")
        what = tuple(message.payload.get(name) for name in names)
        room = (message.room_name, message.room_sid)
        said.setdefault((message.sip_call_id, message.kind, room, what), message)
    store_each([of_tap(message) for message in said.values()])


def of_tap(message: TapMessage) -> CallEvent:
    return CallEvent(
        event_id=message.id,
        source=CallEvent.Source.TAP,
        kind=message.kind,
        at=message.at,
        payload=message.payload,
        sip_call_id=message.sip_call_id,
        room_sid=message.room_sid,
        room_name=message.room_name[:200],
    )


# the assistant's own facts


def take_agent_facts() -> int:
    """Take over what assistants have reported since; how many facts there were."""
    waiting = SessionEvent.objects.filter(folded_at=None).order_by("pk")[:BATCH]
    facts = list(waiting)
    if facts:
        with transaction.atomic():
            store_each([of_agent(fact) for fact in facts])
            taken = SessionEvent.objects.filter(pk__in=[fact.pk for fact in facts])
            taken.update(folded_at=timezone.now())
    if any(fact.kind == YES_TAKEN_BACK for fact in facts):
        wake(STREAM_NEWS)
    return len(facts)


def of_agent(fact: SessionEvent) -> CallEvent:
    return CallEvent(
        event_id=f"agent:{fact.event_id}",
        source=CallEvent.Source.AGENT,
        kind=fact.kind,
        at=fact.at,
        payload=fact.payload,
        sip_call_id=fact.sip_call_id,
        participant_sid=fact.participant_sid,
        room_sid=fact.room_sid,
        room_name=fact.room_name,
    )


# the observer


def of_sight(room: Room, person: Participant, at: datetime) -> CallEvent:
    """`person` was in `room` at `at`. One fact for each status that he was seen in."""
    payload = {"identity": person.identity, "kind": person.kind, "attributes": person.attributes}
    if person.joined_at:
        payload["joined_at"] = person.joined_at.isoformat()
    status = person.attributes.get("sip.callStatus", "")
    return CallEvent(
        event_id=f"seen:{person.sid}:{status}",
        source=CallEvent.Source.OBSERVER,
        kind="present",
        at=at,
        payload=payload,
        sip_call_id=person.attributes.get("sip.callID", "")[:64],
        participant_sid=person.sid,
        room_sid=room.sid,
        room_name=room.name,
    )


def of_absence(kind: str, room_sid: str, at: datetime, **named: str) -> CallEvent:
    """A room ("room_gone") or a caller in a room ("participant_gone") is there no longer."""
    who = named.get("sip_call_id") or named.get("participant_sid") or room_sid
    return CallEvent(
        event_id=f"gone:{who}",
        source=CallEvent.Source.OBSERVER,
        kind=kind,
        at=at,
        room_sid=room_sid,
        **named,
    )
