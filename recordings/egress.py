"""Recordings that LiveKit's own program makes of a room: its picture, or one voice of it.

That program writes into our bucket by a login that may only write, under `egress/`. When it says
that it is done, the file is looked at and moved to where recordings lie; until then nothing is
told to be there.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from agentworker.recording import RecordingPolicy
from recordings import available, livekit_words, orders, sealing, streaming
from recordings.models import Recorder, Recording, Storage
from recordings.stores import Written, folder_of, open_file, store_of, write_file
from recordings.storing import Absent, Store, StoreError
from telephony import intake
from telephony.models import Call, CallEvent
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.media import Egress, Upload
from veyra.livekit.types import LiveKitError, Room
from veyra.models import Lease, User
from veyra.secrets import SecretError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# Asks LiveKit; and fetches what is done, which may be long.
TASK, FETCH = "recordings.look", "recordings.fetch"
Kind, State, Wanted = Recording.Kind, Recording.State, Recording.Wanted
ENDINGS = {Kind.VIDEO: "mp4", Kind.TRACK: "ogg"}
OURS = re.compile(r"egress/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:mp4|ogg)")
# An egress takes a second to begin; a page waits no longer for it.
PATIENCE_SECONDS = 8.0
# LiveKit's answer is not lost by then: what it began is found, or it began nothing.
UNANSWERED = timedelta(seconds=30)
# What was told to begin or to end, and says nothing for so long, was killed; so was what has ended
# and still brings its file after so long.
STUCK, BRINGS = timedelta(minutes=5), timedelta(hours=6)
# A storage that is away is asked for so long, and what was given up may lie in it.
LONGEST_WAIT = timedelta(days=1)
HOLD = 600.0

NO_BUCKET = _(
    "LiveKit's program can only write into a storage that speaks S3, with a login of its own."
    " Enter both on the storage in which new recordings are kept."
)
NOT_BEGUN = _("It did not begin. Try again; if it stays so, have your engineer look at it.")
EMPTY = _("Nobody could be heard or seen while it was recorded, so there is nothing in it.")
NOT_THERE = _(
    "It was recorded, but its file is not in the storage. Have your engineer press “Try it” on the"
    " storage."
)
IN_BACKUP = _(
    "The storage did not take the file, so it was kept in another one: %(place)s. Ask your engineer"
    " to bring it from there."
)
KILLED = _(
    "The program that recorded it was told to begin or to end, and says nothing: it was killed."
    " Have your engineer look at it."
)
STORY = {Kind.VIDEO: "staff_record_picture", Kind.TRACK: "staff_record_voice"}


def obstacle(room_sid: str) -> Sentence | None:
    """Why LiveKit's program can record nothing of this room now."""
    if why := available.obstacle("egress"):
        return why
    if available.if_written_by_egress(Storage.objects.current()) is None:
        return Sentence(NO_BUCKET)
    return next(iter(orders.obstacles(room_sid)), None)


def begin(kind: Recording.Kind, room: Room, track: str, user: User) -> Recording:
    """Have it recorded from now on. Where LiveKit refuses, the row says why."""
    call = Call.objects.filter(room_sid=room.sid).order_by("-started_at").first()
    row = Recording(
        call=call,
        kind=kind,
        policy=RecordingPolicy.PRESSED,
        recorder=Recorder.EGRESS,
        room_name=room.name,
        room_sid=room.sid,
        wanted_at=timezone.now(),
        storage=Storage.objects.current(),
    )
    with transaction.atomic():
        row.save(force_insert=True)
        LogEntry.objects.log_actions(user.pk, [row], ADDITION)
        _tell(row, user)
    try:
        with LiveKit.from_settings(PATIENCE_SECONDS) as livekit:
            _take(row, _begin(livekit, row, track))
    except SecretError:
        _end(row, State.FAILED, Sentence(NO_BUCKET))
    except LiveKitError as error:
        why = livekit_words.sentence_of(error)
        # Without a clear no it may have begun: the next look finds it.
        if error.permanent or "no response" in error.message:
            _end(row, State.FAILED, why)
        else:
            _save(row, reason=why.to_json())
    return row


def _begin(livekit: LiveKit, row: Recording, track: str) -> Egress:
    path, upload = way_to(Storage.objects.current(), source_of(row))
    if row.kind == Kind.TRACK:
        return livekit.record_track(row.room_name, track, path, upload)
    return livekit.record_picture(row.room_name, path, upload)


