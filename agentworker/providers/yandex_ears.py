"""Yandex SpeechKit hears: streaming recognition, API v3.

Source: https://yandex.cloud/ru/docs/speechkit/stt/streaming and the messages of
yandex/cloud/ai/stt/v3 (package yandexcloud).
"""

from collections.abc import Iterable
from typing import Any

from yandex.cloud.ai.stt.v3 import stt_pb2 as messages
from yandex.cloud.ai.stt.v3.stt_service_pb2_grpc import RecognizerStub

from agentworker.providers import grpc_door
from agentworker.providers.streaming_ears import RATE, Dialogue, Heard, StreamingEars

LANGUAGES = {"ru": "ru-RU", "en": "en-US", "": "auto"}
# A session has five minutes of sound at most.
LONGEST_SECONDS = 270.0
# Silence that is not sent as sound; the service takes the utterance for ended.
PAUSE_MS = 1000


class YandexEars(StreamingEars):
    def __init__(
        self, *, key: str, language: str, model: str, address: str, proxy: str = ""
    ) -> None:
        super().__init__(language)
        self._model = model
        self._metadata = (("authorization", f"Api-Key {key}"),)
        self._line = grpc_door.Line(address, proxy)

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return "yandex"

    async def connected(self, seconds: float) -> "YandexDialogue":
        stub = RecognizerStub(await self._line.ready(seconds))
        return YandexDialogue(stub, self._metadata, options(self.language, self._model))

    async def aclose(self) -> None:
        await self._line.aclose()


class YandexDialogue(Dialogue):
    """Words come as they are said (partial), then fixed (final), then with numbers and marks as
    one writes them (final_refinement), then the utterance ends (eou_update).
    """

    longest_seconds = LONGEST_SECONDS

    def __init__(self, stub: Any, metadata: Any, session: messages.StreamingOptions) -> None:
        self._stub, self._metadata, self._session = stub, metadata, session
        # By the service's number: what is fixed, and not refined yet.
        self._fixed: dict[int, Heard] = {}

    def call(self) -> Any:
        return self._stub.RecognizeStreaming(metadata=self._metadata)

    def first(self) -> messages.StreamingRequest:
        return messages.StreamingRequest(session_options=self._session)

    def sound(self, piece: bytes) -> messages.StreamingRequest:
        return messages.StreamingRequest(chunk=messages.AudioChunk(data=piece))

    def pause(self) -> messages.StreamingRequest:
        return messages.StreamingRequest(silence_chunk=messages.SilenceChunk(duration_ms=PAUSE_MS))

    def read(self, response: messages.StreamingResponse) -> Iterable[Heard]:
        match response.WhichOneof("Event"):
            case "partial":
                yield heard(response.partial)
            case "final":
                self._fixed[response.audio_cursors.final_index] = heard(response.final, True)
            case "final_refinement":
                refined = response.final_refinement
                if self._fixed.pop(refined.final_index, None):
                    yield heard(refined.normalized_text, True)
            case "eou_update":
                yield from self.rest()
                yield Heard(is_over=True)

    def rest(self) -> Iterable[Heard]:
        """A refinement that did not come is not waited for."""
        rest = [self._fixed.pop(index) for index in sorted(self._fixed)]
        yield from rest


def heard(update: messages.AlternativeUpdate, is_final: bool = False) -> Heard:
    if not update.alternatives:
        return Heard(is_final=is_final)
    best = update.alternatives[0]
    likely = max(best.languages, key=lambda each: each.probability, default=None)
    return Heard(best.text, likely.language_code if likely else "", is_final)


def options(language: str, model: str) -> messages.StreamingOptions:
    raw = messages.RawAudio(
        audio_encoding=messages.RawAudio.LINEAR16_PCM,
        sample_rate_hertz=RATE,
        audio_channel_count=1,
    )
    recognition = messages.RecognitionModelOptions(
        model=model,
        audio_format=messages.AudioFormatOptions(raw_audio=raw),
        text_normalization=messages.TextNormalizationOptions(
            text_normalization=messages.TextNormalizationOptions.TEXT_NORMALIZATION_ENABLED
        ),
        language_restriction=messages.LanguageRestrictionOptions(
            restriction_type=messages.LanguageRestrictionOptions.WHITELIST,
            language_code=[LANGUAGES[language]],
        ),
        audio_processing_type=messages.RecognitionModelOptions.REAL_TIME,
    )
    quick = messages.DefaultEouClassifier(type=messages.DefaultEouClassifier.HIGH)
    return messages.StreamingOptions(
        recognition_model=recognition,
        eou_classifier=messages.EouClassifierOptions(default_classifier=quick),
    )
