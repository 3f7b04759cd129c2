"""The recordings of one caller, and how they go, with whatever is still on its way."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from recordings import deleting
from recordings.keeping_models import Deletion, Hold
from recordings.models import Part, Recording, RecordingQuerySet, RoomAction, Stream
from telephony.forgetting import LATE, own_rooms
from telephony.models import Call, Leg


def of_calls(keys: Sequence[UUID]) -> RecordingQuerySet:
    """Of these calls, and of the rooms in which nobody else called."""
    rooms = Q(call=None, room_sid__in=own_rooms(keys))
    return Recording.objects.filter(Q(call__in=keys) | rooms)


def of_others(keys: Sequence[UUID]) -> RecordingQuerySet:
    """Other people's, in whose rooms these calls were: their callers may be heard in them, too."""
    legs = Leg.objects.filter(call__in=keys).exclude(room_sid="")
    rooms = set(legs.values_list("room_sid", flat=True)) - own_rooms(keys)
    return Recording.objects.filter(room_sid__in=rooms).ready().exclude(call__in=keys)


def claim(keys: Sequence[UUID], now: datetime, *, again: bool = False) -> list[UUID]:
    """Nobody hears them any more; keys of all whose files are to go. `again`: from a backup, which
    may show them as they stood then: on their way, or needed by somebody.
    """
    rows = of_calls(keys)
    if again:
        rows.filter(is_held=True).update(is_held=False)
        rows.open().update(state=Recording.State.FAILED)
    deleting.claim(list(rows), Deletion.Why.ERASED, now)
    rows.update(room_name="")
    rooms = own_rooms(keys)
    Stream.objects.filter(room_sid__in=rooms).update(room_name="")
    RoomAction.objects.filter(room_sid__in=rooms).update(room_name="", identity="")
    gone = rows.filter(state=Recording.State.DELETED).exclude(file="")
    return list(gone.values_list("pk", flat=True))


def is_left(keys: Sequence[UUID]) -> bool:
    """Is one of them to be heard, or still to come? One that was to be deleted may have been joined
    once more meanwhile, with what came late.
    """
    states = (*Recording.OPEN, *deleting.KEPT)
    return of_calls(keys).filter(state__in=states).exists()


def forget_parts(keys: Sequence[UUID]) -> None:
    """Sound that was on its way. Raises StoreError."""
    deleting.forget_parts(Part.objects.filter(room_sid__in=own_rooms(keys)))


def lifted_holds(number: str, keys: Sequence[UUID]) -> QuerySet[Hold]:
    """That were on him, or on a recording of one of these calls, and that tell of him still."""
    of_him = Q(number=number) | Q(recording__in=of_calls(keys))
    return Hold.objects.lifted().filter(of_him).exclude(number="", why="")


def forget_holds(number: str, keys: Sequence[UUID]) -> None:
    """Who needed something, and when, stays; who he was, and why, goes, also from the log."""
    holds = list(lifted_holds(number, keys))
    for model, of in (
        (Hold, [hold.pk for hold in holds]),
        (Recording, [hold.recording_id for hold in holds if hold.recording_id]),
    ):
        told = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=map(str, of),
            action_flag=ADDITION,
        )
        told.update(change_message="")
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(number="", why="")


def forget_rooms(keys: Sequence[UUID]) -> None:
    """What was done in the rooms of these calls stays; whose rooms they were goes."""
    legs = Leg.objects.filter(call__in=keys).exclude(room_sid="")
    own = own_rooms(keys)
    done = RoomAction.objects.filter(room_sid__in=legs.values("room_sid"))
    done.filter(identity__in=legs.values("identity")).update(identity="")
    RoomAction.objects.filter(room_sid__in=own).update(room_name="", identity="")
    Stream.objects.filter(room_sid__in=own).update(room_name="")


def sweep(now: datetime) -> None:
    """Sound that came late, of callers who were erased in the last weeks. Raises StoreError."""
    erased = list(Call.objects.erased_since(now - LATE).values_list("pk", flat=True))
    if is_left(erased):
        claim(erased, now, again=True)
    forget_parts(erased)
