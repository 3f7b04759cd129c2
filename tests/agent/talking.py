"""Conversations without a room: the real session, mind, tools and voice, and ears that are told
what they hear.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from livekit import rtc
from livekit.agents import StopResponse, llm
from livekit.agents.utils import http_context
from livekit.agents.voice.io import AudioInput, AudioOutput

from agentworker.conversation import Conversation
from agentworker.doorman import Doorman
from agentworker.means import Means
from agentworker.providers import build, net
from agentworker.providers.catalog import Access
from agentworker.script import Script
from agentworker.spool import JobFacts, Spool
from tests.providers.servers import Answer, OpenAILike, send, serving


class Loudspeaker(AudioOutput):
    """Plays at once whatever it is given."""

    def __init__(self) -> None:
        super().__init__(label="test", capabilities=cast("Any", _capabilities()), sample_rate=None)
        self._seconds = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._seconds:
            self.on_playback_started(created_at=time.time())
        self._seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        seconds, self._seconds = self._seconds, 0.0
        if seconds:
            self.on_playback_finished(playback_position=seconds, interrupted=False)

    def clear_buffer(self) -> None:
        self.flush()


def _capabilities() -> Any:
    from livekit.agents.voice.io import AudioOutputCapabilities

    return AudioOutputCapabilities(pause=False)


@dataclass
class Guest:
    """As the SDK shows a participant."""

    identity: str = "sip_1"
    sid: str = "PA_1"
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    attributes: dict[str, str] = field(default_factory=dict)


class Room(rtc.EventEmitter[Any]):
    """As much of a room as a conversation looks at; what was pressed on the line."""

    def __init__(self, *guests: Guest) -> None:
        super().__init__()
        self.remote_participants = {guest.identity: guest for guest in guests}
        self.pressed = ""
        self.local_participant = self

    async def publish_dtmf(self, *, code: int, digit: str) -> None:
        self.pressed += digit


class Thinking(OpenAILike):
    """A language model; each answer is words, or (tool, arguments) after them."""

    def __init__(self, *answers: str | tuple[str, str, Mapping[str, Any]]) -> None:
        super().__init__()
        self.answers = list(answers)

    async def think(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        answer = self.answers.pop(0) if self.answers else "…"
        said, *tool = (answer,) if isinstance(answer, str) else answer
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": said}] if said else []
        if tool:
            function = {"name": tool[0], "arguments": json.dumps(tool[1])}
            call = {"index": 0, "id": f"call_{len(self.asked)}", "type": "function"}
            deltas.append({"role": "assistant", "tool_calls": [call | {"function": function}]})
        for delta in deltas:
            await send(response, piece | {"choices": [{"index": 0, "delta": delta}]})
        end = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if tool else "stop"}
        await send(response, piece | {"choices": [end]})
        await response.write(b"data: [DONE]\n\n")
        return response

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages of the newest request; a library may also ask something without any."""
        asked = [body for _path, body, *_rest in self.asked if "messages" in body]
        found: list[dict[str, Any]] = asked[-1]["messages"]
        return found


