"""Conversations as they stand at this moment: what each does, and what was said in it last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from agentworker.models import Session, Turn

# The last words of each side are among so many lines, and so are the waits that a meter shows.
LAST_LINES = 12
OF_TALK = (
    *("pk", "sip_call_id", "participant_sid", "started_at", "ended_at", "error"),
    *("doing", "doing_since"),
    *("turns__pk", "turns__speaker", "turns__text", "turns__digit", "turns__at"),
    *("turns__seconds", "turns__delay_ms"),
)


@dataclass(frozen=True)
class Talk:
    """A caller's newest conversation, and what was said last in it or in those before it.

    `doing` is a value of Session.Doing or "", `doing_since` when that began. `lines` are the last
    that each side said, by time; `delays` how long he waited for each of the last answers, in ms,
    the newest last; `newest` the key of the newest line, 0 before the first.
    """

    session: int
    doing: str = ""
    doing_since: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    lines: tuple[Turn, ...] = ()
    delays: tuple[int, ...] = ()
    newest: int = 0

    @property
    def version(self) -> tuple[object, ...]:
        """Differs when anything that is shown of it does."""
        return self.session, self.doing_since, self.ended_at, self.error, self.newest


def talks(names: Iterable[str]) -> dict[str, Talk]:
    """By caller (call id of the gateway or participant's sid), of those who have a conversation.

    One query, however many there are.
    """
    found = sorted(_rows(names), key=_by_caller)
    return {name: _talk(list(of_caller)) for name, of_caller in groupby(found, _caller)}


def _rows(names: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Each conversation once for each of its last turns; one without turns once."""
    newest_first = [F("turns__at").desc(), F("turns__pk").desc()]
    place = Window(RowNumber(), partition_by="pk", order_by=newest_first)
    numbered = Session.objects.of_callers(names).annotate(place=place)
    rows: Iterable[dict[str, Any]] = numbered.filter(place__lte=LAST_LINES).values(*OF_TALK)
    return rows


def _caller(row: dict[str, Any]) -> str:
    name: str = row["sip_call_id"] or row["participant_sid"]
    return name


def _by_caller(row: dict[str, Any]) -> tuple[str, datetime, int]:
    return _caller(row), row["started_at"], row["pk"]


def _talk(rows: Sequence[dict[str, Any]]) -> Talk:
    """Of rows by the start of their conversation."""
    newest = rows[-1]
    said = [row for row in rows if row["turns__pk"] is not None]
    said.sort(key=lambda row: (row["turns__at"], row["turns__pk"]))
    last = {row["turns__speaker"]: row for row in said}
    waits = [row["turns__delay_ms"] for row in said[-LAST_LINES:]]
    return Talk(
        newest["pk"],
        newest["doing"],
        newest["doing_since"],
        newest["ended_at"],
        newest["error"],
        lines=tuple(_turn(row) for row in said if row is last[row["turns__speaker"]]),
        delays=tuple(wait for wait in waits if wait is not None),
        newest=said[-1]["turns__pk"] if said else 0,
    )


def _turn(row: dict[str, Any]) -> Turn:
    of_turn = {name.removeprefix("turns__"): v for name, v in row.items() if "__" in name}
    return Turn(session_id=row["pk"], **of_turn)
