"""A conversation without a room: a person's sound goes in as he speaks, and ours comes out."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, io, llm
from livekit.agents.voice import ConversationItemAddedEvent

from agentworker.ears import build_ears
from agentworker.providers import Providers
from agentworker.turn_taking import session_of
from tests.providers.hearing import quiet

FRAME_SECONDS = 0.05


class Microphone(io.AudioInput):
    """In real time: silence, but for what it is given."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: list[rtc.AudioFrame] = []
        self._next = time.monotonic()

    def say(self, frames: Iterable[rtc.AudioFrame]) -> None:
        self._frames += frames

    async def __anext__(self) -> rtc.AudioFrame:
        self._next += FRAME_SECONDS
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        return self._frames.pop(0) if self._frames else quiet(FRAME_SECONDS)[0]


class Loudspeaker(io.AudioOutput):
    """Plays at once whatever it gets, and keeps it."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=False))
        self.heard = bytearray()
        self._position = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._position:
            self.on_playback_started(created_at=time.time())
        self._position += frame.duration
        self.heard += frame.data.tobytes()

    def flush(self) -> None:
        super().flush()
        self._finish(interrupted=False)

    def clear_buffer(self) -> None:
        self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool) -> None:
        if self._position:
            position, self._position = self._position, 0.0
            self.on_playback_finished(playback_position=position, interrupted=interrupted)


@dataclass
class Talk:
    live: AgentSession[None]
    microphone: Microphone
    loudspeaker: Loudspeaker
    # (who, what) of each line.
    said: list[tuple[str, str]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage):
            self.said.append((event.item.role, event.item.text_content or ""))
            self._changed.set()

    async def until(self, count: int, seconds: float = 10.0) -> list[tuple[str, str]]:
        """So many lines were said."""
        async with asyncio.timeout(seconds):
            while len(self.said) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.said


async def begin(providers: Providers, **options: Any) -> Talk:
    live = session_of(providers, build_ears())
    talk = Talk(live, Microphone(), Loudspeaker())
    live.on("conversation_item_added", talk.add)
    live.input.audio, live.output.audio = talk.microphone, talk.loudspeaker
    await live.start(Agent(instructions="Ты отвечаешь в клинике.", **options), record=False)
    return talk
