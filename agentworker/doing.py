"""What a conversation is doing right now, told each time that it changes."""

from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.events import AgentState, UserState

from agentworker.spool import Spool


def doing(agent: AgentState, caller: UserState) -> str:
    """A value of Session.Doing; "" before the conversation has begun.

    Whose voice is heard counts before what is prepared: who interrupts is heard by both.
    """
    if agent == "speaking":
        return "speaking"
    if caller == "speaking":
        return "hearing"
    if agent == "thinking":
        return "thinking"
    return "listening" if agent == "listening" else ""


def follow(live: AgentSession[Any], spool: Spool) -> None:
    """Write a line whenever `live` begins to do something else."""
    last = ""

    def look(_event: object) -> None:
        nonlocal last
        now = doing(live.agent_state, live.user_state)
        if now and now != last:
            last = now
            spool.doing(now)

    live.on("agent_state_changed", look)
    live.on("user_state_changed", look)
