"""How long a caller waited for each answer: as bars to look at, and as a table to read. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agentworker.models import Turn

# Where the axis may end, in milliseconds, each four round steps up: the first that the slowest
# answer does not pass.
ENDS = (400, 800, 1200, 2000, 4000, 8000, 12_000, 20_000, 40_000, 80_000)
LINES = 4
# Of each bar's place, so much is bar.
FILL = 0.7
# A few bars stay narrow, in percent of the whole width.
WIDEST = 6.0

PARTS: dict[str, str | Promise] = {
    "heard": _("until he had finished"),
    "thought": _("thinking of the answer"),
    "spoke": _("making its sound"),
    "rest": _("not told apart"),
}


@dataclass(frozen=True)
class Answer:
    """An answer's delay in milliseconds and, as far as they were measured, its parts."""

    turn: int
    at: datetime
    whole: int
    heard: int | None
    thought: int | None
    spoke: int | None


@dataclass(frozen=True)
class Piece:
    """A rectangle of a bar, in percent of the chart's height from its top."""

    part: str
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    answer: Answer
    x: str
    width: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Line:
    """A line across the chart, `milliseconds` up."""

    milliseconds: int
    y: str


@dataclass(frozen=True)
class Chart:
    bars: Sequence[Bar]
    lines: Sequence[Line]
    # What the colours mean: those that are in it.
    legend: Sequence[tuple[str, str | Promise]]
    half_within: int
    slowest: int

    @property
    def has_parts(self) -> bool:
        return any(name != "rest" for name, _meaning in self.legend)


def answers(turns: Iterable[Turn]) -> list[Answer]:
    return [
        Answer(turn.pk, turn.at, turn.delay_ms, turn.heard_ms, turn.thought_ms, turn.spoke_ms)
        for turn in turns
        if turn.delay_ms is not None
    ]


def chart(found: Sequence[Answer]) -> Chart | None:
    """None where nobody waited for an answer."""
    if not found:
        return None
    slowest = max(answer.whole for answer in found)
    end = next((end for end in ENDS if end >= slowest), slowest)
    bars = [_bar(place, len(found), answer, end) for place, answer in enumerate(found)]
    used = {piece.part for bar in bars for piece in bar.pieces}
    return Chart(
        bars=bars,
        lines=[Line(end * step // LINES, _percent(1 - step / LINES)) for step in range(LINES + 1)],
        legend=[(name, meaning) for name, meaning in PARTS.items() if name in used],
        half_within=round(median(answer.whole for answer in found)),
        slowest=slowest,
    )


def _bar(place: int, count: int, answer: Answer, end: int) -> Bar:
    room = 100 / count
    width = min(room * FILL, WIDEST)
    x = room * place + (room - width) / 2
    return Bar(answer, f"{x:.2f}%", f"{width:.2f}%", list(_pieces(answer, end)))


def _pieces(answer: Answer, end: int) -> Iterator[Piece]:
    """From below. Parts that lie within one another end where the answer was heard."""
    reached = 0
    parts = [(name, getattr(answer, name)) for name in ("heard", "thought", "spoke")]
    for name, length in [*parts, ("rest", answer.whole)]:
        top = min(answer.whole, reached + (length or 0))
        if top > reached:
            yield Piece(name, _percent(1 - top / end), _percent((top - reached) / end))
        reached = top


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
