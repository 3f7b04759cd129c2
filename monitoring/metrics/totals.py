"""What was counted since the line began, in numbers that only grow. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from math import inf
from typing import Any

# Seconds that a caller waits until somebody answers, and then for each answer of the assistant.
ANSWER_BOUNDS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0)
DELAY_BOUNDS = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
NOT_KNOWN = "unknown"


class Histogram:
    """Lengths in seconds, in classes; `bounds` are the upper ones, and the last class has none."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = (*bounds, inf)
        self.counts = [0] * len(self.bounds)
        self.sum = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """A clock that was set back makes no length negative."""
        self._count(max(0.0, seconds), times)
        self.sum += max(0.0, seconds) * times

    def _count(self, seconds: float, times: int) -> None:
        place = next(n for n, bound in enumerate(self.bounds) if seconds <= bound)
        self.counts[place] += times

    def to_json(self) -> dict[str, Any]:
        classes = {
            _name(bound): count for bound, count in zip(self.bounds, self.counts, strict=True)
        }
        return {"classes": classes, "sum": self.sum}

    @classmethod
    def from_json(cls, bounds: Sequence[float], told: dict[str, Any]) -> "Histogram":
        """What was sorted into other classes goes to the next longer one that there is now."""
        found = cls(bounds)
        for name, count in told.get("classes", {}).items():
            found._count(float(name), count)
        found.sum = told.get("sum", 0.0)
        return found

    def rising(self) -> list[tuple[str, float]]:
        """As Prometheus has it: each class with all shorter ones, by its upper bound."""
        names = map(_name, self.bounds)
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


def _name(bound: float) -> str:
    return "+Inf" if bound == inf else str(bound)


@dataclass
class Totals:
    """`calls`: by direction and outcome, without test calls and invented ones."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    talked: float = 0.0
    answer: Histogram = field(default_factory=lambda: Histogram(ANSWER_BOUNDS))
    delay: Histogram = field(default_factory=lambda: Histogram(DELAY_BOUNDS))

    def add_call(
        self,
        direction: str,
        outcome: str,
        started: datetime,
        answered: datetime | None,
        ended: datetime,
    ) -> None:
        self.calls[direction, outcome or NOT_KNOWN] += 1
        if answered is None or outcome != "answered":
            return
        self.talked += max(0.0, (ended - answered).total_seconds())
        if direction == "inbound":
            self.answer.add((answered - started).total_seconds())

    def to_json(self) -> dict[str, Any]:
        return {
            "calls": {" ".join(kind): count for kind, count in sorted(self.calls.items())},
            "talked": self.talked,
            "answer": self.answer.to_json(),
            "delay": self.delay.to_json(),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Totals":
        calls: Counter[tuple[str, str]] = Counter()
        for kind, count in told.get("calls", {}).items():
            direction, _space, outcome = kind.partition(" ")
            calls[direction, outcome] = count
        return cls(
            calls=calls,
            talked=told.get("talked", 0.0),
            answer=Histogram.from_json(ANSWER_BOUNDS, told.get("answer", {})),
            delay=Histogram.from_json(DELAY_BOUNDS, told.get("delay", {})),
        )
