"""Talks that LiveKit's own program records, where it runs: those that staff ask for, or callers
agree to.

It takes seconds to begin, so it relieves whoever records by then: our recorder or the assistant,
which leave when a fact of it says that it hears the room. Where it refuses, breaks down or is
killed, the next such fact brings our recorder back within a second. It cannot pause: what it writes
without a break is a `Part`, which ends at a pause, and going on begins another one.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from agentworker.recording import RecordingPolicy
from recordings import available, egress, expecting, livekit_words, streaming
from recordings.deciding import EGRESS, Verdict, Wanted
from recordings.models import Part, Recorder, Recording
from telephony import intake
from telephony.models import CallEvent
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.media import Egress
from veyra.livekit.types import LiveKitError, Participant
from veyra.secrets import SecretError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# What a job records from its first word on stays with the job: nobody could relieve it in time.
POLICIES = (RecordingPolicy.PRESSED, RecordingPolicy.AGREED)
# Whoever records goes on meanwhile; then it is given up.
BEGINS_BY = timedelta(seconds=30)
# An hour of talk is 50 MB at most.
BRINGS_BY = timedelta(minutes=30)
# One that came to nothing is followed by another after a while, so often in one room.
TRIES, AGAIN = 3, timedelta(seconds=30)
# The error of a fact: it broke down, and its own sentence stands on its part.
BROKE_DOWN = "LiveKit"
# LiveKit misses who was killed for so long at most.
SILENT_AFTER = streaming.SILENT_AFTER
LATEST = datetime.max.replace(tzinfo=UTC)

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Talk:
    """What is known of a room by its calls that go on: from when to when it is to be recorded, and
    what is wanted now. `may`: by LiveKit's program.
    """

    room_name: str
    room_sid: str
    wanted: Recording.Wanted
    spans: tuple[Span, ...]
    may: bool


def talks(found: Iterable[tuple[Recording, Verdict]]) -> dict[str, Talk]:
    """By the sid of the room; in one room there may be several calls."""
    known: dict[str, Talk] = {}
    for row, verdict in found:
        before = known.get(row.room_sid)
        wanted = [verdict.wanted, before.wanted if before else Wanted.OFF]
        known[row.room_sid] = Talk(
            room_name=row.room_name,
            room_sid=row.room_sid,
            wanted=next(each for each in (Wanted.ON, Wanted.PAUSED, Wanted.OFF) if each in wanted),
            spans=(*(before.spans if before else ()), *verdict.spans),
            may=verdict.policy in POLICIES and (before is None or before.may),
        )
    return {sid: talk for sid, talk in known.items() if sid}


def end_of(talk: Talk | None, began_at: datetime) -> datetime | None:
    """When what was begun then is to end; None: it goes on. Sound after that is not kept."""
    spans = talk.spans if talk else ()
    ends = [end for start, end in spans if start <= began_at and (not end or end > began_at)]
    if not ends:
        return began_at
    return None if None in ends else max(end for end in ends if end)


def are_apart(people: Iterable[Participant]) -> bool:
    """Would callers be on one side, and whoever speaks for us on the other? LiveKit's program puts
    all but assistants on one.
    """
    return not any(_is_of_ours(person) for person in people if person.kind != "agent")


def _is_of_ours(person: Participant) -> bool:
    role = person.attributes.get("veyra.role", "")
    return person.has_sound and role in ("colleague", "supervisor", "standby")


# what LiveKit is asked, and says


def look(livekit: LiveKit, goes_on: Callable[[], bool]) -> None:
    """Begin, follow and end them while `goes_on` says so. Raises LiveKitError where nothing can be
    read.
    """
    known = talks(expecting.look(timezone.now()))
    parts = list(Part.objects.by_egress().filter(state=Part.State.WRITING))
    followed = {part.room_sid for part in parts}
    new = [talk for sid, talk in known.items() if sid not in followed and _may_begin(talk)]
    names = {part.room_name for part in parts} | {talk.room_name for talk in new}
    rooms = {room.sid for room in livekit.list_rooms(sorted(names))} if names else set()
    # Those that are to end first: somebody may be about to say what nobody is to hear.
    works: list[Callable[[], None]] = []
    for part in parts:
        talk = known.get(part.room_sid) or _past(part.room_sid)
        is_there = part.room_sid in rooms
        works.append(partial(_follow, livekit, part, talk, is_there))
    works += [partial(_begin, livekit, talk) for talk in new if talk.room_sid in rooms]
    for work in works:
        if not goes_on():
            return
        try:
            work()
        except LiveKitError as error:
            log.warning("a talk in LiveKit: %s", error.code or type(error).__name__)


def _past(room_sid: str) -> Talk | None:
    """By calls that are over; None: nothing of them is to be kept."""
    rows = Recording.objects.talks_in(room_sid)
    known = expecting.Known.of([row.call for row in rows if row.call], timezone.now(), [])
    verdicts = [(row, known.verdict(row.call, row)) for row in rows if row.call]
    return talks((row, verdict) for row, verdict in verdicts if verdict).get(room_sid)


def may_begin() -> bool:
    """Is there a talk that LiveKit's program could record, and does it run?"""
    asked_for = Recording.objects.wanted_by_hand().exists()
    return asked_for and available.storage_of_egress() is not None


