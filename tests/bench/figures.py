"""A ratio in one run, its target, and whether it was met."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """`ours` and `bare` in `unit`; the ratio is ours to bare, and the target its bound."""

    name: str
    unit: str
    ours: float
    bare: float
    bound: Literal[">=", "<="]
    target: float
    # What the ratio is, where it is not ours / bare: a median of paired ratios.
    paired: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.bare if self.paired is None else self.paired

    @property
    def met(self) -> bool:
        return self.ratio >= self.target if self.bound == ">=" else self.ratio <= self.target


def promised(name: str, unit: str, ours: float, most: float) -> Figure:
    """A figure that has no opponent: it is held against what is promised of it."""
    return Figure(name, unit, ours, most, "<=", 1)


def table(figures: list[Figure]) -> str:
    rows = [("", "Veyra", "bare or promised", "ratio", "target", "")]
    for figure in figures:
        rows.append(
            (
                figure.name,
                f"{figure.ours:.4g} {figure.unit}",
                f"{figure.bare:.4g} {figure.unit}",
                f"{figure.ratio:.2f}",
                f"{figure.bound} {figure.target:.2f}",
                "met" if figure.met else "MISSED",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
