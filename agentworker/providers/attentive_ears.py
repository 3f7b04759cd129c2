"""Ears that are given up when they hear nothing: a recogniser that hangs looks like one to which
nobody speaks, and only who knows that somebody spoke can tell.
"""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakSet

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    APITimeoutError,
    NotGivenOr,
    stt,
    utils,
)


class AttentiveEars(stt.STT[Any]):
    """`inner` hears, and has to do so while it is spoken."""

    def __init__(self, inner: stt.STT[Any]) -> None:
        super().__init__(capabilities=inner.capabilities)
        self.inner = inner
        self._streams: WeakSet[AttentiveStream] = WeakSet()
        # So often in a row, without a word in between.
        self.gave_up = 0
        inner.on("metrics_collected", partial(self.emit, "metrics_collected"))

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def provider(self) -> str:
        return self.inner.provider

    def give_up(self) -> None:
        """Somebody spoke, and nothing was understood: whoever listens now has failed. The second
        time in a row it is not tried again.
        """
        self.gave_up += 1
        for stream in self._streams:
            stream.deaf.set()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        return await self.inner.recognize(buffer, language=language, conn_options=conn_options)

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "AttentiveStream":
        stream = AttentiveStream(self, language=language, conn_options=conn_options)
        self._streams.add(stream)
        return stream

    def prewarm(self) -> None:
        self.inner.prewarm()

    async def aclose(self) -> None:
        await self.inner.aclose()


class AttentiveStream(stt.RecognizeStream):
    def __init__(
        self, ears: AttentiveEars, *, language: NotGivenOr[str], conn_options: APIConnectOptions
    ) -> None:
        self.deaf = asyncio.Event()
        self._ears, self._language = ears, language
        super().__init__(stt=ears, conn_options=conn_options)

    async def _run(self) -> None:
        self.deaf.clear()
        once = replace(self._conn_options, max_retry=0)
        inner = self._ears.inner.stream(language=self._language, conn_options=once)
        # Times that it tells count from here.
        inner.start_time_offset = self.start_time_offset
        works = [
            asyncio.create_task(work)
            for work in (self._pass_events(inner), self._pass_sound(inner), self.deaf.wait())
        ]
        hearing, _sound, deafness = works
        try:
            await asyncio.wait((hearing, deafness), return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
            else:
                may_try = self._ears.gave_up < 2
                raise APITimeoutError("nothing was heard of what was said", retryable=may_try)
        finally:
            await utils.aio.cancel_and_wait(*works)
            await inner.aclose()

    async def _pass_events(self, inner: stt.RecognizeStream) -> None:
        async for event in inner:
            self._event_ch.send_nowait(event)

    async def _pass_sound(self, inner: stt.RecognizeStream) -> None:
        async for sound in self._input_ch:
            if isinstance(sound, rtc.AudioFrame):
                inner.push_frame(sound)
            else:
                inner.flush()
        inner.end_input()

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[stt.SpeechEvent]) -> None:
        """Who hears tells his own."""
        async for event in event_aiter:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                self._num_retries = self._ears.gave_up = 0
