"""SaluteSpeech speaks: synthesis over gRPC.

Source: https://developers.sber.ru/docs/ru/salutespeech/synthesis/synthesis-grpc; the speed:
https://developers.sber.ru/docs/ru/salutespeech/guides/synthesis/ssml/ssml-paint.
"""

from typing import Any
from xml.sax.saxutils import escape

from agentworker.providers import sber_door
from agentworker.providers import sber_messages as messages
from agentworker.providers.sber_line import SaluteLine
from agentworker.providers.streaming_voice import StreamingVoice

# Its voices bear it in their names: Nec_24000.
RATE = 24_000
# Speeds that it knows are 1 to 5, the third being its own: up to here each of the first four.
STEPS = (0.7, 0.9, 1.1, 1.4)
ITS_OWN = 3


class SberVoice(StreamingVoice):
    def __init__(self, door: sber_door.Door, voice: str, language: str, speed: float) -> None:
        super().__init__(RATE)
        self._voice, self._language, self._speed = voice, language, speed
        self._line = SaluteLine(door)

    @property
    def model(self) -> str:
        return self._voice

    @property
    def provider(self) -> str:
        return "sber"

    async def call(self, text: str, seconds: float) -> Any:
        channel, metadata = await self._line.ready(seconds)
        synthesize = channel.unary_stream(
            messages.SYNTHESIZE,
            request_serializer=messages.SynthesisRequest.SerializeToString,
            response_deserializer=messages.SynthesisResponse.FromString,
        )
        asked = request(text, self._voice, self._language, self._speed)
        return synthesize(asked, metadata=metadata)

    def read(self, response: Any) -> bytes:
        data: bytes = response.data
        return data

    def refused(self) -> None:
        self._line.refused()

    async def aclose(self) -> None:
        await self._line.aclose()


def request(text: str, voice: str, language: str, speed: float) -> Any:
    step = step_of(speed)
    asked = messages.SynthesisRequest(
        text=text, audio_encoding=messages.PCM_S16LE, language=language, voice=voice
    )
    if step != ITS_OWN:
        asked.content_type = messages.SSML
        asked.text = f'<speak><paint speed="{step}">{escape(text)}</paint></speak>'
    return asked


def step_of(speed: float) -> int:
    return 1 + sum(speed > limit for limit in STEPS)
