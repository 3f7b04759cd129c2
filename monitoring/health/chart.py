"""A check's history as pictures: a strip of its states, and a curve of what it measured. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.health.base import Status

# In their own units; whole numbers, which no language writes with a comma.
WIDTH, HEIGHT = 600, 120
# What lasted for a moment only is still to be seen.
LEAST = 2
# Two points of a curve that are this far apart are not joined: nobody looked in between.
GAP = WIDTH // 20


@dataclass(frozen=True)
class Moment:
    """`status` holds from `at` on, until the next moment."""

    at: datetime
    status: str
    value: float | None = None


@dataclass(frozen=True)
class Piece:
    status: str
    x: int
    width: int


def strip(moments: Iterable[Moment], start: datetime, end: datetime) -> list[Piece]:
    """The states between these, oldest first; before the first moment nobody knows."""
    edges = [Moment(start, ""), *sorted(moments, key=lambda each: each.at)]
    pieces: list[Piece] = []
    for place, moment in enumerate(edges):
        until = edges[place + 1].at if place + 1 < len(edges) else end
        if until <= start or until <= moment.at:
            continue
        x = min(_x(moment.at, start, end), WIDTH - LEAST)
        if pieces and pieces[-1].status == moment.status:
            x = pieces.pop().x
        pieces.append(Piece(moment.status, x, max(LEAST, _x(until, start, end) - x)))
    return pieces


def _x(at: datetime, start: datetime, end: datetime) -> int:
    part = (at - start) / (end - start)
    return round(WIDTH * min(1.0, max(0.0, part)))


def share_well(moments: Iterable[Moment], start: datetime, end: datetime) -> float | None:
    """Percent of the known time in which it was not failed; None: nothing is known."""
    rows = sorted(moments, key=lambda each: each.at)
    known = ill = 0.0
    for place, moment in enumerate(rows):
        until = rows[place + 1].at if place + 1 < len(rows) else end
        seconds = (min(until, end) - max(moment.at, start)).total_seconds()
        if seconds <= 0 or moment.status == Status.OFF:
            continue
        known += seconds
        ill += seconds if moment.status == Status.FAILED else 0
    return 100 * (1 - ill / known) if known else None


@dataclass(frozen=True)
class Curve:
    """Polylines, as SVG wants their points, and what the upper and the lower edge stand for."""

    lines: Sequence[str]
    top: float
    bottom: float


def curve(moments: Iterable[Moment], start: datetime, end: datetime) -> Curve | None:
    """None where nothing was measured."""
    known = [(each.at, each.value) for each in moments if each.value is not None]
    inside = sorted((at, value) for at, value in known if start <= at <= end)
    if not inside:
        return None
    top = max(value for _at, value in inside) or 1.0
    points = [
        (_x(at, start, end), round(HEIGHT * (1 - max(0.0, value) / top))) for at, value in inside
    ]
    lines: list[list[tuple[int, int]]] = []
    for point in points:
        if lines and point[0] - lines[-1][-1][0] <= GAP:
            lines[-1].append(point)
        else:
            lines.append([point])
    return Curve([_polyline(line) for line in lines], top, 0.0)


def _polyline(points: Sequence[tuple[int, int]]) -> str:
    """A lone point is drawn as a short line, or nobody would see it."""
    shown = points if len(points) > 1 else [points[0], (points[0][0] + 2, points[0][1])]
    return " ".join(f"{x},{y}" for x, y in shown)