def way_to(storage: Storage, name: str) -> tuple[str, Upload | None]:
    """Where LiveKit's program is to write it: in the bucket, with its login, or in a folder that it
    sees. Raises SecretError.
    """
    if storage.kind == Storage.Kind.FOLDER:
        return str(folder_of(storage) / name), None
    upload = Upload(
        bucket=storage.bucket,
        endpoint=storage.endpoint,
        region=storage.region,
        access_key=storage.egress_access_key,
        secret_key=storage.egress_secret_key,
    )
    prefix = storage.prefix.strip("/")
    return f"{prefix}/{name}" if prefix else name, upload


def source_of(row: Recording) -> str:
    """The name under which LiveKit's program writes it."""
    return f"egress/{row.pk}.{ENDINGS[Kind(row.kind)]}"


def name_of(row: Recording) -> str:
    made = row.created_at
    return f"recordings/{made:%Y}/{made:%m}/{row.pk}.{ENDINGS[Kind(row.kind)]}"


def stop(row: Recording, user: User) -> None:
    with transaction.atomic():
        going_on = Recording.objects.by_egress().filter(pk=row.pk, wanted=Wanted.ON)
        if going_on.update(wanted=Wanted.OFF, wanted_at=timezone.now()):
            note = gettext("Stopped it.")
            LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=note)
    wake(TASK)


def _tell(row: Recording, user: User) -> None:
    """In the stories of the calls of this room."""
    event = CallEvent(
        event_id=f"staff:egress:{row.pk}",
        source=CallEvent.Source.STAFF,
        kind=STORY[Kind(row.kind)],
        at=timezone.now(),
        payload={"who": user.get_full_name() or user.get_username()},
        room_sid=row.room_sid,
        room_name=row.room_name,
    )
    intake.store([event])


# what LiveKit says of it


def look(livekit: LiveKit, goes_on: Callable[[], bool]) -> None:
    """Follow each while `goes_on` says so. Raises LiveKitError where nothing can be read."""
    rows = list(Recording.objects.by_egress().exclude(state=State.SAVING))
    names = sorted({row.room_name for row in rows})
    rooms = {room.sid for room in livekit.list_rooms(names)} if names else set()
    for row in rows:
        if not goes_on():
            return
        try:
            _follow(livekit, row, row.room_sid in rooms)
        except LiveKitError as error:
            log.warning("recording %s: %s", row.pk, error.code or type(error).__name__)


def _follow(livekit: LiveKit, row: Recording, room_is_there: bool) -> None:
    known = livekit.list_egress(room=row.room_name)
    info = next((each for each in known if _is(each, row)), None)
    if info is None:
        return _is_unknown(row)
    if why := _why_dead(info, row, room_is_there):
        return _end(row, State.MISSING, Sentence(why))
    if row.wanted == Wanted.ON and orders.forbidding(row.room_sid):
        _save(row, wanted=Wanted.OFF, wanted_at=timezone.now())
    if row.wanted == Wanted.OFF and info.status in ("starting", "active"):
        info = streaming.stopped(livekit, info)
    _take(row, info)


def _is_unknown(row: Recording) -> None:
    """LiveKit never knew it, or has forgotten it: then its file may be there."""
    if timezone.now() - row.created_at < UNANSWERED:
        return
    if not row.egress_id:
        return _end(row, State.FAILED, row.sentence if row.sentence.msgid else Sentence(NOT_BEGUN))
    _save(row, state=State.SAVING, reason={}, ended_at=row.ended_at or timezone.now())
    wake(FETCH)


def _why_dead(info: Egress, row: Recording, room_is_there: bool) -> str:
    """A program that was killed never says so; "": it may still live, or has ended."""
    if info.is_over:
        return ""
    now = timezone.now()
    if info.status == "ending":
        return KILLED if _is_silent(info, row, now - BRINGS) else ""
    if streaming.was_killed(info, room_is_there, now):
        return streaming.KILLED
    is_told = info.status == "starting" or row.wanted == Wanted.OFF
    return KILLED if is_told and _is_silent(info, row, now - STUCK) else ""


def _is_silent(info: Egress, row: Recording, since: datetime) -> bool:
    """Neither it nor anybody who told it something was heard of since then."""
    heard_of = (row.created_at, row.wanted_at, info.updated_at)
    return max(at for at in heard_of if at) < since


def _is(info: Egress, row: Recording) -> bool:
    """Is it the one of `row`? Whose answer was lost is known by the file that it writes."""
    if row.egress_id:
        return info.id == row.egress_id
    return any(path.endswith(source_of(row)) for path in info.paths)


