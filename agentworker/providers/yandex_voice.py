"""Yandex SpeechKit speaks: synthesis, API v3.

Source: https://yandex.cloud/ru/docs/speechkit/tts/ and the messages of yandex/cloud/ai/tts/v3
(package yandexcloud).
"""

from typing import Any

from yandex.cloud.ai.tts.v3 import tts_pb2 as messages
from yandex.cloud.ai.tts.v3.tts_service_pb2_grpc import SynthesizerStub

from agentworker.providers import grpc_door
from agentworker.providers.streaming_voice import StreamingVoice

# What the service speaks at by itself.
RATE = 22_050
# A longer text must be allowed to be cut by the service, and costs as several.
LONGEST_TEXT = 250


class YandexVoice(StreamingVoice):
    def __init__(
        self, *, key: str, voice: str, speed: float, address: str, proxy: str = ""
    ) -> None:
        super().__init__(RATE)
        self._voice, self._speed = voice, speed
        self._metadata = (("authorization", f"Api-Key {key}"),)
        self._line = grpc_door.Line(address, proxy)

    @property
    def model(self) -> str:
        return self._voice

    @property
    def provider(self) -> str:
        return "yandex"

    async def call(self, text: str, seconds: float) -> Any:
        stub = SynthesizerStub(await self._line.ready(seconds))
        return stub.UtteranceSynthesis(
            request(text, self._voice, self._speed), metadata=self._metadata
        )

    def read(self, response: messages.UtteranceSynthesisResponse) -> bytes:
        return response.audio_chunk.data

    async def aclose(self) -> None:
        await self._line.aclose()


def request(text: str, voice: str, speed: float) -> messages.UtteranceSynthesisRequest:
    raw = messages.RawAudio(audio_encoding=messages.RawAudio.LINEAR16_PCM, sample_rate_hertz=RATE)
    return messages.UtteranceSynthesisRequest(
        text=text,
        hints=[messages.Hints(voice=voice), messages.Hints(speed=speed)],
        output_audio_spec=messages.AudioFormatOptions(raw_audio=raw),
        unsafe_mode=len(text) > LONGEST_TEXT,
    )
