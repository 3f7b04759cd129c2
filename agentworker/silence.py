"""A caller who says nothing is asked whether he is there, twice; then the call ends."""

from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import UserStateChangedEvent

# Both sides are silent for so long before each of the three.
SECONDS = 12.0
QUESTIONS = 2


class Silence:
    """`ask` says the question; `leave` says goodbye. `is_his_turn`: nobody is asked who is not on
    the line yet, or listens to somebody else; he is asked anew when that is over.
    """

    def __init__(
        self,
        live: AgentSession[Any],
        ask: Callable[[], None],
        leave: Callable[[], None],
        is_his_turn: Callable[[], bool],
    ) -> None:
        self._live, self._ask, self._leave, self._is_his_turn = live, ask, leave, is_his_turn
        self._asked = 0

    def follow(self) -> None:
        self._live.on("user_state_changed", self._look)

    def broken(self) -> None:
        """He gave a sign of life that is no speech."""
        self._asked = 0
        self._live.reset_away_timer()

    def _look(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._asked = 0
        elif event.new_state == "away":
            self._asked = self._asked + 1 if self._is_his_turn() else 0
            if self._asked > QUESTIONS:
                self._leave()
                return
            if self._asked:
                self._ask()
            # From the end of the question on it is waited anew.
            self._live.reset_away_timer()
