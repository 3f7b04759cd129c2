"""The calls of this moment as rows of the board: read once, rendered once a kind of viewer."""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import BooleanField, CharField, IntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.template.loader import render_to_string
from django.utils import timezone, translation

from agentworker.models import Session
from agentworker.scope import Scope, scope_of
from agentworker.talks import Talk, talks
from monitoring import phases
from monitoring.phases import HAND_WORDS, Phase, Trouble
from monitoring.recorded import Mark
from monitoring.words import said, speaker
from telephony.models import Call, Leg, Ring, Visit
from veyra.models import User

# An ended call stays for a moment, so that whoever looked away sees how it ended.
LINGER = timedelta(seconds=8)


# What opens the pages of callers who did not get through.
OPENED_BY = {
    "turned-away": ("telephony.view_call", "telephony.view_refused"),
    "call-backs": ("telephony.view_callback",),
    "hours": ("agentworker.view_place",),
}

# With any of these a caller in trouble can be helped.
HELPS = tuple(f"telephony.{each}_call" for each in ("join", "hint", "transfer", "hang_up"))


@dataclass(frozen=True)
class Viewer:
    """Everything about a person that changes how a row looks."""

    language: str
    reads_words: bool
    # Names of pages that he may open, of those that the strip above the board leads to.
    opens: frozenset[str] = frozenset()
    # On the page of a call in trouble there is something that he can do.
    helps: bool = False
    # The places whose calls he sees; None: all calls.
    scope: Scope = None

    def sees(self, row: "Row") -> bool:
        return self.scope is None or row.place in self.scope

    @classmethod
    def of(cls, user: User, *, on_wall: bool = False) -> "Viewer":
        """On a wall anybody who passes would read what callers say, so there it is not shown."""
        language = user.language or translation.get_language() or ""
        reads_words = not on_wall and user.has_perm("agentworker.view_session")
        opens = frozenset(page for page, rights in OPENED_BY.items() if user.has_perms(rights))
        helps = any(map(user.has_perm, HELPS))
        return cls(language, reads_words, opens, helps, scope_of(user))


Version = tuple[object, ...]


