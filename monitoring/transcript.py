"""What was said in a call: as lines of its page, and as a file to keep."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from agentworker.models import Speaker, Turn
from monitoring.words import said, speaker, summary
from telephony.models import Call
from veyra.wordforms import pieces


@dataclass(frozen=True)
class Line:
    """A line of the transcript. `pieces`: its text, cut at the words that are looked for."""

    turn: Turn
    who: str
    text: str
    pieces: Sequence[tuple[str, bool]]
    # How long the caller waited for it, and for what; "" where it answers nothing.
    delay: str

    @property
    def ours(self) -> bool:
        return self.turn.speaker == Speaker.AGENT

    @property
    def is_found(self) -> bool:
        return any(hit for _piece, hit in self.pieces)


def lines(call: Call, turns: Iterable[Turn], wanted: str = "") -> list[Line]:
    return [_line(call, turn, wanted) for turn in turns]


def _line(call: Call, turn: Turn, wanted: str) -> Line:
    text = said(turn)
    found = pieces(text, wanted) if turn.text else [(text, False)]
    return Line(turn, speaker(call, turn), text, [one for one in found if one[0]], delay(turn))


def delay(turn: Turn) -> str:
    if turn.delay_ms is None:
        return ""
    return _("answered in %(seconds)s s") % {"seconds": seconds(turn.delay_ms)}


def seconds(milliseconds: int) -> str:
    """1240 -> "1.2", as the reader's language writes it."""
    return number_format(milliseconds / 1000, 1 if milliseconds >= 95 else 2)


# Files


def as_text(call: Call, said_lines: Sequence[Line]) -> str:
    """For people: a heading and a line for each thing said."""
    heading = [date_format(localtime(call.started_at), "DATETIME_FORMAT"), summary(call), ""]
    return "\n".join([*heading, *(_as_text(line) for line in said_lines), ""])


def _as_text(line: Line) -> str:
    cut = f" ({_('interrupted')})" if line.turn.interrupted else ""
    words = line.text.replace("\n", "\n    ")
    return f"[{localtime(line.turn.at):%H:%M:%S}] {line.who}: {words}{cut}"


def as_json(call: Call, said_lines: Sequence[Line]) -> str:
    """For programs. Times have their zone; what is not known is null."""
    whole = {
        "call": str(call.pk),
        "direction": call.direction,
        "from": call.from_number,
        "to": call.to_number,
        "started_at": _moment(call.started_at),
        "answered_at": _moment(call.answered_at),
        "ended_at": _moment(call.ended_at),
        "outcome": call.outcome,
        "assistant": call.agent.name if call.agent else None,
        "lines": [_as_json(line.turn) for line in said_lines],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _as_json(turn: Turn) -> dict[str, Any]:
    names = ("speaker", "text", "digit", "seconds", "delay_ms", "interrupted")
    return {"at": _moment(turn.at), **{name: getattr(turn, name) for name in names}}


def _moment(at: datetime | None) -> str | None:
    return localtime(at).isoformat() if at else None
