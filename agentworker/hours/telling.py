"""A caller outside the hours hears one message, in the assistant's voice or a person's, and then
the call ends.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from livekit import rtc
from livekit.agents import NOT_GIVEN, Agent, AgentSession, room_io
from livekit.agents.voice import AgentStateChangedEvent, CloseEvent

from agentworker.hours.reception import Reception
from agentworker.last_words import Sound
from agentworker.people import Person
from agentworker.presence import people, person
from agentworker.providers import Providers
from agentworker.providers.chain import CONNECTING
from agentworker.providers.faltering import tell_broken
from agentworker.spool import Leg, Spool
from agentworker.voice import FRAME_SECONDS, PAUSE_SECONDS

# A reason why the job ends.
CLOSED = "outside the hours"


class Telling(Agent):
    """`finish(reason)` is called when it should end."""

    def __init__(
        self,
        reception: Reception,
        providers: Providers,
        spool: Spool,
        finish: Callable[[str], None],
    ) -> None:
        super().__init__(instructions="")
        self._reception, self._providers = reception, providers
        self._spool, self._finish = spool, finish
        self._began = 0.0

    async def start(self, room: rtc.Room, caller: Person) -> None:
        """Begin to say it; it waits until the caller hears us."""
        self.prepare(room, caller)
        options = room_io.RoomOptions(
            participant_identity=caller.identity,
            audio_input=False,
            text_input=False,
            close_on_disconnect=False,
        )
        await self.live.start(self, room=room, room_options=options, record=False)
        self._telling = asyncio.create_task(self.tell())

    def prepare(self, room: rtc.Room, caller: Person) -> None:
        self._room, self._leg = room, Leg(caller.sip_call_id, caller.sid)
        room.on("participant_disconnected", self._on_left)
        room.on("local_track_subscribed", self._on_heard)
        self.live: AgentSession[None] = AgentSession(
            tts=self._providers.voice,
            conn_options=CONNECTING,
            # Nobody is listened to; else a model is made ready that tells when he has finished.
            turn_handling={"turn_detection": "manual"},
        )
        self.live.on("agent_state_changed", self._on_state)
        self.live.on("close", self._on_close)

    async def tell(self) -> None:
        """To its end, and then the call's."""
        reception = self._reception
        sound = _frames(reception.sound) if reception.sound else NOT_GIVEN
        await self.live.say(reception.words, audio=sound, allow_interruptions=False)
        if self._began:
            now = time.time()
            words = "" if reception.sound else reception.words
            seconds = round(now - self._began, 2)
            self._spool.turn("agent", self._began, text=words, seconds=seconds, interrupted=False)
        await asyncio.sleep(PAUSE_SECONDS)
        self._finish(CLOSED)

    def _on_heard(self, _publication: rtc.LocalTrackPublication) -> None:
        self._spool.event("audio_heard_by_caller", self._leg)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking" and not self._began:
            self._began = event.created_at
            self._spool.event("speech_started", self._leg, event.created_at)

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if person(participant).is_party and not any(each.is_party for each in people(self._room)):
            self._finish("caller left")

    def _on_close(self, event: CloseEvent) -> None:
        if event.error is not None:
            tell_broken(self._spool, self._leg, event.error)
            self._finish("error")


async def _frames(sound: Sound) -> AsyncIterator[rtc.AudioFrame]:
    size = int(sound.rate * FRAME_SECONDS) * 2
    for start in range(0, len(sound.samples), size):
        data = sound.samples[start : start + size]
        yield rtc.AudioFrame(data, sound.rate, 1, len(data) // 2)
