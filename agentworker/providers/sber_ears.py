"""SaluteSpeech hears: streaming recognition over gRPC, version 2.

Source: https://developers.sber.ru/docs/ru/salutespeech/api/grpc/recognition-stream-2.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from agentworker.providers import sber_door
from agentworker.providers import sber_messages as messages
from agentworker.providers.sber_line import Metadata, SaluteLine
from agentworker.providers.streaming_ears import RATE, Dialogue, Heard, StreamingEars

# It does not find a language out by itself.
LANGUAGES = {"ru": "ru-RU", "en": "en-US", "": "ru-RU"}
# The longest that it allows, before speech and of speech; and the shortest after it.
LONGEST, END_AFTER = timedelta(seconds=20), timedelta(milliseconds=500)


class SberEars(StreamingEars):
    def __init__(self, door: sber_door.Door, language: str, model: str) -> None:
        super().__init__(language)
        self._model, self._line = model, SaluteLine(door)

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return "sber"

    async def connected(self, seconds: float) -> "SberDialogue":
        channel, metadata = await self._line.ready(seconds)
        return SberDialogue(channel, metadata, options(self.language, self._model))

    def refused(self) -> None:
        self._line.refused()

    async def aclose(self) -> None:
        await self._line.aclose()


class SberDialogue(Dialogue):
    """Words come as they are said, and once more when their utterance has ended (eou)."""

    def __init__(self, channel: Any, metadata: Metadata, session: Any) -> None:
        self._recognize = channel.stream_stream(
            messages.RECOGNIZE,
            request_serializer=messages.RecognitionRequest.SerializeToString,
            response_deserializer=messages.RecognitionResponse.FromString,
        )
        self._metadata, self._session = metadata, session

    def call(self) -> Any:
        return self._recognize(metadata=self._metadata)

    def first(self) -> Any:
        return messages.RecognitionRequest(options=self._session)

    def sound(self, piece: bytes) -> Any:
        return messages.RecognitionRequest(audio_chunk=piece)

    def read(self, response: Any) -> Iterable[Heard]:
        if response.WhichOneof("either") != "transcription":
            return
        said = response.transcription
        best = said.results[0] if said.results else None
        text = (best.normalized_text or best.text) if best else ""
        yield Heard(text, is_final=said.eou, is_over=said.eou)


def options(language: str, model: str) -> Any:
    made = messages.RecognitionOptions(
        audio_encoding=messages.PCM_S16LE,
        sample_rate=RATE,
        channels_count=1,
        language=LANGUAGES[language],
        model=model,
        hypotheses_count=1,
        enable_multi_utterance={"enable": True},
        enable_partial_results={"enable": True},
    )
    made.no_speech_timeout.FromTimedelta(LONGEST)
    made.max_speech_timeout.FromTimedelta(LONGEST)
    made.hints.eou_timeout.FromTimedelta(END_AFTER)
    return made
