"""How far the clock of this host is from that of the web, as the web's answers tell.

An answer says what the web's clock showed at some moment between our question and its arrival; so
the quicker it came, the more it tells.
"""

import time
from dataclasses import dataclass

# What was learned longer ago may be true no more, and so is all, when somebody has set our clock.
FRESH_SECONDS, SET_SECONDS = 300.0, 0.2
# Where it is known so well, it need not be told anew.
GOOD_SECONDS = 0.1


@dataclass(frozen=True)
class Difference:
    """Seconds that our clock is ahead of the web's, and how wrong that may be."""

    ahead: float
    unsure: float

    def to_json(self) -> dict[str, float]:
        return {"ahead": round(self.ahead, 3), "unsure": round(self.unsure, 3)}


class Clock:
    """Keeps the best that was learned lately."""

    def __init__(self) -> None:
        self._learned: list[tuple[float, Difference]] = []
        self._set_to = self._setting()

    def learn(self, asked: float, web: float) -> None:
        """`asked`: when the question went out, by time.monotonic; `web`: what the web's clock
        showed, in seconds since 1970. To be called when the answer is here.
        """
        took = time.monotonic() - asked
        found = Difference(time.time() - took / 2 - web, took / 2)
        self._learned = [*self._fresh(), (time.monotonic(), found)]

    def best(self) -> Difference | None:
        """None: nothing is known."""
        found = [difference for _at, difference in self._fresh()]
        return min(found, key=lambda difference: difference.unsure, default=None)

    def better_than(self, told: Difference | None) -> bool:
        """Is more known than what was told? Not where that is good enough."""
        best = self.best()
        if best is None or (told and told.unsure < GOOD_SECONDS):
            return False
        return told is None or best.unsure < told.unsure

    def _fresh(self) -> list[tuple[float, Difference]]:
        if abs(self._setting() - self._set_to) > SET_SECONDS:
            self._set_to, self._learned = self._setting(), []
        since = time.monotonic() - FRESH_SECONDS
        return [(at, difference) for at, difference in self._learned if at > since]

    def _setting(self) -> float:
        return time.time() - time.monotonic()
