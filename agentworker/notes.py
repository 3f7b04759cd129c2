"""What is written down of a conversation: who said what, when, and what it answered."""

import time
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession, llm
from livekit.agents.voice import AgentStateChangedEvent, ConversationItemAddedEvent

from agentworker.delays import Question, of_answer
from agentworker.doing import follow
from agentworker.spool import Leg, Spool


class Notes:
    """`asked` is what the caller said or pressed last, from when an answer follows until it begins.
    `has_spoken`: somebody on the line heard us.
    """

    def __init__(self, spool: Spool, leg: Callable[[], Leg]) -> None:
        self._spool, self._leg = spool, leg
        self.asked: Question | None = None
        self.has_spoken = False

    def follow(self, live: AgentSession[Any]) -> None:
        live.on("agent_state_changed", self._on_state)
        live.on("conversation_item_added", self.on_item)
        follow(live, self._spool)

    def caller_said(self, began: float, stopped: float, text: str) -> Question:
        """When he fell silent, and that we know of it now."""
        self._spool.turn("caller", began, text=text, seconds=round(stopped - began, 2))
        return Question(stopped, time.time())

    def caller_pressed(self, digit: str, leg: Leg) -> Question:
        now = time.time()
        self._spool.turn("caller", now, digit=digit)
        self._spool.event("dtmf", leg, now, digit=digit)
        return Question(now)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking" and not self.has_spoken:
            self.has_spoken = True
            self._spool.event("speech_started", self._leg(), event.created_at)

    def on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage) or item.role != "assistant":
            return
        started = item.metrics.get("started_speaking_at", item.created_at)
        stopped = item.metrics.get("stopped_speaking_at", started)
        asked, self.asked = self.asked, None
        self._spool.turn(
            "agent",
            started,
            text=item.text_content or "",
            seconds=round(stopped - started, 2),
            interrupted=item.interrupted,
            **of_answer(asked, started, item.metrics),
        )
