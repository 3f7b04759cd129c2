"""Files with calls: asked for on the list, made in the background, removed after a day."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.timezone import localtime, make_naive
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from agentworker.models import Agent
from monitoring import callfile, table
from monitoring.call_list import QueryError, lack_of, rows_of
from monitoring.callfile import CallFile
from telephony.models import Call, PhoneNumber, Trunk
from telephony.numbers import pretty
from telephony.reasons import sentence
from telephony.testcalls import caller
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.file"
KEPT = timedelta(days=1)
# Longer than Excel needs to pack a million lines.
LOST = timedelta(minutes=5)
# How many a person may wait for at once, and after how many lines it is told how far one is.
MOST_OPEN, STEP = 3, 1000

State = CallFile.State
# What is read of a call.
TOLD = (
    *("started_at", "answered_at", "ended_at", "direction", "from_number", "to_number"),
    *("number", "agent", "trunk", "state", "outcome", "reason", "is_test"),
)

WAIT = _(
    "You are waiting for %(count)s files already. Take a new one when one of them is ready, or"
    " cancel one."
)
NO_SUCH_SEARCH = _("The list of calls has no such search. Open the list and search again.")
TOO_LONG = _(
    "These are %(count)s calls, and an Excel sheet holds %(most)s. Search for fewer, for instance"
    " for those of one year, or take CSV."
)
NO_RIGHT = _("You may not take calls as a file any more.")
CUT_SHORT = _("A restart came in between. Ask for the file again.")
NO_ROOM = _(
    "The file could not be written: most often the disk is full. Tell the engineer, then ask again."
)
BROKEN = _("The file could not be made. Tell the engineer; the log of the worker says why.")


class CannotFile(Exception):
    """`sentence` says why there is no file."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


class Cancelled(Exception):
    """Nobody waits for the file any more."""


@transaction.atomic
def ask(user: User, form: str, query: str, ticket: UUID) -> UUID:
    """Have it made soon; the same with the same ticket again, and it is asked for once. Its key.

    Raises CannotFile.
    """
    key = uuid5(ticket, f"{user.pk} {form} {query}")
    if CallFile.objects.filter(pk=key).exists():
        return key
    if CallFile.objects.visible_to(user).open().count() >= MOST_OPEN:
        raise CannotFile(WAIT, count=MOST_OPEN)
    try:
        rows_of(query, user)
    except QueryError as error:
        raise CannotFile(NO_SUCH_SEARCH) from error
    language = get_language() or settings.LANGUAGE_CODE
    values = {"made_by": user, "form": form, "query": query, "language": language}
    row, is_new = CallFile.objects.get_or_create(pk=key, defaults=values)
    if is_new:
        LogEntry.objects.log_actions(user.pk, [row], ADDITION, change_message=query)
        wake(TASK)
    return key


def cancel(row: CallFile) -> None:
    """Nothing happens to one that is ready."""
    CallFile.objects.filter(pk=row.pk).open().update(state=State.CANCELLED)


def run_next() -> bool:
    """Make the file that waits longest. False: there is none."""
    give_up_lost(timezone.now())
    row = CallFile.objects.waiting().select_related("made_by").first()
    if row is None:
        return False
    now = timezone.now()
    if CallFile.objects.waiting().filter(pk=row.pk).update(state=State.DOING, seen_at=now):
        carry_out(row)
    return True


