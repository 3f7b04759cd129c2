"""One recording becomes a file: its parts are joined, written, read back, and then told of."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from recordings import arriving, expecting, leftovers, owning, sealing
from recordings.deciding import NOBODY, spans_of, why_missing, why_withheld
from recordings.joining import (
    SHORTEST,
    Heard,
    Readable,
    Span,
    Unreadable,
    heard_in,
    join,
    length_of,
    plan,
)
from recordings.models import LACKS_BOTH, WITHHELD, Leftover, Part, Recording, Storage
from recordings.peaks import peaks_of
from recordings.scratch import scratch
from recordings.stores import Source, Written, open_file, open_recording, store_of, write_file
from recordings.storing import CHUNK, FileError, StoreError
from telephony.models import Call
from veyra.live import changed
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# The moment at which LiveKit says that a call ended may be a whole second.
MARGIN = timedelta(seconds=1)
# Where less is missing nothing is said.
NOTICED = 1.0
# So long what should come is waited for, and what is here and cannot be read.
LONGEST_WAIT = timedelta(days=1)
EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# What was joined before, among the parts.
OLD = "old"

LACKS = _("%(seconds)s s of the talk are not in it: whoever recorded was stopped or killed.")
NOT_SOUND = _(
    "What arrived of this recording is no sound that can be read: the disk of the server that"
    " recorded it was full or broken. Have the engineer look at it."
)
NOT_SAME = _(
    "The storage gave back another file than it was given, so the recording was not entrusted to"
    " it. Have the engineer look at it, or choose another storage."
)


class Lost(Exception):
    """Somebody else has taken it over, or it is not wanted any more."""


class LeftOut(Unreadable):
    """Its bytes could not be had for long enough; `why`: a sentence. They may be had again."""

    def __init__(self, source: str, why: Sentence) -> None:
        super().__init__(source)
        self.why = why


@dataclass
class Making:
    """`alive` is called with every piece of work, and raises Lost to end it."""

    recording: Recording
    call: Call
    alive: Callable[[], None]
    parts: dict[str, Part] = field(default_factory=dict)
    # Why one of them was left out.
    lacks: Sentence = field(default_factory=partial(Sentence, NOT_SOUND))

    def run(self) -> None:
        """Raises StoreError and Lost; then the recording is as it was, and its parts are."""
        expecting.look_at(self.call)
        self.recording.refresh_from_db()
        if self.recording.state not in Recording.OPEN:
            return
        arrived = Part.objects.of_rooms([self.recording.room_sid]).arrived()
        joined = parts_in(self.recording)
        self.parts = {str(part.pk): part for part in arrived if str(part.pk) not in joined}
        with scratch() as folder:
            path = folder / "whole.ogg"
            spans = self._join(chosen(self._heard(), self.recording, self.call), path)
            if spans:
                self._store(spans, path)
            else:
                self._miss()
        tell(self.recording)

    def _heard(self) -> list[Heard]:
        """All sound that there is: parts, and what was joined before."""
        heard = heard_before(self.recording)
        for part in self.parts.values():
            if part.seconds is None:
                self._measure(part)
            if part.seconds:
                heard.append(Heard(str(part.pk), part.at, part.seconds))
        return heard

    def _measure(self, part: Part) -> None:
        """How long is a part whose writer was killed?"""
        try:
            file = Stream(self._sound_of(part), self.alive)
            part.seconds = length_of(str(part.pk), file) if part.size else 0.0
        except Unreadable as error:
            self._leave_out(part, error)
        else:
            Part.objects.filter(pk=part.pk).update(seconds=part.seconds)

    def _join(self, cuts: list[Heard], path: Path) -> list[Span]:
        """A part that cannot be read is left out, and the others stay where they belong."""
        while cuts:
            try:
                return join(cuts, self._opened, path)
            except Unreadable as error:
                cuts = [cut for cut in cuts if cut.source != error.source]
                if error.source in self.parts:
                    self._leave_out(self.parts[error.source], error)
        return []

    def _opened(self, source: str) -> Readable:
        if source == OLD:
            return Stream(open_recording(self.recording).read(), self.alive)
        return Stream(self._sound_of(self.parts[source]), self.alive)

    def _sound_of(self, part: Part) -> Iterator[bytes]:
        """Raises StoreError; or LeftOut, where it could not be read for a day, though its storage
        answered. What can be heard already does not wait for it.
        """
        try:
            yield from arriving.read(part)
        except StoreError as error:
            is_given_up = _is_well(part) and _is_given_up(part)
            if is_given_up or self.recording.file:
                raise LeftOut(str(part.pk), error.sentence) from error
            raise

    def _leave_out(self, part: Part, error: Unreadable) -> None:
        if isinstance(error, LeftOut):
            self.lacks, part.unread_since = error.why, part.unread_since or timezone.now()
        else:
            part.unread_since = None
        log.error("part %s is left out: it cannot be read", part.pk)
        part.state = Part.State.BROKEN
        told = {"seen_at": timezone.now(), "unread_since": part.unread_since}
        Part.objects.filter(pk=part.pk).update(state=part.state, **told)

    def _store(self, spans: list[Span], path: Path) -> None:
        peaks = peaks_of(Stream(_chunks(path), self.alive))
        storage = Storage.objects.current()
        key = sealing.new_key() if storage.is_encrypted else ""
        store, name = owning.opened(storage), name_of(self.recording)
        draft = leftovers.announce(self.recording.pk, storage, name)
        try:
            written = write_file(store, name, Stream(_chunks(path), self.alive), key)
            self._verify(open_file(store, name, written.size, key), written)
            lies = {"storage": storage, "file": name, "file_key": key, **written.__dict__}
            told = {"peaks": peaks, "recorder": self._recorder(), **self._times(spans)}
            old = self._tell_where(draft, lies | told)
        except BaseException:
            leftovers.try_to_remove(draft)
            raise
        if old:
            leftovers.try_to_remove(old)

    def _tell_where(self, draft: Leftover, values: dict[str, Any]) -> Leftover | None:
        """The file is the recording's own now; the one that it had. Raises Lost: it was erased
        meanwhile, or somebody else was faster.
        """
        with transaction.atomic():
            mine = Recording.objects.filter(pk=self.recording.pk, file=self.recording.file)
            if not mine.open().of_nobody_erased().update(state=Recording.State.READY, **values):
                raise Lost
            Part.objects.filter(pk__in=self.parts).arrived().update(unread_since=None)
            Leftover.objects.filter(pk=draft.pk).delete()
            return leftovers.replaced(self.recording)

    def _verify(self, source: Source, written: Written) -> None:
        found = hashlib.sha256()
        for chunk in Stream(source.read(), self.alive):
            found.update(chunk)
        if found.hexdigest() != written.sha256:
            raise FileError(Sentence(NOT_SAME))

    def _recorder(self) -> str:
        """Who wrote most of what is new."""
        parts = sorted(self.parts.values(), key=lambda part: -(part.seconds or 0))
        return next((part.recorder for part in parts), self.recording.recorder)

    def _times(self, spans: list[Span]) -> dict[str, object]:
        last = spans[-1]
        seconds = last.begins + last.seconds
        due = self.recording.due_seconds
        lost = max(0.0, due - seconds) if due else 0.0
        lacks = self._lacks(lost)
        return {
            "started_at": spans[0].at,
            "ended_at": last.at + timedelta(seconds=last.seconds),
            "seconds": round(seconds, 3),
            "spans": [span.to_json() for span in spans],
            "lost_seconds": round(lost, 3),
            "reason": lacks.to_json() if lacks else {},
        }

    def _lacks(self, lost: float) -> Sentence | None:
        story = expecting.story_of(self.call, self.recording)
        withheld = why_withheld(story) if story else None
        if lost < NOTICED:
            return withheld
        why = why_broken(self.recording.room_sid)
        lacks = why or Sentence(LACKS, {"seconds": round(lost)})
        if withheld is None:
            return lacks
        both = {"lacks": lacks.to_json(), "withheld": withheld.to_json()}
        return Sentence(LACKS_BOTH, both)

    def _miss(self) -> None:
        """There is no sound of it: none came, or none that can be read."""
        state = Recording.State.MISSING
        reason = _why_missing(self.recording, self.call)
        why = why_broken(self.recording.room_sid)
        if any(part.state == Part.State.BROKEN for part in self.parts.values()):
            why = self.lacks
        # Nothing is missed where nothing was to be recorded.
        if why and reason.msgid != WITHHELD:
            state, reason = Recording.State.FAILED, why
        rows = Recording.objects.open().filter(pk=self.recording.pk)
        rows.give_up(state, reason)


def why_broken(room_sid: str) -> Sentence | None:
    """Of what LiveKit's program began to record of this room: why it came to nothing. What it did
    not begin it did not keep from others.
    """
    parts = Part.objects.by_egress().of_rooms([room_sid]).filter(state=Part.State.BROKEN)
    last = parts.exclude(egress_id="").order_by("-seen_at").first()
    return Sentence.from_json(last.reason) if last and last.reason else None


def window_of(call: Call) -> tuple[datetime, datetime]:
    """From the first moment that may be talk to the last."""
    exact = call.answered_at is not None and not call.answered_is_approximate
    start = call.answered_at if exact and call.answered_at else call.started_at
    return start, (call.ended_at or start) + MARGIN


def chosen(heard: list[Heard], recording: Recording, call: Call) -> list[Heard]:
    """What is joined. The moments of a call are told by another clock than those of its parts, so
    where nobody else was in its room, sound is cut off only where enough is left.
    """
    start, end = window_of(call)
    if not is_alone(recording, call):
        return [cut for span in _own_spans(recording, call) for cut in plan(heard, *span)]
    cuts = plan(heard, start, end)
    due = recording.due_seconds
    due = (end - start).total_seconds() if due is None else due
    if _sum(cuts) >= due - NOTICED:
        return cuts
    whole = plan(heard, *EVER)
    return whole if _sum(whole) - _sum(cuts) >= SHORTEST else cuts


def _own_spans(recording: Recording, call: Call) -> Iterator[tuple[datetime, datetime]]:
    """Of a call in a room that was recorded for others, too: what was asked for of this one."""
    start, end = window_of(call)
    story = expecting.story_of(call, recording)
    for since, until in spans_of(story) if story else [(start, end)]:
        # Its first and last moments are no sharper than those of the call.
        first = start if since == call.answered_at else since
        last = end if until in (None, call.ended_at) else until
        yield max(first, start), min(last or end, end)


def _sum(cuts: Iterable[Heard]) -> float:
    return sum(cut.seconds for cut in cuts)


def is_alone(recording: Recording, call: Call) -> bool:
    """Is everything that was heard in its room of this call?"""
    return not Call.objects.filter(room_sid=recording.room_sid).exclude(pk=call.pk).exists()


def parts_in(recording: Recording) -> set[str]:
    """Keys of the parts that its file was joined from."""
    return {span.get("part", "") for span in recording.spans} if recording.file else set()


def heard_before(recording: Recording) -> list[Heard]:
    """What its file holds, where it has one."""
    return heard_in(OLD, recording.spans) if recording.file else []


def name_of(recording: Recording) -> str:
    """Of a file to be written: another one each time, so that nobody deletes, or writes over, what
    somebody else has written of the same recording.
    """
    made = recording.created_at
    return f"recordings/{made:%Y}/{made:%m}/{recording.pk}-{secrets.token_hex(4)}.ogg"


def _why_missing(recording: Recording, call: Call) -> Sentence:
    story = expecting.story_of(call, recording)
    due = timedelta(seconds=recording.due_seconds or 0)
    return why_missing(story, due) if story else Sentence(NOBODY)


def _is_given_up(part: Part) -> bool:
    """That it cannot be read is noted when it is found first."""
    if part.unread_since is None:
        part.unread_since = timezone.now()
        Part.objects.filter(pk=part.pk).update(unread_since=part.unread_since)
    return timezone.now() - part.unread_since > LONGEST_WAIT


def _is_well(part: Part) -> bool:
    """Does the storage answer that the part lies in?"""
    if part.storage is None:
        return True
    try:
        store_of(part.storage).exists(f"{arriving.folder_of(part)}none")
    except StoreError:
        return False
    return True


def tell(recording: Recording) -> None:
    if recording.call_id:
        changed("call", recording.call_id)


class Stream:
    """Chunks as a file that is read once; `alive` is called with each of them."""

    def __init__(self, chunks: Iterable[bytes], alive: Callable[[], None]) -> None:
        self._chunks, self._left, self._alive = iter(chunks), b"", alive

    def read(self, length: int = -1) -> bytes:
        """What is there at once, up to `length`. Only nothing is the end."""
        if not self._left:
            self._left = next(self, b"")
        length = len(self._left) if length < 0 else length
        taken, self._left = self._left[:length], self._left[length:]
        return taken

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._alive()
        return next(self._chunks)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
