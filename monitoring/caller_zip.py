"""All that there is of one caller as a file for him: to read, to listen to, and for programs."""

import json
import logging
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_noop

from monitoring import filing
from monitoring.callpage import transcript, with_parties
from monitoring.erasure import FINDS, CallerFile, folder
from monitoring.transcript import Line, as_json
from monitoring.words import summary
from recordings import listening
from recordings.forgetting import of_calls
from recordings.models import Listening, Recording
from recordings.stores import open_recording, store_of
from recordings.storing import StoreError
from telephony.forgetting import Traces
from telephony.models import Call, CallAction, CallBack, Ring
from telephony.numbers import pretty
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.caller_file"
KEPT = timedelta(days=1)
# Longer than the sound of one call takes.
LOST = timedelta(minutes=10)
# How many calls are read at once.
STEP = 100
# Who has these takes recordings as files elsewhere, too.
TAKES = ("recordings.view_recording", "recordings.download_recording")

NO_RIGHT = gettext_noop("You may not take what there is about callers any more.")
CUT_SHORT = gettext_noop("A restart came in between. Ask for the file again.")
NO_ROOM = gettext_noop(
    "The file could not be written: most often the disk is full. Tell the engineer, then ask again."
)
NO_SOUND = gettext_noop("The storage of the recordings does not answer: %(reason)s")
MAY_NOT = gettext_noop(
    "The sound of his calls is not in it, since you may not download recordings."
)
LOST_SOUND = gettext_noop(
    "The sound of %(count)s calls is not in it: the files are not in the storage any more."
)
BROKEN = gettext_noop(
    "The file could not be made. Tell the engineer; the log of the worker says why."
)
State = CallerFile.State


@transaction.atomic
def ask(number: str, user: User, ticket: UUID) -> CallerFile:
    """Have it made soon; the same with the same ticket again, and it is asked for once."""
    values = {"number": number, "language": get_language() or settings.LANGUAGE_CODE}
    key = uuid5(ticket, str(user.pk))
    row: CallerFile
    row, is_new = CallerFile.objects.get_or_create(pk=key, defaults=values | {"made_by": user})
    if is_new:
        LogEntry.objects.log_actions(user.pk, [row], ADDITION, change_message="")
        wake(TASK)
    return row


def run_next() -> bool:
    """Make the file that waits longest. False: there is none."""
    now = timezone.now()
    for lost in CallerFile.objects.silent_since(now - LOST):
        lost.tell(state=State.FAILED, done_at=now, error=Sentence(CUT_SHORT).to_json())
    row = CallerFile.objects.waiting().select_related("made_by").first()
    if row is None:
        return False
    if CallerFile.objects.waiting().filter(pk=row.pk).update(state=State.DOING, seen_at=now):
        carry_out(row)
    return True


def carry_out(row: CallerFile) -> None:
    """Make a claimed file, and say what came of it."""
    part = row.path.with_suffix(".part")
    try:
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        user = row.made_by
        if not (user.is_active and user.is_staff and user.has_perm(FINDS)):
            return _fail(row, Sentence(NO_RIGHT))
        part.touch(mode=0o600)
        with filing.speaking_to(user, row.language):
            lacks = write(row, part)
        told = {"size": part.stat().st_size, "error": lacks.to_json() if lacks else {}}
        part.replace(row.path)
        if not row.tell(state=State.DONE, done_at=timezone.now(), **told):
            row.path.unlink()
    except StoreError as error:
        _fail(row, Sentence(NO_SOUND, {"reason": str(error.sentence)}))
    except OSError as error:
        log.warning("file %s was not written: %s", row.pk, error)
        _fail(row, Sentence(NO_ROOM))
    except Exception:
        _fail(row, Sentence(BROKEN))
        raise
    finally:
        part.unlink(missing_ok=True)


def _fail(row: CallerFile, why: Sentence) -> None:
    row.tell(state=State.FAILED, done_at=timezone.now(), error=why.to_json())


@dataclass(frozen=True)
class Told:
    """A call of his. `sound`: (name in the archive, its recording); `lost`: so many recordings are
    not where they should be.
    """

    call: Call
    summary: str
    lines: Sequence[Line]
    notes: Sequence[str]
    sound: Sequence[tuple[str, Recording]]
    lost: int


def write(row: CallerFile, path: Path) -> Sentence | None:
    """What it lacks. Raises StoreError and OSError."""
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
            row.tell(seen_at=timezone.now())
            _put_sound(archive, name, recording)
    for _name, recording in sound:
        listening.take(recording, user, Listening.Form.OGG)
    if not may_take and of_calls(found.calls).ready().exists():
        return Sentence(MAY_NOT)
    lost = sum(one.lost for one in told)
    return Sentence(LOST_SOUND, {"count": lost}) if lost else None


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
    return Told(call, summary(call), transcript(call), list(_notes(call)), names, lost)


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
    return {**times, "times": row.times, "done": _moment(row.done_at), "note": row.note}


def _moment(at: datetime | None) -> str | None:
    return localtime(at).isoformat() if at else None


def _as_json(number: str, told: Iterable[Told], others: dict[str, Any]) -> str:
    calls = [
        {
            **json.loads(as_json(one.call, one.lines)),
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
    CallerFile.objects.asked_before(now - KEPT).delete()
    known = {row.path.name for row in CallerFile.objects.all()}
    for file in folder().glob("*"):
        with suppress(FileNotFoundError):
            is_old = file.stat().st_mtime < (now - KEPT).timestamp()
            if file.name not in known and (is_old or file.suffix == ".zip"):
                file.unlink()
