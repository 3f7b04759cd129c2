"""What was said in a call: as lines of its page, and as a file to keep."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from agentworker.models import Speaker, Turn
from monitoring.words import said, seconds, speaker, summary
from recordings.models import Recording
from recordings.player import Stretch, stretch
from telephony.came_of import CameOf
from telephony.models import Call
from veyra.wordforms import pieces

# What a program is told of a line besides its time.
OF_TURN = (
    *("speaker", "text", "digit", "seconds", "interrupted"),
    *("delay_ms", "heard_ms", "thought_ms", "spoke_ms"),
)


@dataclass(frozen=True)
class Line:
    """A line of the transcript. `pieces`: its text, cut at the words that are looked for."""

    turn: Turn
    who: str
    text: str
    pieces: Sequence[tuple[str, bool]]
    # How long the caller waited for it, and for what; "" where it answers nothing.
    delay: str
    # From which second to which it is heard in the recording.
    heard: Stretch | None

    @property
    def ours(self) -> bool:
        return self.turn.speaker == Speaker.AGENT

    @property
    def is_found(self) -> bool:
        return any(hit for _piece, hit in self.pieces)


def lines(
    call: Call, turns: Iterable[Turn], wanted: str = "", recording: Recording | None = None
) -> list[Line]:
    """`recording`: one that the reader may hear."""
    return [_line(call, turn, wanted, recording) for turn in turns]


def _line(call: Call, turn: Turn, wanted: str, recording: Recording | None) -> Line:
    text = said(turn)
    found = pieces(text, wanted) if turn.text else [(text, False)]
    shown = [one for one in found if one[0]]
    heard = stretch(recording, turn.at, turn.seconds) if recording else None
    return Line(turn, speaker(call, turn), text, shown, waited(turn), heard)


def waited(turn: Turn) -> str:
    """How long the caller waited for it, and for what as far as that was measured."""
    if turn.delay_ms is None:
        return ""
    whole = _("answered in %(seconds)s s") % {"seconds": seconds(turn.delay_ms)}
    parts = [
        (turn.heard_ms, _("heard in %(seconds)s")),
        (turn.thought_ms, _("thought %(seconds)s")),
        (turn.spoke_ms, _("spoke in %(seconds)s")),
    ]
    told = [text % {"seconds": seconds(part)} for part, text in parts if part is not None]
    return f"{whole}: {', '.join(told)}" if told else whole


# Files


def as_text(call: Call, said_lines: Sequence[Line], came: Sequence[CameOf]) -> str:
    """For people: a heading and a line for each thing said."""
    told = [words for each in came for words in (each.summary, each.outcome, each.noted_line)]
    heading = [date_format(localtime(call.started_at), "DATETIME_FORMAT"), summary(call)]
    heading += [*filter(None, told), ""]
    return "\n".join([*heading, *(_as_text(line) for line in said_lines), ""])


def _as_text(line: Line) -> str:
    interrupted = _("interrupted")
    cut = f" ({interrupted})" if line.turn.interrupted else ""
    words = line.text.replace("\n", "\n    ")
    return f"[{localtime(line.turn.at):%H:%M:%S}] {line.who}: {words}{cut}"


def as_json(call: Call, said_lines: Sequence[Line], came: Sequence[CameOf]) -> str:
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
        "came_of": [each.as_json() for each in came],
        "lines": [turn_as_json(line.turn) for line in said_lines],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def turn_as_json(turn: Turn) -> dict[str, Any]:
    """As OF_TURN names it."""
    return {"at": _moment(turn.at), **{name: getattr(turn, name) for name in OF_TURN}}


def _moment(at: datetime | None) -> str | None:
    return localtime(at).isoformat() if at else None
