"""Recordings go: nobody hears them from that moment on, and their files follow, storage or not.

A recording is claimed (its row says that it is deleted, the key of its file is thrown away, a
`Deletion` is written), then its file is deleted and looked for once more. Whoever is killed in
between leaves a `Deletion` that is not done, and what is done twice does no harm.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings.keeping_models import Deletion, Hold, Term
from recordings.making import window_of
from recordings.models import Leftover, Part, Recorder, Recording, Storage
from recordings.owning import opened
from recordings.removing import remove, remove_all
from recordings.storing import FileError, Store, StoreError
from recordings.terms import Group, Terms
from telephony.callers import one_spelling
from telephony.forgetting import Traces
from telephony.models import Call, Leg
from veyra.celery import wake
from veyra.live import changed
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "recordings.keep"
# So many are held in memory, and claimed in one transaction.
BATCH = 200
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
# What a storage keeps of parts that are on their way.
INCOMING = "incoming/{}/"

GOES_ON = gettext_noop(
    "LiveKit's recording service has not ended this recording yet. It is deleted when it has."
)

KEPT = (Recording.State.READY, Recording.State.FAILED)


# What is due


def of_group(group: Group, now: datetime) -> QuerySet[Recording]:
    """Recordings of it whose days are over; what must not be deleted is among them."""
    found = Recording.objects.filter(state__in=KEPT, created_at__lt=group.before(now))
    if group.numbers:
        found = found.filter(call__number__in=group.numbers)
    if group.agents:
        found = found.filter(call__agent__in=group.agents)
    for name, keys in (("number", group.not_numbers), ("agent", group.not_agents)):
        if keys:
            known = {f"call__{name}__in": keys}
            found = found.exclude(Q(call__isnull=False) & Q(**known))
    return found


def due(terms: Terms, now: datetime) -> int:
    """How many recordings would go, were these the terms then."""
    held = [key for number in Hold.objects.numbers() for key in Traces(number).calls]
    rooms = Leg.objects.filter(call__in=held).exclude(room_sid="").values("room_sid")
    groups = [of_group(group, now).filter(is_held=False) for group in terms.groups()]
    free = (rows.exclude(call__in=held).exclude(room_sid__in=rooms) for rows in groups)
    return sum(rows.count() for rows in free)


def claim_due(now: datetime) -> int:
    """Claim every recording whose days are over and that nobody needs; how many they were."""
    return sum(_claim_group(group, now) for group in Term.objects.all_terms().groups())


def _claim_group(group: Group, now: datetime) -> int:
    rows = of_group(group, now).filter(is_held=False).order_by("created_at", "pk")
    passed, claimed = 0, 0
    while batch := list(rows[passed : passed + BATCH]):
        claimed += (taken := claim(batch, Deletion.Why.DAYS, now))
        passed += len(batch) - taken
    return claimed


def _without_held(rows: list[Recording]) -> list[Recording]:
    """Those in whose rooms nobody was of whose number nothing may be deleted."""
    numbers = Hold.objects.numbers()
    if not numbers:
        return rows
    legs = Leg.objects.filter(room_sid__in={row.room_sid for row in rows} - {""})
    held = {leg.room_sid for leg in legs.select_related("call") if is_of(leg.call, numbers)}
    return [row for row in rows if row.room_sid not in held and not is_of(row.call, numbers)]


def is_of(call: Call | None, numbers: frozenset[str]) -> bool:
    """Is it a call with one of these numbers (E.164), however the provider spelled it?"""
    if call is None:
        return False
    return not numbers.isdisjoint(map(one_spelling, (call.from_number, call.to_number)))


def claim(rows: Sequence[Recording], why: Deletion.Why, now: datetime) -> int:
    """Nobody hears these any more; those that somebody needs since, or that are gone, are left out.
    How many they were. Their files go by `carry_out`.
    """
    with transaction.atomic():
        found = Recording.objects.select_for_update(of=("self",)).select_related("storage", "call")
        free = list(found.filter(pk__in=[row.pk for row in rows], is_held=False, state__in=KEPT))
        if why == Deletion.Why.DAYS:
            # One may have been placed since.
            free = _without_held(free)
        _prove(free, why, now)
        gone = {"state": Recording.State.DELETED, "deleted_at": now, "file_key": ""}
        Recording.objects.filter(pk__in=[row.pk for row in free]).update(**gone, peaks={}, spans=[])
    for call in {row.call_id for row in free if row.call_id}:
        changed("call", call)
    wake(TASK)
    return len(free)


def _prove(rows: Sequence[Recording], why: Deletion.Why, now: datetime) -> None:
    """That they are to go. One that was deleted before, and came back with a backup or with what
    was joined late, has a proof already: that begins anew, and no file of it is forgotten.
    """
    before = Deletion.objects.open().of([row.pk for row in rows]).exclude(storage=None)
    Leftover.objects.bulk_create(
        Leftover(recording=old.recording, storage=old.storage, file=old.file, not_before=now)
        for old in before.exclude(file="").select_related("storage")
    )
    Deletion.objects.bulk_create(
        [Deletion.of_recording(row, why, now) for row in rows],
        update_conflicts=True,
        unique_fields=["recording"],
        update_fields=Deletion.BEGINNING,
    )


# Their files


class Storages:
    """As they are found; one that is `away` is not asked again."""

    def __init__(self) -> None:
        self.away: dict[int, StoreError] = {}
        self._open: dict[int, Store] = {}

    def tried(self, storage: Storage, work: Callable[[Store], None]) -> StoreError | None:
        """Why it is not done."""
        if error := self.away.get(storage.pk):
            return error
        try:
            if storage.pk not in self._open:
                self._open[storage.pk] = opened(storage)
            work(self._open[storage.pk])
        except StoreError as error:
            if not isinstance(error, FileError):
                self.away[storage.pk] = error
            return error
        return None


def carry_out(now: datetime, among: Collection[str] | None = None) -> int:
    """Delete the files of what is claimed (of these recordings, where some are named); how many are
    gone. Of a storage that is away, only the first one finds that out.
    """
    storages = Storages()
    rows, gone = Deletion.objects.to_do(now).select_related("storage"), 0
    if among is not None:
        rows = rows.of(among)
    while batch := list(rows.exclude(storage__in=storages.away)[:BATCH]):
        for row in batch:
            if row.storage_id is None or row.storage_id not in storages.away:
                gone += _carry_out(row, storages)
    return gone


def _carry_out(row: Deletion, storages: Storages) -> int:
    """1: its file is gone."""
    if wrong := _remove(row, storages):
        log.warning("recording %s is not deleted yet: the storage does not do it", row.recording)
        return _again(row, wrong.sentence)
    with transaction.atomic():
        Deletion.objects.filter(pk=row.pk).update(gone_at=timezone.now(), error={})
        left = Recording.objects.filter(pk=row.recording, state=Recording.State.DELETED)
        left.update(file="", storage=None)
    return 1


def _again(row: Deletion, why: Sentence) -> int:
    pause = min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE)
    waits = {"tries": row.tries + 1, "not_before": timezone.now() + pause, "error": why.to_json()}
    Deletion.objects.filter(pk=row.pk).update(**waits)
    return 0


def _remove(row: Deletion, storages: Storages) -> StoreError | None:
    """All that there is of it, and what keeps some of that."""
    files = [(row.storage, row.file)] if row.storage and row.file else []
    files += [(left.storage, left.file) for left in Leftover.objects.of([row.recording])]
    wrong = [storages.tried(storage, partial(remove, name=name)) for storage, name in files]
    if row.room_sid:
        wrong += [_forget_part(part, storages) for part in _parts_of(row)]
    return next(filter(None, wrong), None)


# Parts that nobody joins any more


def _parts_of(row: Deletion) -> list[Part]:
    """Parts of its room, but those that another recording of that room may yet be joined from."""
    talks = Recording.objects.filter(room_sid=row.room_sid, kind=Recording.Kind.TALK)
    others = talks.exclude(pk=row.recording).exclude(state=Recording.State.DELETED)
    kept = [other.call for other in others.select_related("call") if other.call]
    parts = Part.objects.filter(room_sid=row.room_sid).select_related("storage")
    return [part for part in parts if not any(_is_of(part, call) for call in kept)]


def _is_of(part: Part, call: Call) -> bool:
    """May some of it have been heard in this call?"""
    start, end = window_of(call)
    is_over = call.ended_at is not None and part.at >= end
    return not is_over and part.at + timedelta(seconds=part.length) > start


def forget_parts(parts: QuerySet[Part]) -> None:
    """With what came of them. One that cannot go keeps no other. Raises StoreError, afterwards."""
    storages = Storages()
    tried = [_forget_part(part, storages) for part in parts.select_related("storage")]
    failed = [error for error in tried if error]
    if failed:
        raise failed[0]


def _forget_part(part: Part, storages: Storages) -> StoreError | None:
    """Why it is not gone."""
    if part.recorder == Recorder.EGRESS and part.state == Part.State.WRITING:
        # What nobody knows any more nobody would end, nor find in the storage.
        return FileError(Sentence(GOES_ON))
    lies_in = [part.storage] if part.storage else list(Storage.objects.all())
    empty = partial(remove_all, prefix=INCOMING.format(part.pk))
    wrong = [error for storage in lies_in if (error := storages.tried(storage, empty))]
    if part.recorder == Recorder.EGRESS and part.storage:
        error = storages.tried(part.storage, partial(remove, name=part.egress_file))
        wrong += [error] if error else []
    if not wrong:
        part.delete()
        return None
    log.warning("part %s is not deleted yet: the storage does not do it", part.pk)
    return wrong[0]
