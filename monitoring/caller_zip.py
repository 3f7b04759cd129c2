"""All that there is of one caller as a file for him: to read, to listen to, and for programs."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext_noop

from monitoring import file_making
from monitoring.callpage import came_of, transcript, with_parties
from monitoring.erasure import FINDS, CallerFile
from monitoring.file_making import CannotFile, Kind, go_on
from monitoring.transcript import Line, as_json
from monitoring.words import summary
from recordings import listening
from recordings.forgetting import of_calls
from recordings.models import Listening, Recording
from recordings.stores import open_recording, store_of
from recordings.storing import StoreError
from telephony.came_of import CameOf
from telephony.forgetting import Traces
from telephony.models import Call, CallAction, CallBack, Ring
from telephony.numbers import pretty
from veyra.models import User
from veyra.sentences import Sentence

TASK = "monitoring.caller_file"
# How many calls are read at once.
STEP = 100
# Who has these takes recordings as files elsewhere, too.
TAKES = ("recordings.view_recording", "recordings.download_recording")

NO_RIGHT = gettext_noop("You may not take what there is about callers any more.")
NO_SOUND = gettext_noop("The storage of the recordings does not answer: %(reason)s")
MAY_NOT = gettext_noop(
    "The sound of his calls is not in it, since you may not download recordings."
)
LOST_SOUND = gettext_noop(
    "The sound of %(count)s calls is not in it: the files are not in the storage any more."
)


@transaction.atomic
def ask(number: str, user: User, ticket: UUID) -> CallerFile:
    """Have it made soon; the same with the same ticket again, and it is asked for once."""
    key = uuid5(ticket, str(user.pk))
    return file_making.ask(CALLERS, key, user, "", number=number)


def run_next() -> bool:
    """Make the file that waits longest. False: there is none."""
    return file_making.run_next(CALLERS)


@dataclass(frozen=True)
class Told:
    """A call of his. `sound`: (name in the archive, its recording); `lost`: so many recordings are
    not where they should be.
    """

    call: Call
    summary: str
    lines: Sequence[Line]
    came: Sequence[CameOf]
    notes: Sequence[str]
    sound: Sequence[tuple[str, Recording]]
    lost: int


def write(row: CallerFile, path: Path) -> Sentence:
    """What it lacks. Raises CannotFile, Cancelled and OSError."""
    user = row.made_by
    if not (user.is_active and user.is_staff and user.has_perm(FINDS)):
        raise CannotFile(NO_RIGHT)
    try:
        return _write(row, path)
    except StoreError as error:
        raise CannotFile(NO_SOUND, reason=str(error.sentence)) from error


CALLERS = Kind(CallerFile, TASK, write)


def _write(row: CallerFile, path: Path) -> Sentence:
    found, user = Traces(row.number), row.made_by
    may_take = user.has_perms(TAKES)
    told = list(_calls(found.calls, user if may_take else None))
    others = _others(found)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", _as_json(row.number, told, others))
        context = {"number": row.number, "told": told, "others": others, "made_at": timezone.now()}
        archive.writestr("index.html", render_to_string("monitoring/caller_file.html", context))
        sound = [each for one in told for each in one.sound]
        for name, recording in sound:
            go_on(row)
            _put_sound(archive, name, recording)
    for _name, recording in sound:
        listening.take(recording, user, Listening.Form.OGG)
    if not may_take and of_calls(found.calls).ready().exists():
        return Sentence(MAY_NOT)
    lost = sum(one.lost for one in told)
    return Sentence(LOST_SOUND, {"count": lost}) if lost else Sentence("")


def _put_sound(archive: zipfile.ZipFile, name: str, recording: Recording) -> None:
    """Its sound is packed already."""
    source = open_recording(recording)
    packed = zipfile.ZipInfo(name, localtime(recording.created_at).timetuple()[:6])
    with archive.open(packed, "w", force_zip64=True) as file:
        for chunk in source.read():
            file.write(chunk)


def _calls(keys: Sequence[UUID], user: User | None) -> Iterator[Told]:
    """`user`: with the recordings that he may take; None: with none."""
    for start in range(0, len(keys), STEP):
        some = keys[start : start + STEP]
        calls = with_parties(Call.objects.all()).in_bulk(some)
        sound: dict[UUID | None, list[Recording]] = {}
        found = of_calls(some).ready().visible_to(user or AnonymousUser())
        for recording in found.select_related("storage", "call"):
            sound.setdefault(recording.call_id, []).append(recording)
        yield from (_told(calls[key], sound.get(key, [])) for key in some if key in calls)


def _told(call: Call, sound: Sequence[Recording]) -> Told:
    day = f"{localtime(call.started_at):%Y-%m-%d-%H%M}"
    there = [row for row in sound if row.storage and store_of(row.storage).exists(row.file)]
    names = [
        (f"sound/{day}-{row.pk.hex[:8]}{PurePosixPath(row.file).suffix}", row) for row in there
    ]
    lost = len(sound) - len(there)
    notes = list(_notes(call))
    return Told(call, summary(call), transcript(call), came_of(call), notes, names, lost)


def _notes(call: Call) -> Iterator[str]:
    """What staff wrote of him, or told others."""
    for action in CallAction.objects.filter(call=call).order_by("asked_at"):
        yield from (str(action.params[name]) for name in ("text", "note") if name in action.params)
    yield from Ring.objects.filter(call=call).exclude(note="").values_list("note", flat=True)


def _others(found: Traces) -> dict[str, list[dict[str, Any]]]:
    """What stands elsewhere of him; moments with their zone."""
    return {
        "call_backs": [_call_back(row) for row in found.call_backs],
        "calls_asked_for": [{"at": _moment(row.asked_at)} for row in found.asked],
        "turned_away": [
            {"at": _moment(row.last_at), "times": row.count, "address": row.address}
            for row in found.refused
        ],
        "blocked": [
            {"at": _moment(row.blocked_at), "until": _moment(row.until)} for row in found.blocks
        ],
    }


def _call_back(row: CallBack) -> dict[str, Any]:
    times = {"first": _moment(row.first_at), "last": _moment(row.last_at)}
    said = {"message": row.message, "note": row.note}
    return {**times, "times": row.times, "done": _moment(row.done_at), **said}


def _moment(at: datetime | None) -> str | None:
    return localtime(at).isoformat() if at else None


def _as_json(number: str, told: Iterable[Told], others: dict[str, Any]) -> str:
    calls = [
        {
            **json.loads(as_json(one.call, one.lines, one.came)),
            "address": one.call.source_ip,
            "notes": one.notes,
            "recordings": [
                {"file": name, "seconds": row.seconds, "sha256": row.sha256}
                for name, row in one.sound
            ],
        }
        for one in told
    ]
    whole = {"number": number, "written": pretty(number), "calls": calls, **others}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def forget(now: datetime) -> None:
    """Remove what was asked for more than a day ago, and files that have no row."""
    file_making.forget(CALLERS, now)
