"""Parts come in from the hosts that wrote them, in pieces that may come again and again.

Each piece is an object `incoming/<part>/<offset>` of the storage, so that the processes of the web
share nothing but the storage and the database. Nothing is told to be here before all of it was read
back and has the checksum that its host says. See agentworker.uploading for the other end.
"""

import hashlib
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings import owning, sealing
from recordings.models import Part, Recorder, Storage
from recordings.stores import Source, key_of, open_file, store_of, write_file
from recordings.storing import Absent, FileError, Store
from telephony.models import Call
from veyra.celery import wake
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

SAVE = "recordings.save"
# The most that one piece may have.
PIECE = 1024 * 1024
# A part that says it is larger is none: a day of sound is less.
LARGEST = 4 * 1024**3
# Seconds; a clock that is off by less is right.
TRUSTED = 1.0
# Where it is known so well, no later word counts: by then somebody may have set the clock.
PRECISE = 0.5
IN_FLIGHT = (Part.State.WRITING, Part.State.ARRIVING)


# How pieces are called: `name_of`.
NAME = re.compile(r"incoming/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/[0-9]{12}")


MISSING = gettext_noop(
    "Some of the sound that had arrived is not in the storage any more. If the storage is a folder,"
    " ask your engineer whether its disk is mounted: it is read when it is back."
)


class Incomplete(FileError):
    """Less of a part lies in the storage than was stored there."""

    def __init__(self) -> None:
        super().__init__(Sentence(MISSING))


class Nonsense(Exception):
    """What was sent is not what a host of ours sends."""


@dataclass(frozen=True)
class Progress:
    """How much is here without a gap, and whether all of it is, for good."""

    received: int
    done: bool

    def to_json(self) -> dict[str, Any]:
        """With what our clock shows, so that a host can compare its own."""
        now = timezone.now().isoformat()
        return {"received": self.received, "done": self.done, "now": now}


@dataclass(frozen=True)
class Clock:
    """By how many seconds that of a host is `ahead` of ours, and how wrong that may be."""

    ahead: float
    unsure: float

    @property
    def corrects(self) -> float:
        """What is to be taken off its times. A slow answer is no reason to."""
        return self.ahead if abs(self.ahead) > max(TRUSTED, self.unsure) else 0.0

    @classmethod
    def read(cls, told: Any) -> "Clock | None":
        """Raises TypeError, KeyError, ValueError."""
        if told is None:
            return None
        clock = cls(float(told["ahead"]), float(told["unsure"]))
        if not (math.isfinite(clock.ahead) and 0 <= clock.unsure < math.inf):
            raise ValueError("no clock")
        return clock


@dataclass(frozen=True)
class Announced:
    """A part as its host tells of it."""

    room_name: str
    room_sid: str
    job_id: str
    recorder: str
    began_at: datetime
    is_writing: bool
    # Where its host knows.
    clock: Clock | None = None

    @classmethod
    def read(cls, told: Any) -> "Announced":
        """Raises Nonsense."""
        try:
            names = {name: str(told[name]) for name in ("room_name", "room_sid", "job_id")}
            began_at, recorder = _moment(told["began_at"]), str(told["recorder"])
            is_writing, clock = bool(told.get("is_writing")), Clock.read(told.get("clock"))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Nonsense from error
        lengths = {"room_name": 200, "room_sid": 64, "job_id": 64}
        if recorder not in Recorder.values or "\0" in "".join(names.values()):
            raise Nonsense
        names = {name: text[: lengths[name]] for name, text in names.items()}
        return cls(
            **names, recorder=recorder, began_at=began_at, is_writing=is_writing, clock=clock
        )


@dataclass(frozen=True)
class Ending:
    """What a host says of the whole. Whose writer was killed has no end."""

    size: int
    sha256: str
    ended_at: datetime | None

    @classmethod
    def read(cls, told: Any) -> "Ending":
        """Raises Nonsense."""
        try:
            size, sha256 = int(told["size"]), str(told["sha256"])
            ended_at = told.get("ended_at")
            ending = cls(size, sha256, _moment(ended_at) if ended_at else None)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Nonsense from error
        if not 0 <= size <= LARGEST or len(sha256) != 64:
            raise Nonsense
        return ending


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment


def announce(part_id: UUID, told: Announced) -> Progress:
    """There is such a part; where it is to go on. Raises StoreError."""
    if _is_erased(told.room_sid):
        # Its host deletes it at once, which is all that is wanted of it.
        return Progress(0, done=True)
    now = timezone.now()
    names = ("room_name", "room_sid", "job_id", "recorder", "began_at")
    fields = {name: getattr(told, name) for name in names}
    part, _is_new = Part.objects.get_or_create(pk=part_id, defaults=fields)
    if part.state not in IN_FLIGHT:
        return Progress(part.received, done=True)
    if told.clock:
        _set_clock(part, told.clock)
    if told.is_writing:
        _in_flight(part).update(seen_at=now)
        return Progress(0, done=False)
    storage = Storage.objects.current()
    if part.storage_id == storage.pk:
        _in_flight(part).update(seen_at=now)
        return Progress(part.received, done=False)
    owning.opened(storage)
    # Its first piece, or staff chose another storage since, perhaps because this one is broken.
    key = sealing.new_key() if storage.is_encrypted else ""
    _in_flight(part).update(
        storage=storage, file_key=key, received=0, state=Part.State.ARRIVING, seen_at=now
    )
    return Progress(0, done=False)


