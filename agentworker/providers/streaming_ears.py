"""Ears that listen over a gRPC stream: what the services of Yandex and Sber have in common.

A session of the agent library gives them sound without end. They speak with the service in calls,
each of which may end at any time, and begin the next one where the last one stopped.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    LanguageCode,
    NotGivenOr,
    stt,
    utils,
)
from livekit.agents.utils.aio import ChanClosed

from agentworker.providers import grpc_door
from agentworker.providers.errors import Kind

# 16 bit, one channel.
RATE, SAMPLE_BYTES = 16_000, 2
PIECE_SAMPLES = RATE // 10
# Among the pieces of sound: the caller stopped speaking here.
PAUSE = b""
# gRPC forgets why a service ended a call if we are writing by then. So the sound waits for its
# first sign, but not for longer than this, until it has shown that it takes us.
FIRST_SIGN_SECONDS = 0.5
# So long after its time a call is ended although somebody is speaking.
OVERTIME_SECONDS = 20.0


@dataclass(frozen=True)
class Heard:
    """What a service said of the sound of the utterance that is going on.

    `is_final`: these words will not change. `is_over`: the utterance has ended.
    """

    text: str = ""
    language: str = ""
    is_final: bool = False
    is_over: bool = False


class Dialogue(ABC):
    """One call: what is sent, and what the answers mean."""

    # A call has sound for so long at most; none: without end.
    longest_seconds: float | None = None

    @abstractmethod
    def call(self) -> Any:
        """A new grpc.aio.StreamStreamCall."""

    @abstractmethod
    def first(self) -> Any: ...

    @abstractmethod
    def sound(self, piece: bytes) -> Any: ...

    def pause(self) -> Any:
        """What makes the service decide on the words so far. None: the end of the call does."""
        return None

    @abstractmethod
    def read(self, response: Any) -> Iterable[Heard]: ...

    def rest(self) -> Iterable[Heard]:
        """What it said, and nobody was told yet."""
        return ()


class StreamingEars(stt.STT[Any]):
    def __init__(self, language: str) -> None:
        """`language`: "ru", "en"; "": whichever is spoken."""
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False, manual_flush=True
            )
        )
        self.language = language

    @abstractmethod
    async def connected(self, seconds: float) -> Dialogue:
        """Ready for a call. Raises APIError."""

    def refused(self) -> None:
        """The service did not take what shows who we are."""

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "EarsStream":
        return EarsStream(stt=self, conn_options=conn_options, sample_rate=RATE)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("these ears listen to streams only")


class EarsStream(stt.RecognizeStream):
    def __init__(self, *, stt: StreamingEars, **options: Any) -> None:
        super().__init__(stt=stt, **options)
        self._ears = stt
        self._cutter = utils.audio.AudioByteStream(RATE, 1, PIECE_SAMPLES)
        self._pieces: deque[bytes] = deque()
        self._request_id = utils.shortuuid()
        # The words of now, as far as they are understood.
        self._words = ""
        self._is_speaking = False
        # Seconds of sound that were sent, and not told as used yet.
        self._unpaid = 0.0
        # How often the service said anything, and whether it must say something now.
        self._answers = 0
        self._owes = asyncio.Event()
        # We have ended our part of the call.
        self._is_sent = False
        # The service has answered, or ended the call; nothing went wrong since.
        self._signs = asyncio.Event()

    async def _run(self) -> None:
        with suppress(ChanClosed):
            while True:
                first = await self._sound()
                known = self._answers
                try:
                    await self._listen(first)
                except APIError as error:
                    self._signs.clear()
                    # A service that worked until now may have cut us off; once more, at once.
                    if not error.retryable or self._answers == known:
                        raise

    async def _listen(self, first: bytes) -> None:
        """One call. Raises APIError."""
        dialogue = await self._ears.connected(self._conn_options.timeout)
        call, known = dialogue.call(), self._answers
        self._owes.clear()
        self._is_sent = False
        reading = asyncio.create_task(self._read(call, dialogue))
        reading.add_done_callback(lambda _reading: self._signs.set())
        others = [
            asyncio.create_task(self._send(call, dialogue, first)),
            asyncio.create_task(self._silence()),
        ]
        try:
            await asyncio.wait([reading, others[1]], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                raise grpc_door.late()
            reading.result()
            if self._answers == known and not self._is_sent:
                raise grpc_door.told(APIConnectionError("nothing was answered"), Kind.GARBAGE)
        except grpc.RpcError as failure:
            if failure.code() is grpc.StatusCode.UNAUTHENTICATED:
                self._ears.refused()
            error = grpc_door.error_of(failure)
            raise error from error.__cause__
        finally:
            await utils.aio.cancel_and_wait(reading, *others)
            call.cancel()
            self._end(dialogue)

    # What is sent

    async def _sound(self) -> bytes:
        """The next piece that is sound. Raises ChanClosed."""
        while not (piece := await self._piece()):
            pass
        return piece

    async def _piece(self) -> bytes:
        """Sound, or PAUSE. May be cancelled without a loss. Raises ChanClosed."""
        while not self._pieces:
            item = await self._input_ch.recv()
            if isinstance(item, rtc.AudioFrame):
                frames = self._cutter.push(item.data.tobytes())
            else:
                frames = self._cutter.flush()
            self._pieces.extend(frame.data.tobytes() for frame in frames)
            if not isinstance(item, rtc.AudioFrame):
                self._pieces.append(PAUSE)
        return self._pieces.popleft()

    async def _send(self, call: Any, dialogue: Dialogue, piece: bytes) -> None:
        # Where the service has ended the call, reading tells why.
        with suppress(grpc.RpcError, asyncio.InvalidStateError):
            await call.write(dialogue.first())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._signs.wait(), FIRST_SIGN_SECONDS)
            with suppress(ChanClosed):
                await self._send_sound(call, dialogue, piece)
            self._is_sent = True
            await call.done_writing()
            self._owes.set()

    async def _send_sound(self, call: Any, dialogue: Dialogue, piece: bytes) -> None:
        """Until it is time for the next call. Raises ChanClosed."""
        sent = 0.0
        while True:
            if piece:
                await call.write(dialogue.sound(piece))
                seconds = len(piece) / SAMPLE_BYTES / RATE
                sent, self._unpaid = sent + seconds, self._unpaid + seconds
            elif (pause := dialogue.pause()) is None:
                return
            else:
                await call.write(pause)
                self._owes.set()
            if self._is_long_enough(sent, dialogue.longest_seconds):
                return
            piece = await self._piece()

    def _is_long_enough(self, sent: float, longest: float | None) -> bool:
        if longest is None or sent < longest:
            return False
        return not self._words or sent > longest + OVERTIME_SECONDS

    # What is heard

    async def _silence(self) -> None:
        """Returns when the service owes us an answer for too long."""
        while True:
            await self._owes.wait()
            known = self._answers
            await asyncio.sleep(self._conn_options.timeout)
            if self._answers == known and self._owes.is_set():
                return

    async def _read(self, call: Any, dialogue: Dialogue) -> None:
        async for response in call:
            self._answers += 1
            self._signs.set()
            self._owes.clear()
            for heard in dialogue.read(response):
                self._tell(heard)

    def _end(self, dialogue: Dialogue) -> None:
        """No words are lost with the call that they were said in."""
        for heard in dialogue.rest():
            self._tell(heard)
        self._tell(Heard(self._words, is_final=True, is_over=True))

    def _tell(self, heard: Heard) -> None:
        if heard.text and not self._is_speaking:
            self._is_speaking = True
            self._send_event(stt.SpeechEventType.START_OF_SPEECH)
        if heard.text and not heard.is_final:
            self._words = heard.text
            self._send_event(stt.SpeechEventType.INTERIM_TRANSCRIPT, heard)
        if heard.is_final:
            self._words = ""
            if heard.text:
                self._send_event(stt.SpeechEventType.FINAL_TRANSCRIPT, heard)
        if heard.is_over:
            self._tell_end()

    def _tell_end(self) -> None:
        if self._is_speaking:
            self._is_speaking = False
            self._send_event(stt.SpeechEventType.END_OF_SPEECH)
        if self._unpaid:
            usage = stt.RecognitionUsage(audio_duration=self._unpaid)
            self._unpaid = 0.0
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    type=stt.SpeechEventType.RECOGNITION_USAGE,
                    request_id=self._request_id,
                    recognition_usage=usage,
                )
            )

    def _send_event(self, kind: stt.SpeechEventType, heard: Heard | None = None) -> None:
        words = []
        if heard:
            language = LanguageCode(heard.language or self._ears.language)
            words = [stt.SpeechData(language=language, text=heard.text)]
        self._event_ch.send_nowait(
            stt.SpeechEvent(type=kind, request_id=self._request_id, alternatives=words)
        )
