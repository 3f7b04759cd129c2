"""A SpeechKit of our own: the service's own messages over real gRPC, answers as a test wants them.

Written after https://yandex.cloud/ru/docs/speechkit/stt/api/streaming-examples-v3: a session sends
status_code, partial, final, final_refinement and eou_update, in this order.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from yandex.cloud.ai.stt.v3 import stt_pb2 as stt
from yandex.cloud.ai.stt.v3.stt_service_pb2_grpc import (
    RecognizerServicer,
    add_RecognizerServicer_to_server,
)
from yandex.cloud.ai.tts.v3 import tts_pb2 as tts
from yandex.cloud.ai.tts.v3.tts_service_pb2_grpc import (
    SynthesizerServicer,
    add_SynthesizerServicer_to_server,
)

Hear = Callable[["Session"], AsyncIterator[stt.StreamingResponse]]
Say = Callable[[tts.UtteranceSynthesisRequest, Any], AsyncIterator[bytes]]


class Session:
    """One call of a client: what it sent so far."""

    def __init__(self, requests: AsyncIterator[Any], context: Any) -> None:
        self.requests, self.context = requests, context
        self.metadata = dict(context.invocation_metadata())
        self.options: stt.StreamingOptions | None = None
        self.sound = b""
        self.pauses: list[int] = []

    async def until_pause(self) -> bool:
        """False: the client has ended its part."""
        async for request in self.requests:
            match request.WhichOneof("Event"):
                case "session_options":
                    self.options = request.session_options
                case "chunk":
                    self.sound += request.chunk.data
                case "silence_chunk":
                    self.pauses.append(request.silence_chunk.duration_ms)
                    return True
        return False

    async def until_sound(self, seconds: float) -> None:
        async for request in self.requests:
            self.sound += request.chunk.data
            if len(self.sound) >= seconds * 32_000:
                return

    async def refuse(self, code: grpc.StatusCode, details: str = "") -> None:
        await self.context.abort(code, details)


class SpeechKit(RecognizerServicer, SynthesizerServicer):
    def __init__(self) -> None:
        # What each call does, one after another; the last one for all that follow.
        self.hears: list[Hear] = []
        self.says: list[Say] = []
        self.sessions: list[Session] = []
        self.texts: list[tts.UtteranceSynthesisRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.address = ""

    async def RecognizeStreaming(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[stt.StreamingResponse]:
        session = Session(request_iterator, context)
        self.sessions.append(session)
        hear = self.hears[min(len(self.sessions), len(self.hears)) - 1]
        async for response in hear(session):
            yield response

    async def UtteranceSynthesis(
        self, request: tts.UtteranceSynthesisRequest, context: Any
    ) -> AsyncIterator[tts.UtteranceSynthesisResponse]:
        self.texts.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        say = self.says[min(len(self.texts), len(self.says)) - 1]
        async for data in say(request, context):
            yield tts.UtteranceSynthesisResponse(audio_chunk=tts.AudioChunk(data=data))

    async def StreamSynthesis(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[tts.StreamSynthesisResponse]:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED)
        yield tts.StreamSynthesisResponse()


async def serve(speechkit: SpeechKit) -> Any:
    """The server; its address is the service's `address` from now on."""
    server = grpc.aio.server()
    add_RecognizerServicer_to_server(speechkit, server)
    add_SynthesizerServicer_to_server(speechkit, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    speechkit.address = f"http://127.0.0.1:{port}"
    return server


# What a session answers


def working() -> stt.StreamingResponse:
    return stt.StreamingResponse(status_code=stt.StatusCode(code_type=stt.WORKING))


def partial(text: str = "") -> stt.StreamingResponse:
    return stt.StreamingResponse(partial=_update(text))


def final(text: str, index: int = 0, language: str = "") -> stt.StreamingResponse:
    return stt.StreamingResponse(
        final=_update(text, language), audio_cursors=stt.AudioCursors(final_index=index)
    )


def refined(text: str, index: int = 0, language: str = "") -> stt.StreamingResponse:
    return stt.StreamingResponse(
        final_refinement=stt.FinalRefinement(
            final_index=index, normalized_text=_update(text, language)
        )
    )


def over() -> stt.StreamingResponse:
    return stt.StreamingResponse(eou_update=stt.EouUpdate(time_ms=1))


def _update(text: str, language: str = "") -> stt.AlternativeUpdate:
    languages = [stt.LanguageEstimation(language_code=language, probability=0.9)]
    alternatives = [stt.Alternative(text=text, languages=languages if language else [])]
    return stt.AlternativeUpdate(alternatives=alternatives if text else [])
