"""The worker's end of the spools: lines become rows, and files that nobody writes any more go.

Shipping a line twice is harmless: rows carry the line's id, and a repeated one is ignored. So
several workers may share a folder, and a restarted one ships whatever it finds.
"""

import fcntl
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, transaction

from agentworker import afterwards, key_testing
from agentworker.models import AgentRequest, Session, SessionEvent, Turn
from agentworker.providers.faltering_facts import FACT
from agentworker.spending.rates import spent
from veyra import live
from veyra.celery import wake
from veyra.livekit.tokens import TRIAL_ROOM

log = logging.getLogger(__name__)

FOLD = "telephony.fold"
ASKED = "telephony.asked"
BATCH_BYTES = 1_000_000
Line = dict[str, Any]

JOB_FIELDS = ("job_id", "room_name", "room_sid")
EVENT_FIELDS = (*JOB_FIELDS, "sip_call_id", "participant_sid", "kind", "payload")
REQUEST_FIELDS = (*JOB_FIELDS, "sip_call_id", "participant_sid", "key", "kind", "params")
SESSION_FIELDS = (
    *JOB_FIELDS,
    "worker",
    "version_id",
    "sip_call_id",
    "participant_sid",
    "started_at",
    "ended_at",
    "close_reason",
    "error",
    "is_trial",
    "usage",
    "sum_up_at",
)
# Lines that change how a conversation stands.
OF_SESSION = ("session", "turn", "doing")
# What is told only of calls: a trial counts in no figures, and nobody concludes anything from it.
DELAY_FIELDS = ("delay_ms", "heard_ms", "thought_ms", "spoke_ms")
TURN_FIELDS = ("speaker", "text", "digit", "seconds", "interrupted", *DELAY_FIELDS)


class Shipper:
    """Ships the spools of one folder, again and again; remembers how far it got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shipped: dict[Path, int] = {}

    def ship(self, meanwhile: Callable[[], object] = lambda: None) -> int:
        """Store what was written since the last time. How many lines; raises DatabaseError.

        `meanwhile` is called after each file: those of a whole night take a while.
        """
        count = 0
        for path in sorted(self.folder.glob("*.jsonl")):
            count += self._ship_file(path)
            meanwhile()
        return count

    def _ship_file(self, path: Path) -> int:
        start = self._shipped.get(path, 0)
        try:
            data = _read(path, start)
        except FileNotFoundError:  # another worker of this folder was faster
            self._shipped.pop(path, None)
            return 0
        whole = data[: data.rfind(b"\n") + 1]
        lines = parse(whole)
        store(lines)
        self._shipped[path] = start + len(whole)
        if len(data) < BATCH_BYTES and remove_finished(path, start + len(data)):
            self._shipped.pop(path, None)
            if len(data) > len(whole):
                log.warning("spool %s ended in the middle of a line", path.stem)
        return len(lines)


def _read(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(BATCH_BYTES)


def remove_finished(path: Path, size: int) -> bool:
    """Delete a file of `size` bytes whose writer is gone. False: it lives, or wrote more."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_size != size:
                return False
            path.unlink()
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another worker of this folder was faster
        return True
    return True


def parse(data: bytes) -> list[Line]:
    """Lines of a spool; one that is no JSON object is left out and logged."""
    lines = []
    for raw in data.splitlines():
        try:
            line = _storable(json.loads(raw))
        except ValueError:
            line = None
        if isinstance(line, dict) and {"id", "type", "job_id"} <= line.keys():
            lines.append(line)
        else:
            log.warning("a line of a spool cannot be read")
    return lines


def _storable(value: Any) -> Any:
    """The same without zero characters, which PostgreSQL does not store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    return value


def store(lines: list[Line]) -> None:
    """Rows for these lines. One that the database refuses does not hold up the others."""
    try:
        _store(lines)
    except (DataError, IntegrityError, ValueError, TypeError, KeyError, OverflowError):
        if len(lines) == 1:
            log.exception("line %s cannot be stored", lines[0]["id"])
            return
        for line in lines:
            store([line])


@transaction.atomic
def _store(lines: list[Line]) -> None:
    sessions = {line["job_id"] for line in lines if line["type"] in OF_SESSION}
    for line in of_type(lines, "session"):
        _store_session(line)
    for line in {line["job_id"]: line for line in of_type(lines, "doing")}.values():
        _store_doing(line)
    pks = dict(Session.objects.filter(job_id__in=sessions).values_list("job_id", "pk"))
    Turn.objects.bulk_create(
        [_turn(line, pks[line["job_id"]]) for line in of_type(lines, "turn")], ignore_conflicts=True
    )
    events = [_event(line) for line in of_type(lines, "event")]
    SessionEvent.objects.bulk_create(events, ignore_conflicts=True)
    if events:
        wake(FOLD)
    if failing := {str(x.payload.get("provider")) for x in events if is_failure(x)}:
        key_testing.suspect(failing)
    requests = [_request(line) for line in of_type(lines, "request")]
    if requests:
        AgentRequest.objects.bulk_create(requests, ignore_conflicts=True)
        wake(ASKED)
    if any(line.get("ended_at") for line in of_type(lines, "session")):
        wake(afterwards.TASK)
    for pk in pks.values():
        live.changed("session", pk)


def of_type(lines: Iterable[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["type"] == kind]


def _store_session(line: Line) -> None:
    fields = {name: line[name] for name in SESSION_FIELDS if name in line}
    if "usage" in fields:
        fields |= asdict(spent(fields["usage"]))
    if "started_at" in fields:
        Session.objects.bulk_create([Session(**fields)], ignore_conflicts=True)
    else:
        mine = Session.objects.filter(job_id=line["job_id"])
        mine.update(**fields)
        if "ended_at" in fields:
            mine.filter(sum_up_at__isnull=False).update(sum_up_at=fields["ended_at"])


def _store_doing(line: Line) -> None:
    since = datetime.fromisoformat(line["at"])
    Session.objects.filter(job_id=line["job_id"]).update(doing=line["doing"], doing_since=since)


def _turn(line: Line, session: int) -> Turn:
    left_out = DELAY_FIELDS if is_of_trial(line) else ()
    fields = {name: line[name] for name in TURN_FIELDS if name in line and name not in left_out}
    at = datetime.fromisoformat(line["at"])
    return Turn(turn_id=line["id"], session_id=session, at=at, **fields)


def _event(line: Line) -> SessionEvent:
    fields = {name: line[name] for name in EVENT_FIELDS if name in line}
    at = datetime.fromisoformat(line["at"])
    folded_at = at if is_of_trial(line) else None
    return SessionEvent(event_id=line["id"], at=at, folded_at=folded_at, **fields)


def is_failure(event: SessionEvent) -> bool:
    """That a provider failed in a call."""
    return event.kind == FACT and event.payload.get("state") == "failed"


def is_of_trial(line: Line) -> bool:
    return str(line.get("room_name", "")).startswith(TRIAL_ROOM)


def _request(line: Line) -> AgentRequest:
    fields = {name: line[name] for name in REQUEST_FIELDS if name in line}
    return AgentRequest(asked_at=datetime.fromisoformat(line["at"]), **fields)
