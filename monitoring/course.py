"""The calls of a day by hour and by how they ended, as a chart. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.report import Hour

# In its own units; whole numbers, which no language writes with a comma.
WIDTH, HEIGHT = 576, 120
STEP = WIDTH // 24
FILL = 17
LABEL_EVERY = 3


@dataclass(frozen=True)
class Piece:
    """The calls of one hour that ended in one way."""

    outcome: str
    count: int
    y: int
    height: int


@dataclass(frozen=True)
class Column:
    """An hour of the day, its pieces from below in the order of the legend."""

    hour: int
    x: int
    pieces: Sequence[Piece]

    @property
    def middle(self) -> int:
        return self.x + FILL // 2

    @property
    def is_labelled(self) -> bool:
        return self.hour % LABEL_EVERY == 0

    @property
    def count(self) -> int:
        return sum(piece.count for piece in self.pieces)


def columns(hours: Iterable[Hour], order: Sequence[str]) -> list[Column]:
    """All 24. What ended in a way that `order` does not name is left out."""
    counts: list[Counter[str]] = [Counter() for _ in range(24)]
    for hour in hours:
        if hour.outcome in order:
            counts[hour.at.hour][hour.outcome] += hour.count
    most = max(count.total() for count in counts) or 1
    margin = (STEP - FILL) // 2
    return [
        Column(hour, STEP * hour + margin, list(_pieces(count, order, most)))
        for hour, count in enumerate(counts)
    ]


def _pieces(counts: Counter[str], order: Sequence[str], most: int) -> Iterable[Piece]:
    """Each begins where the one below it ends, so they are together as high as they should be."""
    below = 0
    for outcome in order:
        if count := counts[outcome]:
            top = below + count
            y, end = (HEIGHT - round(HEIGHT * part / most) for part in (top, below))
            yield Piece(outcome, count, y, end - y)
            below = top


def at(counts: dict[int, int], part: float) -> int | None:
    """Of values and how often each was seen: what this part of them does not pass."""
    whole = sum(counts.values())
    place = min(whole - 1, int(whole * part))
    for value in sorted(counts):
        place -= counts[value]
        if place < 0:
            return value
    return None