def _may_begin(talk: Talk) -> bool:
    if talk.wanted != Wanted.ON or not talk.may or available.storage_of_egress() is None:
        return False
    broken = Part.objects.by_egress().of_rooms([talk.room_sid]).filter(state=Part.State.BROKEN)
    tried = list(broken.values_list("seen_at", flat=True))
    return len(tried) < TRIES and not any(timezone.now() - at < AGAIN for at in tried)


def _begin(livekit: LiveKit, talk: Talk) -> None:
    storage = available.storage_of_egress()
    if storage is None or not are_apart(livekit.list_participants(talk.room_name)):
        return
    since = max(start for start, end in talk.spans if end is None)
    part = Part.objects.create(
        room_name=talk.room_name,
        room_sid=talk.room_sid,
        recorder=Recorder.EGRESS,
        # Whoever ordered it may have another clock.
        began_at=max(timezone.now(), since),
        storage=storage,
    )
    try:
        path, upload = egress.way_to(storage, part.egress_file)
        info = livekit.record_sound(talk.room_name, path, upload)
    except SecretError:
        give_up(part, Sentence(egress.NO_BUCKET))
    except LiveKitError as error:
        # Without a clear no it may have begun: the next look finds it.
        if error.permanent or "no response" in error.message:
            give_up(part, livekit_words.sentence_of(error))
    else:
        save(part, egress_id=info.id)


def _follow(livekit: LiveKit, part: Part, talk: Talk | None, room_is_there: bool) -> None:
    known, now = livekit.list_egress(room=part.room_name), timezone.now()
    info = next((each for each in known if _is(each, part)), None)
    people = livekit.list_participants(part.room_name) if room_is_there else []
    if info is None:
        if now - part.began_at > egress.UNANSWERED:
            _forget(livekit, part, talk, people)
        return
    # One that ends brings its file to the storage, and says nothing meanwhile.
    patience = BRINGS_BY if info.status == "ending" else timedelta()
    if streaming.was_killed(info, room_is_there, now - patience):
        return give_up(part, Sentence(streaming.KILLED))
    is_inside = any(person.identity == info.id for person in people)
    is_late = info.status == "starting" and now - part.began_at > BEGINS_BY
    ends_at = end_of(talk, part.began_at)
    if ends_at is None and (is_late or not (talk and talk.may) or not are_apart(people)):
        ends_at = now
    if ends_at and not part.ended_at:
        save(part, ended_at=ends_at)
    # Who is not in the room writes nothing, and one that was killed would only keep us waiting.
    if part.ended_at and (info.status == "starting" or (info.status == "active" and is_inside)):
        info = streaming.stopped(livekit, info)
    _take(part, info, is_inside, talk)


