"""A voice whose sound comes in pieces: what the services of Yandex and Sber have in common."""

import asyncio
from abc import abstractmethod
from typing import Any

import grpc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    tts,
    utils,
)

from agentworker.providers import grpc_door
from agentworker.providers.errors import Kind

SAMPLE_BYTES = 2
# Where a text has nothing to pronounce: a mark alone, or a smile.
NOTHING_SECONDS = 0.1


class StreamingVoice(tts.TTS[Any]):
    def __init__(self, rate: int) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=rate, num_channels=1
        )

    @abstractmethod
    async def call(self, text: str, seconds: float) -> Any:
        """A new grpc.aio.UnaryStreamCall. Raises APIError."""

    @abstractmethod
    def read(self, response: Any) -> bytes:
        """Sound, 16 bit, one channel; may be empty."""

    def refused(self) -> None:
        """The service did not take what shows who we are."""

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "VoiceStream":
        return VoiceStream(tts=self, input_text=text, conn_options=conn_options)


class VoiceStream(tts.ChunkedStream):
    def __init__(self, *, tts: StreamingVoice, **options: Any) -> None:
        super().__init__(tts=tts, **options)
        self._voice = tts

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._voice.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        if any(map(str.isalnum, self._input_text)):
            await self._speak(output_emitter)
        else:
            output_emitter.push(silence(self._voice.sample_rate))
        output_emitter.flush()

    async def _speak(self, output_emitter: tts.AudioEmitter) -> None:
        seconds = self._conn_options.timeout
        call = await self._voice.call(self._input_text, seconds)
        has_spoken = False
        try:
            while (response := await asyncio.wait_for(call.read(), seconds)) is not grpc.aio.EOF:
                if data := self._voice.read(response):
                    has_spoken = True
                    output_emitter.push(data)
        except TimeoutError:
            error = grpc_door.late()
            raise error from error.__cause__
        except grpc.RpcError as failure:
            if failure.code() is grpc.StatusCode.UNAUTHENTICATED:
                self._voice.refused()
            error = grpc_door.error_of(failure)
            raise error from error.__cause__
        finally:
            call.cancel()
        if not has_spoken:
            raise grpc_door.told(APIConnectionError("no sound came"), Kind.GARBAGE)


def silence(rate: int) -> bytes:
    return bytes(int(rate * NOTHING_SECONDS) * SAMPLE_BYTES)