class Scene:
    def __init__(self, folder: Path, script: Script, means: Means, guest: Guest) -> None:
        self.spool, self.room = Spool(folder, JobFacts("AJ_1", "room", "RM_1")), Room(guest)
        self.ended: list[str] = []
        self.talk = Conversation(
            script,
            build(script, means.accesses),
            self.spool,
            Doorman("room", frozenset(), self.spool),
            self.ended.append,
            means=means,
        )
        self.guest = guest

    async def begin(self, hearing: Any = None) -> None:
        """`hearing`: a VAD; then there is a microphone, and words take their time."""
        from agentworker.presence import person

        caller = person(cast("rtc.RemoteParticipant", self.guest))
        self.talk.prepare(cast("rtc.Room", self.room), caller, hearing)
        self.talk.live.output.audio = Patient() if hearing else Loudspeaker()
        self.microphone = Microphone()
        if hearing:
            self.talk.live.input.audio = self.microphone
        await self.talk.live.start(self.talk, record=False)
        self.talk.line.follow(cast("rtc.Room", self.room))
        self.talk._answered.set()
        self.talk.notes.has_spoken = True

    async def hear(self, text: str) -> None:
        """The caller has said this; until the answer was heard."""
        message = llm.ChatMessage(role="user", content=[text])
        try:
            await self.talk.on_user_turn_completed(llm.ChatContext.empty(), message)
        except StopResponse:
            await self.settle()
            return
        handle = self.talk.live.generate_reply(user_input=text)
        async with asyncio.timeout(10):
            await handle
        await self.settle()

    async def press(self, digit: str) -> None:
        self.key(digit)
        await self.settle()

    def key(self, digit: str) -> None:
        self.room.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=digit, participant=None))

    async def settle(self) -> None:
        """What goes on beside has been said."""
        for _ in range(60):
            await asyncio.sleep(0.01)
            if self.talk.live.current_speech is None and self.talk.live.agent_state == "listening":
                await asyncio.sleep(0.03)
                if self.talk.live.current_speech is None:
                    return

    def answer(self, answer: str) -> None:
        """Telephony answers what was asked last."""
        self.send({"id": self.requests()[-1]["key"], "answer": answer})

    def send(self, told: Any, topic: str = "veyra.answer", sender: Any = None) -> None:
        packet = rtc.DataPacket(
            data=json.dumps(told).encode(),
            kind=rtc.DataPacketKind.KIND_RELIABLE,
            participant=sender,
            topic=topic,
        )
        self.room.emit("data_received", packet)

    # What was written down

    def lines(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.spool.path.read_text().splitlines()]
        return [line for line in found if line["type"] == kind]

    def said(self) -> list[str]:
        return [line["text"] for line in self.lines("turn") if line["speaker"] == "agent"]

    def requests(self) -> list[dict[str, Any]]:
        return self.lines("request")

    def uses(self) -> list[dict[str, Any]]:
        return [line["payload"] for line in self.lines("event") if line["kind"] == "tool"]


@asynccontextmanager
async def talking(
    folder: Path,
    script: Script,
    mind: Thinking | None = None,
    guest: Guest | None = None,
    hearing: Any = None,
    **means: Any,
) -> AsyncIterator[Scene]:
    """`mind`: instead of the assistant's own rules."""
    async with http_context.open(), serving((mind or OpenAILike()).answer) as url:
        accesses = {"key": Access(settings={"mind_url": f"{url}/v1"}), **means.pop("accesses", {})}
        speech = {"mind": [{"provider": "openai_compatible", "key": "key"}]} if mind else {}
        given = Means(accesses=accesses, **means)
        scene = Scene(folder, replace(script, speech=speech), given, guest or Guest())
        await scene.begin(hearing)
        try:
            yield scene
        finally:
            await scene.talk.live.aclose()
            await net.close_all()


@contextmanager
def in_thread(answer: Answer) -> Iterator[str]:
    """A server's address, for whoever waits for it in this thread."""
    loop, began, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[str] = []

    async def serve() -> None:
        async with serving(answer) as url:
            found.append(url)
            began.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert began.wait(10)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class Patient(Loudspeaker):
    """Plays as long as the sound lasts, unless it is cut short."""

    def __init__(self) -> None:
        super().__init__()
        self._playing: asyncio.TimerHandle | None = None
        self._began = 0.0

    def flush(self) -> None:
        AudioOutput.flush(self)
        if self._seconds:
            loop = asyncio.get_running_loop()
            self._began = loop.time()
            self._playing = loop.call_later(self._seconds, self._over)

    def _over(self, *, cut: bool = False) -> None:
        seconds, self._seconds, self._playing = self._seconds, 0.0, None
        elapsed = asyncio.get_running_loop().time() - self._began
        self.on_playback_finished(playback_position=min(seconds, elapsed), interrupted=cut)

    def clear_buffer(self) -> None:
        if self._playing:
            self._playing.cancel()
            self._over(cut=True)


class Microphone(AudioInput):
    """Hears silence, and what it is told to hear, as fast as it is said."""

    RATE, FRAME = 16_000, 0.05

    def __init__(self) -> None:
        super().__init__(label="test")
        self._sound = b""

    def hear(self, samples: bytes, rate: int) -> None:
        resampler = rtc.AudioResampler(rate, self.RATE)
        frame = rtc.AudioFrame(samples, rate, 1, len(samples) // 2)
        pieces = [*resampler.push(frame), *resampler.flush()]
        self._sound += b"".join(bytes(each.data) for each in pieces)

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(self.FRAME)
        size = int(self.RATE * self.FRAME) * 2
        piece, self._sound = self._sound[:size].ljust(size, b"\0"), self._sound[size:]
        return rtc.AudioFrame(piece, self.RATE, 1, size // 2)