def _forget(livekit: LiveKit, part: Part, talk: Talk | None, people: Iterable[Participant]) -> None:
    """LiveKit never began it; or has lost what it knew (its Redis began anew, or nobody asked for a
    day): then whoever writes it is sent out, which ends it, and its file may come all the same.
    """
    if not part.egress_id:
        return give_up(part, Sentence(egress.NOT_BEGUN))
    if any(person.identity == part.egress_id for person in people):
        livekit.remove_participant(part.room_name, part.egress_id)
    _tell_end(part, talk, BROKE_DOWN)
    now, why = timezone.now(), Sentence(egress.NOT_THERE).to_json()
    ends_at = {"ended_at": part.ended_at or now, "seen_at": now}
    save(part, state=Part.State.ARRIVING, reason=why, **ends_at)
    wake(egress.FETCH)


def _is(info: Egress, part: Part) -> bool:
    """Whose answer was lost is known by the file that it writes."""
    if part.egress_id:
        return info.id == part.egress_id
    return any(path.endswith(part.egress_file) for path in info.paths)


def _take(part: Part, info: Egress, is_inside: bool, talk: Talk | None) -> None:
    if info.is_over:
        return _end(part, info, talk)
    now = timezone.now()
    save(part, egress_id=info.id, seen_at=now)
    if part.ended_at:
        # One that did not take the order goes on.
        if info.status == "ending":
            _tell_end(part, talk)
    elif info.status == "active" and is_inside:
        _tell(part, "recording_started")
    elif info.status == "active" and info.updated_at and now - info.updated_at > SILENT_AFTER:
        _tell_end(part, talk, BROKE_DOWN)


def _end(part: Part, info: Egress, talk: Talk | None) -> None:
    if fault := egress.fault_of(info):
        return give_up(part, fault, talk)
    _tell_end(part, talk)
    file = info.files[0]
    began_at = _began(part, file.started_at or info.started_at)
    ended_at = min(part.ended_at or LATEST, began_at + timedelta(seconds=file.seconds))
    save(part, state=Part.State.ARRIVING, began_at=began_at, ended_at=ended_at)
    wake(egress.FETCH)


def _began(part: Part, said: datetime | None) -> datetime:
    """It began when its host says, by the clock of that: between our asking and our seeing it."""
    told = CallEvent.objects.filter(event_id=_fact_of(part, "recording_started"))
    seen = told.values_list("at", flat=True).first() or timezone.now()
    return min(max(said or part.began_at, part.began_at), max(seen, part.began_at))


def give_up(part: Part, why: Sentence, talk: Talk | None = None) -> None:
    """Nothing of it will be heard: its row says why."""
    _tell_end(part, talk, BROKE_DOWN)
    log.warning("part %s of LiveKit's program came to nothing: %s", part.pk, why.msgid)
    save(part, state=Part.State.BROKEN, reason=why.to_json(), seen_at=timezone.now())


def _tell_end(part: Part, talk: Talk | None, error: str = "") -> None:
    """Where it was told that it had begun; a pause is told as one."""
    if CallEvent.objects.filter(event_id=_fact_of(part, "recording_started")).exists():
        is_pause = not error and talk is not None and talk.wanted == Wanted.PAUSED
        _tell(part, "recording_paused" if is_pause else "recording_stopped", error)


def _tell(part: Part, kind: str, error: str = "") -> None:
    """Once. It begins and it ends once, whatever the end is called."""
    name = _fact_of(part, kind)
    if CallEvent.objects.filter(event_id=name).exists():
        return
    event = CallEvent(
        event_id=name,
        source=CallEvent.Source.OBSERVER,
        kind=kind,
        at=timezone.now(),
        payload={"part": str(part.pk)} | ({"error": error} if error else {}),
        room_sid=part.room_sid,
        room_name=part.room_name,
    )
    intake.store([event])


def _fact_of(part: Part, kind: str) -> str:
    return f"{EGRESS}:{part.pk}:{'began' if kind == 'recording_started' else 'ended'}"


def save(part: Part, **values: Any) -> bool:
    """False: it is gone, or here, meanwhile."""
    changed = {name: value for name, value in values.items() if getattr(part, name) != value}
    if changed and not Part.objects.coming().filter(pk=part.pk).update(**changed):
        return False
    for name, value in changed.items():
        setattr(part, name, value)
    return True
