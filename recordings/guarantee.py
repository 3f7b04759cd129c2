"""Is everything recorded that had to be? Each call of a day with a verdict, and its reasons.

A recording is whole when it is as long as it had to be, within five percent, and everybody who
spoke is heard in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from agentworker.models import Speaker, Turn
from recordings.models import LACKS_BOTH, WITHHELD, GuaranteeDay, Recording
from telephony.models import Leg
from veyra.models import User
from veyra.sentences import Sentence

TASK = "recordings.guarantee"
State = Recording.State
# What may lack, or be too much: a share of what is due, and some seconds in any case.
SHARE, SLACK = 0.05, 2.0
# A lane that is nowhere louder, of a hundred, is silent.
SILENT = 1
# In a talk that is longer our side has spoken.
SURELY_SPOKEN = 30.0
# Days that are counted again and again: a part may come a day late.
RECOUNTED = 3
DAY = timedelta(days=1)

UNTOLD = _("It is not known why. Show this call to your engineer.")
GOES_ON = _("The call goes on.")
BEING_SAVED = _("It is being saved.")
TOO_LONG = _("It is longer than it may be: %(seconds)s s instead of %(due)s s.")
TOO_LITTLE = _("It is shorter than the talk: %(seconds)s s instead of %(due)s s.")
NO_CALLER = _("The caller spoke, and is not heard in it.")
NOT_US = _("Our side spoke, and is not heard in it.")


class Result(models.TextChoices):
    WHOLE = "whole", gettext_lazy("recorded")
    FLAWED = "flawed", gettext_lazy("recorded with a flaw")
    MISSING = "missing", gettext_lazy("not recorded")
    OPEN = "open", gettext_lazy("not known yet")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is known of one recording. `silent`: the lanes, "caller" or "agent", without a sound;
    `spoke`: who, of the two, is known to have spoken while it was written.
    """

    state: str
    ended: bool = True
    reason: Sentence = field(default_factory=lambda: Sentence(""))
    seconds: float | None = None
    due: float | None = None
    # The beginning of the talk is known to the second only.
    is_rough: bool = False
    silent: frozenset[str] = frozenset()
    spoke: frozenset[str] = frozenset()


def judge(kept: Kept) -> tuple[Result, list[Sentence]]:
    """What to tell of it, and why."""
    told = [kept.reason] if kept.reason.msgid else []
    if kept.state in (State.MISSING, State.FAILED):
        return Result.MISSING, told or [Sentence(UNTOLD)]
    if kept.state in Recording.OPEN:
        return Result.OPEN, told or [Sentence(BEING_SAVED if kept.ended else GOES_ON)]
    if kept.state == State.DELETED and kept.seconds is None:
        # It never was, and was deleted with what there was of it.
        return Result.MISSING, told or [Sentence(UNTOLD)]
    flaws = [*_of_length(kept), *_of_voices(kept)]
    if flaws:
        return Result.FLAWED, [*told, *flaws]
    return Result.WHOLE, told if kept.reason.msgid in (WITHHELD, LACKS_BOTH) else []


def _of_length(kept: Kept) -> Iterator[Sentence]:
    if kept.due is None or kept.seconds is None:
        return
    may_differ = max(SLACK, kept.due * SHARE)
    values = {"seconds": round(kept.seconds), "due": round(kept.due)}
    if kept.due - kept.seconds > may_differ:
        yield Sentence(TOO_LITTLE, values)
    if kept.seconds - kept.due > may_differ and not kept.is_rough:
        yield Sentence(TOO_LONG, values)


def _of_voices(kept: Kept) -> Iterator[Sentence]:
    if "caller" in kept.silent & kept.spoke:
        yield Sentence(NO_CALLER)
    is_long = (kept.seconds or 0.0) >= SURELY_SPOKEN
    if "agent" in kept.silent and ("agent" in kept.spoke or is_long):
        yield Sentence(NOT_US)


def silent_lanes(peaks: dict[str, Sequence[int]]) -> frozenset[str]:
    lanes = {lane: peaks[lane] for lane in ("caller", "agent") if lane in peaks}
    return frozenset(lane for lane, found in lanes.items() if max(found, default=0) <= SILENT)