@dataclass(frozen=True)
class Row:
    """A call as it was read `at` a moment: its conversation, and which staff are at it."""

    call: Call
    talk: Talk | None = None
    visits: Sequence[Visit] = ()
    is_transferring: bool = False
    is_stood_in: bool = False
    is_on_hold: bool = False
    # In the queue for an assistant, from 1.
    queue_place: int | None = None
    # What is wanted of its recording, and what is done.
    recording: tuple[str, str] = ("", "")
    # The newest search for one of our people.
    ring: Ring | None = None
    # To which its number belongs.
    place: int | None = None
    at: datetime = field(default_factory=timezone.now, compare=False)

    @property
    def is_taken(self) -> bool:
        """A colleague whom we rang talks with the caller, by telephone or browser."""
        ring = self.ring
        return bool(ring and ring.state == Ring.State.TAKEN and ring.over_at is None)

    @property
    def is_rung(self) -> bool:
        """Our people are rung for it."""
        return bool(self.ring and self.ring.state == Ring.State.RINGING)

    @property
    def is_joined(self) -> bool:
        """One of us talks in it; where no assistant was to hold a call out, from the first."""
        by_people = self.call.is_outbound and self.call.agent is None
        return (
            by_people
            or self.is_taken
            or any(visit.kind != Visit.Kind.LISTEN for visit in self.visits)
        )

    @property
    def phase(self) -> Phase:
        return phases.phase(
            self.call,
            self.talk,
            joined=self.is_joined,
            rung=self.is_rung,
            transferring=self.is_transferring,
            on_hold=self.is_on_hold,
            queued=self.queue_place is not None,
            stood_in=self.is_stood_in,
        )

    @property
    def trouble(self) -> Trouble | None:
        attended = self.is_joined or self.is_rung or self.is_transferring or self.is_on_hold
        return phases.trouble(
            self.call,
            self.talk,
            attended=attended,
            stood_in=self.is_stood_in,
            rung_until=self.ring.over_at if self.ring else None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What messages call it: its call, and the conversation in which something is said."""
        return (str(self.call.pk), str(self.talk.session)) if self.talk else (str(self.call.pk),)

    @property
    def version(self) -> Version:
        """Differs when anything that is shown does; trouble that begins is told, too."""
        trouble = self.trouble
        return (
            self.call.version,
            self.talk and self.talk.version,
            tuple(visit.pk for visit in self.visits),
            self.is_transferring,
            self.is_stood_in,
            self.is_on_hold,
            self.queue_place,
            self.recording,
            self.place,
            self.ring and (self.ring.pk, self.ring.state, self.ring.over_at),
            bool(trouble and trouble.at <= self.at),
        )


@dataclass
class Named:
    """Rows that messages named: keys of calls, and of conversations in which something was said."""

    calls: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.calls or self.sessions)

    @property
    def names(self) -> set[str]:
        return self.calls | self.sessions

    def only(self, names: set[str]) -> "Named":
        return Named(self.calls & names, self.sessions & names)

    def without(self, names: set[str]) -> "Named":
        return Named(self.calls - names, self.sessions - names)


def is_shown(call: Call, now: datetime) -> bool:
    """Is it going on, or did it end a moment ago?"""
    return call.ended_at is None or call.ended_at >= now - LINGER


def is_wall(asked: Container[str]) -> bool:
    """Is this the address of a page for the wall, or of its socket? `asked`: its parameters."""
    return "wall" in asked


def may_see(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_staff and user.has_perm("telephony.view_call")


def read(named: Named | None = None) -> list[Row]:
    """The board now, or what of it was named, the newest call first. Two queries, however many
    calls; one more for the conversations that were named, and two where staff are at calls, or
    were rung for them.
    """
    now = timezone.now()
    found = _named(named, now) if named is not None else _on_board(now - LINGER)
    legs = sorted(found, key=_newest_first)
    # Whom nobody has answered yet, nobody has told anything.
    names = {name_of(leg) for leg in legs if leg.call.state != Call.State.RINGING} - {""}
    told = talks(names) if names else {}
    attended = [leg.call for leg in legs if leg.is_attended]
    visits, rings = _visits(attended), _rings(attended)
    return [
        Row(
            leg.call,
            told.get(name_of(leg)),
            visits.get(leg.call_id, ()),
            leg.is_transferring,
            leg.stands_in == "apology",
            leg.stands_in == "hold",
            leg.queue_place,
            ("", "") if leg.call.ended_at else (leg.rec_wanted or "", leg.rec_doing or ""),
            rings.get(leg.call_id),
            leg.place,
            now,
        )
        for leg in legs
    ]


def keys() -> set[UUID]:
    """The calls that are on the board now."""
    legs = Leg.objects.on_board(timezone.now() - LINGER)
    return set(legs.values_list("call_id", flat=True))


def _on_board(ended_since: datetime) -> list[Any]:
    return list(_with_others(Leg.objects.on_board(ended_since)))


# Who else is at a call: staff, or the last resort. For each change of each call Django would take
# longer to word this than the database to answer all of it.
IS_ATTENDED = """(EXISTS (SELECT 1 FROM telephony_visit
    WHERE telephony_visit.call_id = telephony_leg.call_id AND left_at IS NULL)
    OR EXISTS (SELECT 1 FROM telephony_ring
    WHERE telephony_ring.call_id = telephony_leg.call_id))"""
IS_TRANSFERRING = """EXISTS (SELECT 1 FROM telephony_callaction
    WHERE telephony_callaction.call_id = telephony_leg.call_id
    AND telephony_callaction.kind = 'transfer'
    AND telephony_callaction.state IN ('waiting', 'doing'))"""
STANDS_IN = """(SELECT kind FROM agentworker_standin
    WHERE agentworker_standin.room_sid = telephony_call.room_sid
    AND (spoke_at IS NOT NULL OR kind = 'hold') AND over_at IS NULL)"""
QUEUE_PLACE = """(SELECT place FROM agentworker_standin
    WHERE agentworker_standin.room_sid = telephony_call.room_sid
    AND kind = 'hold' AND over_at IS NULL)"""
RECORDING = """(SELECT {} FROM recordings_recording
    WHERE recordings_recording.call_id = telephony_leg.call_id AND kind = 'talk')"""

PLACE = """(SELECT place_id FROM agentworker_numberplace
    JOIN telephony_phonenumber ON telephony_phonenumber.key = agentworker_numberplace.key
    WHERE telephony_phonenumber.id = telephony_call.number_id)"""


def _with_others(legs: QuerySet[Leg]) -> QuerySet[Any]:
    return legs.annotate(
        is_attended=RawSQL(IS_ATTENDED, (), BooleanField()),  # noqa: S611  # no values in it
        is_transferring=RawSQL(IS_TRANSFERRING, (), BooleanField()),  # noqa: S611  # likewise
        stands_in=RawSQL(STANDS_IN, (), CharField()),  # noqa: S611  # likewise
        queue_place=RawSQL(QUEUE_PLACE, (), IntegerField()),  # noqa: S611  # likewise
        rec_wanted=RawSQL(RECORDING.format("wanted"), (), CharField()),  # noqa: S611  # likewise
        place=RawSQL(PLACE, (), IntegerField()),  # noqa: S611  # likewise
        rec_doing=RawSQL(RECORDING.format("doing"), (), CharField()),  # noqa: S611  # likewise
    )


def _visits(calls: list[Call]) -> dict[UUID, list[Visit]]:
    """Who of the staff is at each of these calls."""
    found: dict[UUID, list[Visit]] = defaultdict(list)
    for visit in Visit.objects.going_on().of_calls(calls) if calls else ():
        found[visit.call_id].append(visit)
    return found


def _rings(calls: list[Call]) -> dict[UUID, Ring]:
    """The newest search for our people of each of these calls."""
    rows = Ring.objects.filter(call__in=calls).order_by("started_at") if calls else ()
    return {ring.call_id: ring for ring in rows}


def _newest_first(leg: Any) -> tuple[float, UUID]:
    return -leg.call.started_at.timestamp(), leg.call_id


def _named(named: Named, now: datetime) -> list[Any]:
    """Whether a few calls are still on the board is quicker looked at than asked."""
    wanted = Q(call__in={UUID(pk) for pk in named.calls})
    if named.sessions:
        callers = Session.objects.filter(pk__in=named.sessions)
        pairs = callers.values_list("sip_call_id", "participant_sid")
        names = {name for pair in pairs for name in pair if name}
        wanted |= Q(sip_call_id__in=names) | Q(participant_sid__in=names)
    legs = _with_others(Leg.objects.others().filter(wanted))
    return [leg for leg in legs if is_shown(leg.call, now)]


def name_of(leg: Leg) -> str:
    """How conversations name their caller: a telephone by call id, a browser by its sid."""
    return leg.sip_call_id or leg.participant_sid


def render(row: Row, viewer: Viewer) -> str:
    """One row's HTML. The page includes the same template."""
    with translation.override(viewer.language):
        return render_to_string("monitoring/_row.html", as_context(row, viewer))


def as_context(row: Row, viewer: Viewer) -> dict[str, object]:
    """`ours` is our number; `lines` are (who, words), `staff` (what he does, his name), `meter` is
    (level, bars, seconds).
    """
    phase, trouble = row.phase, row.trouble
    return {
        "call": row.call,
        "helps": viewer.helps,
        "ours": row.call.from_number if row.call.is_outbound else row.call.to_number,
        "phase": phase,
        "phase_label": row.call.outcome_label or phases.label(phase, row.queue_place),
        "trouble": trouble,
        "trouble_label": HAND_WORDS[trouble.hand] if trouble else "",
        "lines": _lines(row) if viewer.reads_words else (),
        "meter": _meter(row),
        "mark": Mark.of(*row.recording),
        "staff": [(visit.get_kind_display(), visit.name) for visit in row.visits],
    }


def _lines(row: Row) -> list[tuple[str, str]]:
    """The last words of each side, in the order in which they were said."""
    turns = row.talk.lines if row.talk else ()
    return [(speaker(row.call, turn), said(turn)) for turn in turns]


def _meter(row: Row) -> tuple[str, str, float] | None:
    delays = row.talk.delays if row.talk else ()
    if not delays:
        return None
    newest, shown = delays[-1], phases.bars(delays) if len(delays) > 1 else ""
    return phases.level(newest), shown, newest / 1000


def message(
    rows: Iterable[tuple[Row, str]],
    *,
    full: bool,
    gone: Iterable[str] = (),
    needs: str | None = None,
) -> str:
    """What a socket and the slow poll carry: {"now", "full", "rows": [{"id", "html"}], "gone"}, and
    "needs", the strip above the rows, null where it is as before.
    """
    return json.dumps(
        {
            "now": int(timezone.now().timestamp() * 1000),
            "full": full,
            "rows": [{"id": str(row.call.pk), "html": html} for row, html in rows],
            "gone": list(gone),
            "needs": needs,
        },
        ensure_ascii=False,
    )
