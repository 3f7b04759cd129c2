"""The calls of this moment as rows of the board: read once, rendered once a kind of viewer."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.utils import timezone, translation

from agentworker.models import Session, Turn
from monitoring.words import said
from telephony.models import Call
from veyra.models import User

# An ended call stays for a moment, so that whoever looked away sees how it ended.
LINGER = timedelta(seconds=8)


@dataclass(frozen=True)
class Viewer:
    """Everything about a person that changes how a row looks."""

    language: str
    reads_words: bool

    @classmethod
    def of(cls, user: User) -> "Viewer":
        language = user.language or translation.get_language() or ""
        return cls(language, user.has_perm("agentworker.view_session"))


@dataclass(frozen=True)
class Row:
    """A call and the last thing said in it."""

    call: Call
    turn: Turn | None

    @property
    def version(self) -> tuple[int, int]:
        return self.call.version, self.turn.pk if self.turn else 0


def may_see(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_staff and user.has_perm("telephony.view_call")


def read() -> list[Row]:
    """The board now, the newest call first. Five queries, however many calls."""
    calls = list(Call.objects.on_board(timezone.now() - LINGER))
    turns = last_turns(calls)
    return [Row(call, turns.get(call.pk)) for call in calls]


def last_turns(calls: Sequence[Call]) -> dict[uuid.UUID, Turn]:
    """The last turn of each call; the calls come with their legs."""
    legs = {leg.sip_call_id or leg.participant_sid: c.pk for c in calls for leg in c.legs.all()}
    newest = Session.objects.of_callers(legs).newest_turns()
    owners = {turn: legs.get(call) or legs.get(person) for turn, call, person in newest if turn}
    turns = Turn.objects.filter(pk__in=owners).order_by("at")
    return {owner: turn for turn in turns if (owner := owners[turn.pk])}


def render(row: Row, viewer: Viewer) -> str:
    """One row's HTML. The page includes the same template."""
    with translation.override(viewer.language):
        return render_to_string("monitoring/_row.html", as_context(row, viewer))


def as_context(row: Row, viewer: Viewer) -> dict[str, object]:
    words = said(row.turn) if row.turn and viewer.reads_words else ""
    return {"call": row.call, "turn": row.turn, "words": words}


def message(rows: Iterable[tuple[Row, str]], *, full: bool, gone: Iterable[str] = ()) -> str:
    """What a socket and the slow poll carry: {"now", "full", "rows": [{"id", "html"}], "gone"}."""
    return json.dumps(
        {
            "now": int(timezone.now().timestamp() * 1000),
            "full": full,
            "rows": [{"id": str(row.call.pk), "html": html} for row, html in rows],
            "gone": list(gone),
        },
        ensure_ascii=False,
    )
