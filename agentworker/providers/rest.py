"""Ears and voices of vendors who are asked a sentence at a time, by plain HTTP: classes for the
agent library, which are given how to ask.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    LanguageCode,
    NotGivenOr,
    stt,
    tts,
    utils,
)

# One sentence, as it was heard -> its words.
Hear = Callable[[rtc.AudioFrame], Awaitable[str]]
# A text -> 16 bit mono samples, piece by piece.
Say = Callable[[str], AsyncIterator[bytes]]
LONGEST_ANSWER = 500


class RestEars(stt.STT[Any]):
    """`language`: "ru", "en"; what it is told to be, where the vendor finds it out."""

    def __init__(self, provider: str, model: str, language: str, hear: Hear) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._provider, self._model, self._language, self._hear = provider, model, language, hear

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return self._provider

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        with as_api_errors():
            words = await self._hear(rtc.combine_audio_frames(buffer))
        said = stt.SpeechData(language=LanguageCode(self._language), text=words)
        kind = stt.SpeechEventType.FINAL_TRANSCRIPT
        return stt.SpeechEvent(type=kind, alternatives=[said])


class RestVoice(tts.TTS[Any]):
    def __init__(self, provider: str, model: str, rate: int, say: Say) -> None:
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=rate, num_channels=1)
        self._provider, self._model, self.say = provider, model, say

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return self._provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "RestStream":
        return RestStream(self, text, conn_options)


class RestStream(tts.ChunkedStream):
    def __init__(self, voice: RestVoice, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=voice, input_text=text, conn_options=conn_options)
        self._voice = voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._voice.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        with as_api_errors():
            async for piece in self._voice.say(self.input_text):
                output_emitter.push(piece)
        output_emitter.flush()


@contextmanager
def as_api_errors() -> Iterator[None]:
    """What goes wrong on the way, in the library's own errors: by them it goes on to the next."""
    try:
        yield
    except TimeoutError as error:
        raise APITimeoutError from error
    except aiohttp.ClientError as error:
        raise APIConnectionError from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise APIError("an answer without sense") from error


def answered(
    session: aiohttp.ClientSession, url: str, **options: Any
) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    """The answer to a POST. Raises APIStatusError, and what aiohttp raises."""
    return _answered(session, url, options)


@asynccontextmanager
async def _answered(
    session: aiohttp.ClientSession, url: str, options: dict[str, Any]
) -> AsyncIterator[aiohttp.ClientResponse]:
    async with session.post(url, allow_redirects=False, **options) as answer:
        if answer.status >= 300:
            body = (await answer.text(errors="replace"))[:LONGEST_ANSWER]
            raise APIStatusError("no", status_code=answer.status, body=body)
        yield answer
