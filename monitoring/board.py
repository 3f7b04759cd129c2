"""The calls of this moment as rows of the board: read once, rendered once a kind of viewer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.utils import timezone, translation

from agentworker.models import Session, Turn
from monitoring.words import said, speaker
from telephony.models import Call, Leg
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
    """The board now, the newest call first. Two queries, however many calls."""
    legs = list(Leg.objects.of_calls(Call.objects.on_board(timezone.now() - LINGER)))
    turns = last_turns(legs)
    return [Row(leg.call, turns.get(name_of(leg))) for leg in legs]


def name_of(leg: Leg) -> str:
    """How conversations name their caller: a telephone by call id, a browser by its sid."""
    return leg.sip_call_id or leg.participant_sid


def last_turns(legs: Iterable[Leg]) -> dict[str, Turn]:
    """The last thing said to or by each caller who has a conversation."""
    names = {name for leg in legs if (name := name_of(leg))}
    turns: dict[str, Turn] = {}
    for turn in Turn.objects.newest_of(Session.objects.of_callers(names)):
        turns[turn.session.sip_call_id or turn.session.participant_sid] = turn
    return turns


def render(row: Row, viewer: Viewer) -> str:
    """One row's HTML. The page includes the same template."""
    with translation.override(viewer.language):
        return render_to_string("monitoring/_row.html", as_context(row, viewer))


def as_context(row: Row, viewer: Viewer) -> dict[str, object]:
    words = said(row.turn) if row.turn and viewer.reads_words else ""
    who = speaker(row.call, row.turn) if row.turn else ""
    return {"call": row.call, "turn": row.turn, "words": words, "who": who}


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