def _set_clock(part: Part, clock: Clock) -> None:
    """Unless it is known better already."""
    worse = Q(clock_unsure__gt=max(PRECISE, clock.unsure)) | Q(clock_unsure=None)
    known = {"clock_ahead": clock.corrects, "clock_unsure": clock.unsure}
    _in_flight(part).filter(worse).update(**known)


def _is_erased(room_sid: str) -> bool:
    """Was everybody erased who called in that room?"""
    calls = Call.objects.filter(room_sid=room_sid)
    return calls.exists() and not calls.filter(erased_at=None).exists()


def take(part_id: UUID, offset: int, piece: bytes) -> Progress | None:
    """Store a piece; None: the part must be announced first. Raises Nonsense and StoreError.

    One that is here already is not stored again, and one after a gap not yet.
    """
    if not 0 < len(piece) <= PIECE or not 0 <= offset <= LARGEST - len(piece):
        raise Nonsense
    part = _arriving(part_id)
    if part is None or part.storage is None:
        return None
    if offset != part.received:
        return Progress(part.received, done=False)
    try:
        key = key_of(part)
    except FileError:
        return _begin_again(part)
    write_file(store_of(part.storage), name_of(part, offset), [piece], key)
    reached = offset + len(piece)
    # Unless it was told meanwhile to go to another storage.
    _in_flight(part).filter(received=offset, storage=part.storage).update(
        received=reached, seen_at=timezone.now()
    )
    return Progress(reached, done=False)


def finish(part_id: UUID, ending: Ending) -> Progress | None:
    """That was all. None: it must be announced first. Raises StoreError.

    Where not all is here, or it is not the same, it says from where on it has to come again.
    """
    part = Part.objects.filter(pk=part_id).first()
    if part is None:
        return None
    if part.state not in IN_FLIGHT:
        return Progress(part.received, done=True)
    if part.storage is None:
        return None
    try:
        reached, sha256 = _read_back(part, store_of(part.storage))
    except FileError:
        return _begin_again(part)
    if reached != ending.size or sha256 != ending.sha256:
        if reached >= ending.size:
            # Nothing that does not belong in it may be taken for its end once more.
            remove_pieces(part)
            reached = 0
        _in_flight(part).update(received=reached, seen_at=timezone.now())
        log.warning("part %s has to come again from byte %d", part.pk, reached)
        return Progress(reached, done=False)
    _in_flight(part).update(
        state=Part.State.ARRIVED,
        received=reached,
        seen_at=timezone.now(),
        **ending.__dict__,
    )
    wake(SAVE)
    return Progress(reached, done=True)


def _begin_again(part: Part) -> Progress:
    """What is here of it cannot be opened any more: it is to come anew, by another key."""
    log.warning("part %s has to come again, since a piece of it cannot be opened", part.pk)
    _in_flight(part).update(received=0, storage=None, file_key="", seen_at=timezone.now())
    return Progress(0, done=False)


def _in_flight(part: Part) -> Any:
    """Its row, unless it is here already: two hosts of ours may tell of the same part."""
    return Part.objects.coming().filter(pk=part.pk)


def _arriving(part_id: UUID) -> Part | None:
    return Part.objects.coming().filter(pk=part_id).select_related("storage").first()


def folder_of(part: Part) -> str:
    return f"incoming/{part.pk}/"


def name_of(part: Part, offset: int) -> str:
    return f"{folder_of(part)}{offset:012}"


def _pieces(part: Part, store: Store) -> Iterator[Source]:
    """Those that follow each other from the first byte on."""
    offset, key = 0, key_of(part)
    while True:
        try:
            piece = open_file(store, name_of(part, offset), key=key)
        except Absent:
            return
        yield piece
        offset += piece.size
        if not piece.size:
            return


def _read_back(part: Part, store: Store) -> tuple[int, str]:
    """How much is here without a gap, and its checksum. Raises StoreError."""
    sha256, reached = hashlib.sha256(), 0
    for piece in _pieces(part, store):
        for chunk in piece.read():
            sha256.update(chunk)
        reached += piece.size
    return reached, sha256.hexdigest()


def read(part: Part) -> Iterator[bytes]:
    """The bytes of a part that is here, all of them. Raises StoreError."""
    if part.storage is None:
        raise Absent
    reached = 0
    for piece in _pieces(part, store_of(part.storage)):
        yield from piece.read()
        reached += piece.size
    if reached < part.received:
        raise Incomplete


def remove_pieces(part: Part) -> None:
    """Raises StoreError."""
    if part.storage is None:
        return
    store = store_of(part.storage)
    for name in list(store.names(folder_of(part))):
        store.delete(name)
