"""Calls that are over become recordings, and parts that nobody needs any more go.

What is to be done is seen from rows alone, and done so that whoever is killed leaves nothing half
done: the next one begins anew. A killed worker keeps a recording from the others for HOLD seconds.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.models import Session, Worker
from recordings import arriving, leftovers, owning, scratch
from recordings.joining import Heard
from recordings.making import (
    LONGEST_WAIT,
    Lost,
    Making,
    chosen,
    heard_before,
    is_alone,
    parts_in,
    tell,
)
from recordings.models import Part, Recording, Storage
from recordings.storing import Absent, FileError, StoreError
from telephony.models import Call
from veyra.celery import wake
from veyra.models import Lease
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = arriving.SAVE
# After the end of a call the last facts and parts are told of; where nothing was, a little longer.
SETTLED = timedelta(seconds=5)
NOTHING_CAME = timedelta(seconds=30)
UNHEARD_OF = timedelta(minutes=2)
WORKER_IS_LOST = timedelta(seconds=10)
# So many recordings in a row that the storage does not take say that it takes none.
ENOUGH = 2
# Seconds that a late part must add for a recording to be joined once more.
WORTH_IT = 0.5
# Seconds that a worker keeps a recording for itself, and how often it says that it is at it.
HOLD, STEP = 30.0, 5.0
# A part of no recording that anybody knows, and the row of one that was joined.
FORGOTTEN = timedelta(days=7)
HALF_WRITTEN = timedelta(days=1)
# A part that cannot be read is tried again so often.
TRY_AGAIN = timedelta(hours=1)
# A host that comes back later than that tells of its parts anew, and bytes that are missing for so
# long are gone.
GIVEN_UP = timedelta(days=30)

ON_ITS_WAY = _(
    "The server that recorded it has not been heard of for a while. The recording is saved when"
    " that server is back; after a day, without what lies there."
)


@dataclass(frozen=True)
class Around:
    """What is known around a call that is over. `coming`: when parts that belong to it, and are not
    here yet, were heard of; `has_parts`: some are here.
    """

    ended_at: datetime
    coming: tuple[datetime, ...] = ()
    has_parts: bool = False
    job_lives: bool = False


def must_wait(around: Around, now: datetime) -> bool:
    """May something still come that belongs in the recording?"""
    if any(now - heard_of < LONGEST_WAIT for heard_of in around.coming):
        return True
    settled = SETTLED if around.has_parts else NOTHING_CAME
    return around.job_lives or now - around.ended_at < settled


def is_away(around: Around, now: datetime) -> bool:
    """Is nothing heard of what is to come?"""
    return bool(around.coming) and now - max(around.coming) > UNHEARD_OF


def work(now: datetime) -> None:
    """Save what can be saved, and put away what nobody needs any more."""
    scratch.sweep()
    failed = 0
    for recording in _in_turn(Recording.objects.to_save()):
        failed = 0 if _is_saved(recording, now) else failed + 1
        if failed == ENOUGH:
            break
    _settle_all(now)


def _in_turn(found: Iterable[Recording]) -> list[Recording]:
    """Those that never failed first. Of the others any: one that fails each time must not stand
    before the rest for ever.
    """
    rows = list(found)
    random.shuffle(rows)
    return sorted(rows, key=lambda row: bool(row.reason))


def _is_saved(recording: Recording, now: datetime) -> bool:
    """Or left for the next look, without holding up the others. False: the storage did not do it,
    and to ask it again for each of the others might take its patience each time.
    """
    try:
        _save_if_due(recording, now)
    except Lost:
        log.info("recording %s is somebody else's now", recording.pk)
    except StoreError as error:
        _explain(recording, error.sentence)
        return isinstance(error, FileError)
    except Exception:  # whatever it is, the next look tries again
        log.exception("recording %s waits", recording.pk)
    return True


def _save_if_due(recording: Recording, now: datetime) -> None:
    call = recording.call
    if call is None or call.ended_at is None:
        return
    around = _around(recording, call, call.ended_at, now)
    if not must_wait(around, now):
        with _held(recording) as alive:
            Making(recording, call, alive).run()
    elif is_away(around, now):
        _explain(recording, Sentence(ON_ITS_WAY))


def _around(recording: Recording, call: Call, ended_at: datetime, now: datetime) -> Around:
    parts = Part.objects.of_rooms([recording.room_sid])
    jobs = Session.objects.filter(room_sid=recording.room_sid, ended_at=None)
    workers = Worker.objects.seen_since(now - WORKER_IS_LOST).values_list("jobs", flat=True)
    living = {str(each.get("job")) for found in workers for each in found}
    everything = is_alone(recording, call)
    coming = (part for part in parts.coming() if everything or part.at <= ended_at)
    return Around(
        ended_at=ended_at,
        coming=tuple(part.seen_at for part in coming),
        has_parts=parts.here().exists(),
        job_lives=not living.isdisjoint(jobs.values_list("job_id", flat=True)),
    )


@contextmanager
def _held(recording: Recording) -> Iterator[Callable[[], None]]:
    """It is ours alone, as long as what is given is called now and then. Both raise Lost."""
    name = f"saving:{recording.pk}"
    holder = Lease.take(name, HOLD)
    if holder is None:
        raise Lost
    said = time.monotonic()

    def alive() -> None:
        nonlocal said
        if time.monotonic() - said > STEP:
            said = time.monotonic()
            if not Lease.renew(name, holder, HOLD):
                raise Lost

    try:
        yield alive
    finally:
        Lease.release(name, holder)


def _explain(recording: Recording, why: Sentence) -> None:
    """Why it is not saved yet."""
    if recording.reason != why.to_json():
        log.warning("recording %s waits: %s", recording.pk, why.msgid)
        Recording.objects.open().filter(pk=recording.pk).update(reason=why.to_json())
        tell(recording)


# Parts whose recordings are saved


def _settle_all(now: datetime) -> None:
    """A storage that is away holds up no part that lies in another one."""
    away: set[int | None] = set()
    for part in Part.objects.here().select_related("storage"):
        if part.storage_id in away:
            continue
        try:
            _settle(part, now)
        except StoreError as error:
            log.warning("pieces of part %s stay: %s", part.pk, error)
            if not isinstance(error, FileError):
                away.add(part.storage_id)


def _settle(part: Part, now: datetime) -> None:
    """Join it into a recording that it came too late for, or remove it. Raises StoreError.

    What is in no recording stays for a while: whoever looks why may need it.
    """
    talks = Recording.objects.filter(room_sid=part.room_sid, kind=Recording.Kind.TALK)
    rows = list(talks.select_related("call"))
    if any(row.state in Recording.OPEN for row in rows) or _goes_on(part, now):
        return
    if late_for := [row for row in rows if _adds_to(part, row)]:
        _reopen(late_for)
    elif _is_joined(part, rows):
        _remove(part)
    elif part.unread_since and rows:
        _try_again(part, part.unread_since, now)
    elif now - part.seen_at > FORGOTTEN:
        log.error("part %s is in no recording, and goes after %s", part.pk, FORGOTTEN)
        _remove(part)


def _try_again(part: Part, unread_since: datetime, now: datetime) -> None:
    """It was left out, and perhaps need not be any more. Raises StoreError."""
    if now - part.seen_at < TRY_AGAIN:
        return
    Part.objects.filter(pk=part.pk).update(seen_at=now)
    try:
        for _chunk in arriving.read(part):
            pass
    except (Absent, arriving.Incomplete):
        if now - unread_since < GIVEN_UP:
            raise
        log.error("part %s is missing for %s, and given up", part.pk, GIVEN_UP)
        _remove(part)
        return
    Part.objects.filter(pk=part.pk).update(state=Part.State.ARRIVED, unread_since=None)
    wake(TASK)


def _goes_on(part: Part, now: datetime) -> bool:
    """Or ended just now, so that not all of it may be known yet?"""
    calls = Call.objects.filter(room_sid=part.room_sid)
    return calls.filter(Q(ended_at=None) | Q(ended_at__gt=now - NOTHING_CAME)).exists()


def _is_joined(part: Part, rows: list[Recording]) -> bool:
    """Is it where it belongs, or was that deleted since?"""
    if rows and all(row.state == Recording.State.DELETED for row in rows):
        return True
    return any(str(part.pk) in parts_in(row) for row in rows)


def _adds_to(part: Part, recording: Recording) -> bool:
    """Is there something in it that belongs in this recording, and is not there?"""
    call = recording.call
    may = recording.state in Recording.SAVED and not recording.egress_id
    if part.state != Part.State.ARRIVED or not may or call is None or call.erased_at:
        return False
    if str(part.pk) in parts_in(recording):
        return False
    new = Heard(str(part.pk), part.at, part.length)
    cuts = chosen([*heard_before(recording), new], recording, call)
    return sum(cut.seconds for cut in cuts if cut.source == new.source) >= WORTH_IT


def _reopen(late_for: list[Recording]) -> None:
    for row in late_for:
        log.info("recording %s is joined once more, with what came late", row.pk)
        before = Recording.objects.filter(pk=row.pk, state=row.state)
        before.of_nobody_erased().update(state=Recording.State.SAVING, reason={})
    wake(TASK)


def _remove(part: Part) -> None:
    arriving.remove_pieces(part)
    Part.objects.filter(pk=part.pk).update(state=Part.State.JOINED, seen_at=timezone.now())


# Now and then


def tidy(now: datetime) -> None:
    """Rows of parts that are in their recordings for long, and what killed writers left."""
    Part.objects.joined_before(now - FORGOTTEN).delete()
    Part.objects.unheard_of_since(now - GIVEN_UP).delete()
    leftovers.remove_due(now)
    for storage in Storage.objects.all():
        try:
            store = owning.opened(storage)
            if not owning.is_ours(storage, store):
                continue
            store.tidy(now - HALF_WRITTEN)
            old = list(store.names("incoming/", now - HALF_WRITTEN))
            for name in _orphans(storage, old):
                store.delete(name)
        except StoreError as error:
            log.warning("storage %s is not tidied: %s", storage.pk, error)


def _orphans(storage: Storage, names: list[str]) -> list[str]:
    """Pieces of parts that lie in another storage by now, or are needed by nobody. What is named
    otherwise than ours is somebody else's.
    """
    kept = Part.objects.coming() | Part.objects.here()
    keys = {str(pk) for pk in kept.filter(storage=storage).values_list("pk", flat=True)}
    ours = filter(None, map(arriving.NAME.fullmatch, names))
    return [found[0] for found in ours if found[1] not in keys]
