"""SaluteSpeech speaks: synthesis over gRPC.

Source: https://developers.sber.ru/docs/ru/salutespeech/synthesis/synthesis-grpc; the speed:
https://developers.sber.ru/docs/ru/salutespeech/guides/synthesis/ssml/ssml-paint.
"""

from typing import Any
from xml.sax.saxutils import escape

from agentworker.providers import grpc_door, sber_door
from agentworker.providers import sber_messages as messages
from agentworker.providers.errors import ProviderError
from agentworker.providers.streaming_voice import StreamingVoice

# Its voices bear it in their names: Nec_24000.
RATE = 24_000
# Speeds that it knows are 1 to 5, the third being its own: up to here each of the first four.
STEPS = (0.7, 0.9, 1.1, 1.4)
ITS_OWN = 3


class SberVoice(StreamingVoice):
    def __init__(self, door: sber_door.Door, voice: str, language: str, speed: float) -> None:
        super().__init__(RATE)
        self._door, self._voice, self._language, self._speed = door, voice, language, speed
        self._roots = sber_door.roots(door.access)
        self._line: Any = None

    @property
    def model(self) -> str:
        return self._voice

    @property
    def provider(self) -> str:
        return "sber"

    async def call(self, text: str, seconds: float) -> Any:
        try:
            token = await self._door.token(sber_door.SPEECH)
        except ProviderError as problem:
            raise grpc_door.raised(problem) from problem
        if self._line is None:
            address = self._door.address("speech_address")
            self._line = grpc_door.channel(address, self._door.access.proxy, self._roots)
        await grpc_door.settle(self._line, seconds)
        synthesize = self._line.unary_stream(
            messages.SYNTHESIZE,
            request_serializer=messages.SynthesisRequest.SerializeToString,
            response_deserializer=messages.SynthesisResponse.FromString,
        )
        asked = request(text, self._voice, self._language, self._speed)
        return synthesize(asked, metadata=(("authorization", f"Bearer {token}"),))

    def read(self, response: Any) -> bytes:
        data: bytes = response.data
        return data

    async def aclose(self) -> None:
        if self._line is not None:
            await self._line.close()


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