def _take(row: Recording, info: Egress) -> None:
    _save(row, egress_id=info.id)
    if not info.is_over:
        began = info.status != "starting"
        state = State.RECORDING if began else State.EXPECTED
        return _save(row, state=state, reason={}, started_at=info.started_at)
    if why := fault_of(info):
        return _end(row, State.MISSING if why.msgid == EMPTY else State.FAILED, why)
    ended_at, seconds = info.ended_at or timezone.now(), info.files[0].seconds
    _save(row, state=State.SAVING, reason={}, seconds=seconds, ended_at=ended_at)
    wake(FETCH)


def fault_of(info: Egress) -> Sentence | None:
    """Why one that is over left no file for us; None: it has."""
    file = next(iter(info.files), None)
    if info.status in ("failed", "aborted") or file is None:
        why = livekit_words.why(info.error)
        return why if why.msgid else Sentence(NOT_BEGUN)
    if info.backup_used:
        return Sentence(IN_BACKUP, {"place": file.location})
    return None if file.size else Sentence(EMPTY)


# what is done


def fetch() -> None:
    """Bring the files that LiveKit's program has written to where recordings lie."""
    for row in Recording.objects.by_egress().filter(state=State.SAVING).select_related("storage"):
        holder = Lease.take(f"saving:{row.pk}", HOLD)
        if holder is None:
            continue
        try:
            _fetch(row)
        except StoreError as error:
            log.warning("recording %s waits for its storage: %s", row.pk, error)
            _wait(row, error)
        finally:
            Lease.release(f"saving:{row.pk}", holder)


def _wait(row: Recording, error: StoreError) -> None:
    is_late = row.ended_at is not None and timezone.now() - row.ended_at > LONGEST_WAIT
    if isinstance(error, Absent) or is_late:
        why = Sentence(NOT_THERE) if isinstance(error, Absent) else error.sentence
        return _end(row, State.MISSING, why)
    _save(row, reason=error.sentence.to_json())


def _fetch(row: Recording) -> None:
    """Raises StoreError. Killed at any moment, it goes on, and leaves no second copy behind."""
    storage = row.storage or Storage.objects.current()
    store, name = store_of(storage), name_of(row)
    if storage.is_encrypted and not row.file_key:
        _save(row, file_key=sealing.new_key())
    try:
        source = open_file(store, source_of(row))
        written = write_file(store, name, source.read(), row.file_key)
        if written.size != source.size:
            raise StoreError(Sentence(NOT_THERE))
        store.delete(source_of(row))
    except Absent:
        written = _read_back(store, name, row.file_key)
    started_at, seconds = row.started_at or row.created_at, row.seconds or 0.0
    span = {"at": started_at.isoformat(), "from": 0.0, "seconds": seconds, "part": ""}
    values = {"file": name, "size": written.size, "sha256": written.sha256}
    _save(row, state=State.READY, reason={}, spans=[span], started_at=started_at, **values)


def _read_back(store: Store, name: str, key: str) -> Written:
    """What was moved before. Raises StoreError: nothing was."""
    sha256, size = hashlib.sha256(), 0
    for chunk in open_file(store, name, key=key).read():
        sha256.update(chunk)
        size += len(chunk)
    return Written(size, sha256.hexdigest())


def tidy() -> None:
    """Files that LiveKit's program wrote after its recording had been given up, a day later: a copy
    of our database on another host may have given up what is still recorded. What is not of a
    recording of ours is somebody else's.
    """
    for storage in filter(available.if_written_by_egress, Storage.objects.all()):
        try:
            store = store_of(storage)
            names = list(store.names("egress/"))
            for row in _given_up(names):
                store.delete(source_of(row))
        except StoreError as error:
            log.warning("storage %s is not tidied: %s", storage.pk, error)


def _given_up(names: Iterable[str]) -> list[Recording]:
    found = {match[1] for name in names if (match := OURS.fullmatch(name))}
    before = timezone.now() - LONGEST_WAIT
    # One that was given up for another reason than its end has none.
    over = Coalesce("ended_at", "deleted_at", "created_at")
    rows = Recording.objects.filter(pk__in=found, kind__in=ENDINGS).alias(over=over)
    return list(rows.filter(over__lt=before).exclude(state__in=Recording.OPEN))


def _end(row: Recording, state: Recording.State, why: Sentence) -> None:
    ended_at = row.ended_at or timezone.now()
    _save(row, state=state, reason=why.to_json(), ended_at=ended_at, wanted=Wanted.OFF)


def _save(row: Recording, **values: Any) -> None:
    """Unless it was deleted meanwhile; what a person asked for since stays."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed and Recording.objects.open().filter(pk=row.pk).update(**changed):
        for name, value in changed.items():
            setattr(row, name, value)
