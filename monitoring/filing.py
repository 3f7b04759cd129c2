"""Files with calls: asked for on the list, made in the background, removed after a day."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.timezone import localtime, make_naive
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from agentworker.models import Agent
from monitoring import callfile, file_making, table
from monitoring.call_list import QueryError, lack_of, rows_of
from monitoring.callfile import CallFile
from monitoring.file_making import CannotFile, Kind, go_on, is_old
from telephony import came_of
from telephony.came_of import CameOf
from telephony.models import Call, PhoneNumber, Trunk
from telephony.numbers import pretty
from telephony.reasons import sentence
from telephony.testcalls import caller
from veyra.models import User
from veyra.sentences import Sentence

TASK = "monitoring.file"
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
# Who has it reads what was said, and what came of it.
WORDS = "agentworker.view_session"
NO_RIGHT = _("You may not take calls as a file any more.")


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
    file_making.ask(CALLS, key, user, query, form=form, query=query)
    return key


def cancel(row: CallFile) -> None:
    """Nothing happens to one that is ready."""
    CallFile.objects.filter(pk=row.pk).open().update(state=State.CANCELLED)


def run_next() -> bool:
    """Make the file that waits longest. False: there is none."""
    return file_making.run_next(CALLS)


def write(row: CallFile, path: Path) -> Sentence:
    """What it lacks. Raises CannotFile, Cancelled and OSError."""
    # Their keys first: while a search is being read, SQLite lets nobody tell how far it is.
    keys = list(_calls(row).values_list("pk", flat=True))
    total = len(keys)
    if row.form == CallFile.Form.EXCEL and total >= table.MOST_LINES:
        raise CannotFile(TOO_LONG, count=total, most=table.MOST_LINES - 1)
    go_on(row, total=total)
    known, with_words = Names(), row.made_by.has_perm(WORDS)
    with table.WRITERS[row.form](path, row.language) as put:
        put(headings(with_words))
        for start in range(0, total, STEP):
            some = keys[start : start + STEP]
            came = came_of.of_calls(some) if with_words else {}
            for call in _in_order(row.made_by, some):
                put(cells(call, known, came.get(call.pk, ()) if with_words else None))
            go_on(row, written=min(start + STEP, total))
    return lack_of(row.query, row.made_by)


CALLS = Kind(CallFile, TASK, write)


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


def headings(with_words: bool) -> list[str]:
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
        *(_words_headings() if with_words else ()),
        gettext("Call"),
    ]


def _words_headings() -> list[str]:
    return [gettext("What came of it"), gettext("Summary"), gettext("Noted")]


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


def cells(call: Call, known: Names, came: Sequence[CameOf] | None) -> list[table.Cell]:
    """A line, as `headings` name it. `came` is None where words are not told."""
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
        *(() if came is None else _words(came)),
        str(call.pk),
    ]


def _words(came: Sequence[CameOf]) -> list[str]:
    told = [(each.outcome, each.summary, each.noted_line) for each in came]
    return ["; ".join(filter(None, column)) for column in zip(*told, strict=True)] or ["", "", ""]


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return max(0, round((end - start).total_seconds())) if start and end else None


def forget(now: datetime) -> None:
    """Remove what was asked for more than a day ago, and old files that have no row."""
    file_making.forget(CALLS, now)
    # Where a worker was killed, the lines of an Excel file that openpyxl keeps until it is whole.
    for part in Path(gettempdir()).glob("openpyxl.*"):
        if is_old(part, now):
            part.unlink(missing_ok=True)
