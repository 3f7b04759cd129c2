"""The voice of espeak-ng, made on this machine."""

import asyncio
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, tts, utils

from agentworker.espeak import VOICES, WORDS_PER_MINUTE, engine


class EspeakVoice(tts.TTS[Any]):
    def __init__(self, language: str) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=engine().rate,
            num_channels=1,
        )
        self.voice = VOICES[language]

    @property
    def model(self) -> str:
        return f"espeak-ng {self.voice}"

    @property
    def provider(self) -> str:
        return "offline"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "EspeakStream":
        return EspeakStream(tts=self, input_text=text, conn_options=conn_options, voice=self.voice)


class EspeakStream(tts.ChunkedStream):
    def __init__(self, *, voice: str, **options: Any) -> None:
        super().__init__(**options)
        self._voice = voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=engine().rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        # In a thread: a long text would hold up the audio of the call for its milliseconds.
        samples = await asyncio.to_thread(
            engine().speak, self._input_text, self._voice, WORDS_PER_MINUTE
        )
        output_emitter.push(samples)
        output_emitter.flush()