# A day


@dataclass(frozen=True)
class Line:
    """A call that had to be recorded."""

    recording: Recording
    result: Result
    why: list[Sentence]

    @property
    def talk(self) -> timedelta | None:
        call = self.recording.call
        if call is None or not (call.answered_at and call.ended_at):
            return None
        return call.ended_at - call.answered_at

    @property
    def length(self) -> timedelta | None:
        seconds = self.recording.seconds
        return None if seconds is None else timedelta(seconds=seconds)


# So many recordings are looked at together.
TOGETHER = 200


def lines(day: date, user: User | None = None) -> Iterator[Line]:
    """Of the calls that began on this day, as the line's time zone has it; the newest first. Little
    of it is in memory. `user`: who reads it; None: everything.
    """
    found = Recording.objects.visible_to(user) if user else Recording.objects.all()
    rows = found.due_between(*bounds(day)).iterator(chunk_size=TOGETHER)
    while some := list(islice(rows, TOGETHER)):
        yield from _lines(some)


def bounds(day: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + DAY, time.min, zone),
    )


def today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def _lines(rows: Sequence[Recording]) -> Iterator[Line]:
    silent = {row.pk: silent_lanes(row.peaks) for row in rows if row.state == State.READY}
    spoke = _spoke([row for row in rows if silent.get(row.pk)])
    for row in rows:
        kept = _kept(row, silent.get(row.pk, frozenset()), spoke.get(row.pk, frozenset()))
        # A page of them has no use for waveforms.
        row.peaks = {}
        yield Line(row, *judge(kept))


def _kept(row: Recording, silent: frozenset[str], spoke: frozenset[str]) -> Kept:
    call = row.call
    return Kept(
        state=row.state,
        ended=call is None or call.ended_at is not None,
        reason=row.sentence,
        seconds=row.seconds,
        due=row.due_seconds,
        is_rough=bool(call and call.answered_is_approximate),
        silent=silent,
        spoke=spoke,
    )


def _spoke(rows: Sequence[Recording]) -> dict[Any, frozenset[str]]:
    """Who spoke while these were written, as far as conversations were noted."""
    if not rows:
        return {}
    names: dict[str, Any] = {}
    legs = Leg.objects.filter(call__in=[row.call_id for row in rows])
    for call, *both in legs.values_list("call", "sip_call_id", "participant_sid"):
        names |= {name: call for name in both if name}
    turns = Turn.objects.of_callers(names).exclude(seconds=None)
    said: dict[Any, set[tuple[str, datetime]]] = {}
    of_session = "session__sip_call_id", "session__participant_sid"
    for call_id, sid, speaker, at in turns.values_list(*of_session, "speaker", "at"):
        said.setdefault(names.get(call_id) or names.get(sid), set()).add((speaker, at))
    return {row.pk: _heard(row, said.get(row.call_id, set())) for row in rows}


def _heard(row: Recording, said: Iterable[tuple[str, datetime]]) -> frozenset[str]:
    lanes = {Speaker.CALLER.value: "caller", Speaker.AGENT.value: "agent"}
    return frozenset(lanes[speaker] for speaker, at in said if row.second_of(at) is not None)


# Figures that stay


def count(days: int = RECOUNTED) -> None:
    """Count the last days anew: what comes late changes them."""
    newest = today()
    for day in (newest - DAY * n for n in range(days)):
        found = dict.fromkeys(Result, 0)
        for line in lines(day):
            found[line.result] += 1
        figures = {result.value: many for result, many in found.items()}
        values = {**figures, "due": sum(found.values())}
        if values["due"]:
            GuaranteeDay.objects.update_or_create(day=day, defaults=values)


def in_order(found: Iterable[Line]) -> list[Line]:
    """What lacks something first."""
    place = {Result.MISSING: 0, Result.FLAWED: 1, Result.OPEN: 2, Result.WHOLE: 3}
    return sorted(found, key=lambda line: place[line.result])