def carry_out(row: CallFile) -> None:
    """Make a claimed file, and say what came of it."""
    part = row.path.with_suffix(".part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with speaking_to(row.made_by, row.language):
            write(row, part)
            lack = lack_of(row.query, row.made_by)
        size = part.stat().st_size
        part.replace(row.path)
        told = {"size": size, "error": lack.to_json()}
        if not row.tell(state=State.DONE, done_at=timezone.now(), **told):
            row.path.unlink()
    except Cancelled:
        pass
    except CannotFile as reason:
        fail(row, reason.sentence)
    except OSError as error:
        log.warning("file %s was not written: %s", row.pk, error)
        fail(row, Sentence(NO_ROOM))
    except Exception:
        fail(row, Sentence(BROKEN))
        raise
    finally:
        part.unlink(missing_ok=True)


def fail(row: CallFile, why: Sentence) -> None:
    row.tell(state=State.FAILED, done_at=timezone.now(), error=why.to_json())


@contextmanager
def speaking_to(user: User, language: str) -> Iterator[None]:
    """In his language, at the times of his zone."""
    zone = ZoneInfo(user.time_zone) if user.time_zone else None
    with translation.override(language), timezone.override(zone):
        yield


def write(row: CallFile, path: Path) -> None:
    """Raises CannotFile, Cancelled and OSError."""
    # Their keys first: while a search is being read, SQLite lets nobody tell how far it is.
    keys = list(_calls(row).values_list("pk", flat=True))
    total = len(keys)
    if row.form == CallFile.Form.EXCEL and total >= table.MOST_LINES:
        raise CannotFile(TOO_LONG, count=total, most=table.MOST_LINES - 1)
    _tell(row, total=total)
    known = Names()
    with table.WRITERS[row.form](path, row.language) as put:
        put(headings())
        for start in range(0, total, STEP):
            for call in _in_order(row.made_by, keys[start : start + STEP]):
                put(cells(call, known))
            _tell(row, written=min(start + STEP, total))


def _calls(row: CallFile) -> QuerySet[Call]:
    """His rights as they are now decide, not those of the moment when he asked."""
    user = row.made_by
    if not (user.is_active and user.is_staff and user.has_perms(callfile.TAKES)):
        raise CannotFile(NO_RIGHT)
    try:
        calls = rows_of(row.query, user)
    except QueryError as error:
        raise CannotFile(NO_SUCH_SEARCH) from error
    return calls.select_related(None)


def _in_order(user: User, keys: list[UUID]) -> Iterator[Call]:
    """Those that are still there."""
    found = Call.objects.visible_to(user).only(*TOLD).in_bulk(keys)
    return (found[key] for key in keys if key in found)


def _tell(row: CallFile, **now: int) -> None:
    if not row.tell(seen_at=timezone.now(), **now):
        raise Cancelled


def headings() -> list[str]:
    zone = {"zone": timezone.get_current_timezone_name()}
    return [
        gettext("Began (%(zone)s)") % zone,
        gettext("Direction"),
        gettext("From"),
        gettext("To"),
        gettext("What the number is for"),
        gettext("Assistant"),
        gettext("Provider connection"),
        gettext("Outcome"),
        gettext("Why it ended"),
        gettext("Waited, s"),
        gettext("Talked, s"),
        gettext("Test call"),
        gettext("Call"),
    ]


class Names:
    """Of the rows that calls name, and the words for how they went: a million calls have few."""

    def __init__(self) -> None:
        self.labels: dict[int | None, str] = dict(PhoneNumber.objects.values_list("pk", "label"))
        self.agents: dict[int | None, str] = dict(Agent.objects.values_list("pk", "name"))
        self.trunks: dict[int | None, str] = dict(Trunk.objects.values_list("pk", "name"))
        self._words: dict[tuple[str, ...], tuple[str, str, str]] = {}

    def words(self, call: Call) -> tuple[str, str, str]:
        """Its direction, how it ended or stands, and why."""
        key = (call.direction, call.outcome, call.state, call.reason)
        if key not in self._words:
            how = call.outcome_label if call.outcome else call.get_state_display()
            self._words[key] = call.get_direction_display(), how, str(sentence(call.reason))
        return self._words[key]


def cells(call: Call, known: Names) -> list[table.Cell]:
    """A line, as `headings` name it."""
    direction, how, why = known.words(call)
    return [
        make_naive(localtime(call.started_at)).replace(microsecond=0),
        direction,
        caller(call),
        pretty(call.to_number),
        known.labels.get(call.number_id, ""),
        known.agents.get(call.agent_id, ""),
        known.trunks.get(call.trunk_id, ""),
        how,
        why,
        _seconds(call.started_at, call.answered_at),
        _seconds(call.answered_at, call.ended_at),
        gettext("yes") if call.is_test else "",
        str(call.pk),
    ]


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return max(0, round((end - start).total_seconds())) if start and end else None


def give_up_lost(now: datetime) -> None:
    """A worker that died in the middle leaves a row that nobody finishes."""
    for row in CallFile.objects.silent_since(now - LOST):
        fail(row, Sentence(CUT_SHORT))


def forget(now: datetime) -> None:
    """Remove what was asked for more than a day ago, and old files that have no row."""
    CallFile.objects.asked_before(now - KEPT).delete()
    known = {row.path.name for row in CallFile.objects.all()}
    # Where a worker was killed, the lines of an Excel file that openpyxl keeps until it is whole.
    parts = Path(gettempdir()).glob("openpyxl.*")
    for file in (*callfile.folder().glob("*"), *parts):
        if file.name not in known and _is_old(file, now):
            file.unlink(missing_ok=True)


def _is_old(file: Path, now: datetime) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_mtime < (now - KEPT).timestamp()
    return False
