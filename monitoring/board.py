"""The calls of this moment as rows of the board: read once, rendered once a kind of viewer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
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


@dataclass
class Named:
    """Rows that messages named: keys of calls, and of conversations in which something was said."""

    calls: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.calls or self.sessions)


def may_see(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_staff and user.has_perm("telephony.view_call")


def read(named: Named | None = None) -> list[Row]:
    """The board now, or what of it was named, the newest call first. Two queries, however many
    calls; a third for the conversations that were named.
    """
    ended_since = timezone.now() - LINGER
    found = Leg.objects.on_board(ended_since) if named is None else _named(named, ended_since)
    legs = sorted(found, key=_newest_first)
    # Whom nobody has answered yet, nobody has told anything.
    names = {name_of(leg) for leg in legs if leg.call.state != Call.State.RINGING}
    turns = last_turns(names - {""})
    return [Row(leg.call, turns.get(name_of(leg))) for leg in legs]


def _newest_first(leg: Leg) -> tuple[float, UUID]:
    return -leg.call.started_at.timestamp(), leg.call_id


def _named(named: Named, ended_since: datetime) -> list[Leg]:
    """Whether a few calls are still on the board is quicker looked at than asked."""
    wanted = Q(call__in={UUID(pk) for pk in named.calls})
    if named.sessions:
        callers = Session.objects.filter(pk__in=named.sessions)
        pairs = callers.values_list("sip_call_id", "participant_sid")
        names = {name for pair in pairs for name in pair if name}
        wanted |= Q(sip_call_id__in=names) | Q(participant_sid__in=names)
    legs = Leg.objects.others().filter(wanted)
    return [leg for leg in legs if leg.call.ended_at is None or leg.call.ended_at >= ended_since]


def name_of(leg: Leg) -> str:
    """How conversations name their caller: a telephone by call id, a browser by its sid."""
    return leg.sip_call_id or leg.participant_sid


def last_turns(names: set[str]) -> dict[str, Turn]:
    """The last thing said to or by each of these callers who has a conversation."""
    if not names:
        return {}
    turns = Turn.objects.newest_of(Session.objects.of_callers(names))
    return {turn.session.sip_call_id or turn.session.participant_sid: turn for turn in turns}


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
