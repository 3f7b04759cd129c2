"""Rooms that are sent on: what staff want is a row, and LiveKit is brought to it, look by look."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from recordings import livekit_words, orders
from recordings.stream_models import Stream, StreamTarget
from telephony import intake
from telephony.models import CallEvent
from veyra import audit
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.media import Egress, Target, masked
from veyra.livekit.types import LiveKitError, Room
from veyra.models import User
from veyra.secrets import SecretError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "recordings.look"
State, TargetState = Stream.State, StreamTarget.State
# LiveKit that does not answer is asked again for so long; whoever pressed sees why meanwhile.
PATIENCE = timedelta(seconds=60)
# What was begun by a request whose answer was lost is seen by then.
UNANSWERED = timedelta(seconds=15)
# An egress whose room is over ends by itself; one that says nothing for so long was killed.
SILENT_AFTER = timedelta(seconds=30)
STATES = {
    "starting": State.WAITING,
    "active": State.LIVE,
    "ending": State.ENDING,
    "complete": State.OVER,
    "limit": State.OVER,
    "failed": State.FAILED,
    "aborted": State.FAILED,
}
TARGETS = {
    "active": TargetState.LIVE,
    "finished": TargetState.OVER,
    "failed": TargetState.FAILED,
}
ROOM_OVER = _("Its room is over.")
FORGOTTEN = _("LiveKit knows nothing of it any more. Begin it anew.")
KILLED = _(
    "The call is over, and the program that recorded or sent it has said nothing since: it was"
    " killed. Have your engineer look at it."
)
NOT_FOR_OTHERS = _(
    "What is said in this room is not sent on: a call in it is of a line whose calls are never"
    " recorded, or its caller has not agreed to be recorded."
)
UNREADABLE = _("Its address cannot be read: no key of FIELD_KEYS fits. Begin it anew.")


# what staff ask for


def obstacle(room_sid: str) -> Sentence | None:
    """Why this room may not be sent on: others can keep what they are sent."""
    return Sentence(NOT_FOR_OTHERS) if orders.forbidding(room_sid) else None


def begin(room: Room, address: str, has_picture: bool, user: User) -> Stream:
    """Send `room` to `address`, key included."""
    stream = Stream(room_name=room.name, room_sid=room.sid, has_picture=has_picture, user=user)
    with transaction.atomic():
        stream.save(force_insert=True)
        _target(stream, address)
        LogEntry.objects.log_actions(user.pk, [stream], ADDITION)
        _tell(stream, "staff_stream", user)
    wake(TASK)
    return stream


def add(stream: Stream, address: str, user: User) -> None:
    note = gettext("Also sends it to %(address)s.") % {"address": masked(address)}
    with transaction.atomic():
        _target(stream, address)
        LogEntry.objects.log_actions(user.pk, [stream], CHANGE, change_message=note)
    wake(TASK)


def remove(target: StreamTarget, user: User) -> None:
    note = gettext("No longer sends it to %(address)s.") % {"address": target.shown}
    with transaction.atomic():
        StreamTarget.objects.filter(pk=target.pk).update(is_wanted=False)
        LogEntry.objects.log_actions(user.pk, [target.stream], CHANGE, change_message=note)
    wake(TASK)


def stop(stream: Stream, user: User) -> None:
    with transaction.atomic():
        if Stream.objects.filter(pk=stream.pk, is_wanted=True).update(is_wanted=False):
            note = gettext("Stopped it.")
            LogEntry.objects.log_actions(user.pk, [stream], CHANGE, change_message=note)
            audit.record(stream, {"is_wanted": [True, False]})
            _tell(stream, "staff_stream_end", user)
    wake(TASK)


def _target(stream: Stream, address: str) -> None:
    StreamTarget.objects.create(stream=stream, address=address, shown=masked(address)[:400])


def _tell(stream: Stream, kind: str, user: User) -> None:
    """In the stories of the calls of this room."""
    event = CallEvent(
        event_id=f"staff:{kind}:{stream.pk}",
        source=CallEvent.Source.STAFF,
        kind=kind,
        at=timezone.now(),
        payload={"who": user.get_full_name() or user.get_username()},
        room_sid=stream.room_sid,
        room_name=stream.room_name,
    )
    intake.store([event])


# what LiveKit makes of it


def look(livekit: LiveKit, goes_on: Callable[[], bool]) -> None:
    """Bring LiveKit to what is wanted, stream by stream, while `goes_on` says so. Raises
    LiveKitError where it cannot be read at all.
    """
    streams = list(Stream.objects.going_on())
    names = sorted({stream.room_name for stream in streams})
    rooms = {room.sid for room in livekit.list_rooms(names)} if names else set()
    for stream in streams:
        if not goes_on():
            return
        try:
            _bring(livekit, stream, stream.room_sid in rooms)
        except LiveKitError as error:
            log.warning("stream %s: %s", stream.pk, error.code or type(error).__name__)
            _not_now(stream, error)
        except SecretError:
            _end(stream, State.FAILED, Sentence(UNREADABLE))


def _bring(livekit: LiveKit, stream: Stream, room_is_there: bool) -> None:
    known = livekit.list_egress(room=stream.room_name)
    if stream.is_wanted and obstacle(stream.room_sid):
        # Somebody came, or was asked, since.
        _save(stream, is_wanted=False)
    if not stream.egress_id:
        return _begin(livekit, stream, known, room_is_there)
    info = next((each for each in known if each.id == stream.egress_id), None)
    if info is None:
        return _end(stream, State.FAILED, Sentence(FORGOTTEN))
    if was_killed(info, room_is_there, timezone.now()):
        return _end(stream, State.FAILED, Sentence(KILLED))
    if not info.is_over and not stream.is_wanted:
        info = stopped(livekit, info)
    elif info.status == "active":
        info = _changed(livekit, stream, info)
    _take(stream, info)


def was_killed(info: Egress, room_is_there: bool, now: datetime) -> bool:
    """LiveKit says for ever that it runs, once nobody is left who could say that it ended."""
    said_at = info.updated_at or info.started_at
    is_silent = said_at is not None and now - said_at > SILENT_AFTER
    return not info.is_over and not room_is_there and is_silent


def _begin(livekit: LiveKit, stream: Stream, known: Sequence[Egress], room_is_there: bool) -> None:
    # Whoever asked LiveKit and died, or waited in vain for its answer, left one that runs.
    taken = Stream.objects.filter(room_sid=stream.room_sid).exclude(egress_id="")
    known_ids = set(taken.values_list("egress_id", flat=True))
    if found := ours(known, stream, list(stream.targets.all()), known_ids):
        return _take(stream, found)
    now = timezone.now()
    if stream.asked_at and now - stream.asked_at < UNANSWERED:
        return
    targets = list(stream.targets.filter(is_wanted=True))
    if not stream.is_wanted or not targets:
        return _end(stream, State.OVER, obstacle(stream.room_sid) or Sentence(""))
    if not room_is_there:
        return _end(stream, State.OVER, Sentence(ROOM_OVER))
    _save(stream, asked_at=now)
    _told(targets)
    addresses = [target.address for target in targets]
    _take(
        stream,
        livekit.start_stream(stream.room_name, addresses, has_picture=stream.has_picture),
    )


def ours(
    known: Sequence[Egress],
    stream: Stream,
    targets: Sequence[StreamTarget],
    taken: Collection[str],
) -> Egress | None:
    """The egress that was begun for `stream`, where it was asked for before."""
    if stream.asked_at is None:
        return None
    addresses = {target.shown for target in targets if target.is_told}
    for each in known:
        goes_there = addresses & {target.address for target in each.targets}
        is_new = each.id not in taken and not each.is_over
        if each.room_sid == stream.room_sid and is_new and goes_there:
            return each
    return None


def stopped(livekit: LiveKit, info: Egress) -> Egress:
    """As it is after it was stopped. Raises LiveKitError."""
    try:
        return livekit.stop_egress(info.id)
    except LiveKitError as error:
        # It has just ended by itself.
        if error.code not in ("failed_precondition", "not_found"):
            raise
        return info


def _changed(livekit: LiveKit, stream: Stream, info: Egress) -> Egress:
    """Addresses that came or went since."""
    targets = list(stream.targets.all())
    new, old = changes(targets, info.targets)
    # Also one that was left out and wanted again before LiveKit heard of either.
    _told([target for target in targets if target.is_wanted and not target.is_told])
    if not new and not old:
        return info
    add_, remove_ = [each.address for each in new], [each.address for each in old]
    try:
        return livekit.change_stream(info.id, add_, remove_)
    except LiveKitError as error:
        if not error.permanent:
            raise
        why = livekit_words.sentence_of(error).to_json()
        failed = StreamTarget.objects.filter(pk__in=[each.pk for each in new])
        failed.update(state=TargetState.FAILED, reason=why, is_wanted=False)
        return info


def changes(
    targets: Sequence[StreamTarget], there: Sequence[Target]
) -> tuple[list[StreamTarget], list[StreamTarget]]:
    """Which of `targets` LiveKit is to add to those that it knows, and which it is to leave out."""
    known = {each.address for each in there}
    live = {each.address for each in there if each.status == "active"}
    missing = [t for t in targets if t.is_wanted and t.shown not in live]
    new = [target for target in missing if not target.is_told or target.shown not in known]
    old = [t for t in targets if not t.is_wanted and t.is_told and t.shown in live]
    wanted = {target.shown for target in targets if target.is_wanted}
    # An address that came, went and came again has several rows.
    once = {target.shown: target for target in old if target.shown not in wanted}
    return new, list(once.values())


def _told(targets: Sequence[StreamTarget]) -> None:
    StreamTarget.objects.filter(pk__in=[each.pk for each in targets]).update(is_told=True)


def _take(stream: Stream, info: Egress) -> None:
    """What LiveKit says of it."""
    state = STATES[info.status]
    if info.is_over:
        Stream.objects.filter(pk=stream.pk).update(egress_id=info.id)
        why = livekit_words.why(info.error)
        if not why.msgid and info.details.endswith("Source closed"):
            why = Sentence(ROOM_OVER)
        elif not why.msgid:
            why = obstacle(stream.room_sid) or why
        _targets(stream, info.targets)
        return _end(stream, state, why, info.ended_at)
    _save(stream, egress_id=info.id, state=state, reason=Sentence("").to_json())
    _targets(stream, info.targets)


def _targets(stream: Stream, there: Sequence[Target]) -> None:
    # Where an address went and came again, the last word counts.
    told = {each.address: each for each in there}
    targets = list(stream.targets.filter(is_told=True))
    wanted = {target.shown for target in targets if target.is_wanted}
    for target in targets:
        said = told.get(target.shown)
        if said is None:
            continue
        state, why = TARGETS[said.status], livekit_words.why(said.error).to_json()
        if not target.is_wanted and target.shown in wanted:
            state = TargetState.OVER
        if (target.state, target.reason) != (state, why):
            StreamTarget.objects.filter(pk=target.pk).update(state=state, reason=why)


def _not_now(stream: Stream, error: LiveKitError) -> None:
    """LiveKit refused, or does not answer: what passes by itself is tried again for a while."""
    why = livekit_words.sentence_of(error)
    if error.permanent or "no response" in error.message:
        _save(stream, asked_at=None)  # it has begun nothing
    gives_up = error.permanent or timezone.now() - stream.created_at > PATIENCE
    if gives_up and not stream.egress_id:
        return _end(stream, State.FAILED, why)
    _save(stream, reason=why.to_json())


def _end(stream: Stream, state: str, why: Sentence, at: datetime | None = None) -> None:
    ended_at = at or timezone.now()
    with transaction.atomic():
        _save(stream, state=state, reason=why.to_json(), ended_at=ended_at, is_wanted=False)
        left = stream.targets.filter(state__in=(TargetState.WAITING, TargetState.LIVE))
        left.update(state=TargetState.OVER)


def _save(stream: Stream, **values: Any) -> None:
    """What a person changed meanwhile stays."""
    changed = {name: value for name, value in values.items() if getattr(stream, name) != value}
    if changed:
        Stream.objects.filter(pk=stream.pk).update(**changed)
        for name, value in changed.items():
            setattr(stream, name, value)
