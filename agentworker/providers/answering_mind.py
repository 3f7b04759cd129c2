"""A mind that answers: an answer without a word is a failure, or the caller would hear silence."""

from collections.abc import AsyncIterable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    APIError,
    NotGivenOr,
    llm,
)


class AnsweringMind(llm.LLM[Any]):
    """`inner` thinks."""

    def __init__(self, inner: llm.LLM[Any]) -> None:
        super().__init__()
        self.inner = inner
        inner.on("metrics_collected", partial(self.emit, "metrics_collected"))

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def provider(self) -> str:
        return self.inner.provider

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        options = {
            "parallel_tool_calls": parallel_tool_calls,
            "tool_choice": tool_choice,
            "extra_kwargs": extra_kwargs,
        }
        return AnsweringStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options, options=options
        )

    def prewarm(self, **options: Any) -> None:
        self.inner.prewarm(**options)

    async def aclose(self) -> None:
        await self.inner.aclose()
        await super().aclose()


class AnsweringStream(llm.LLMStream):
    # The span of the request is that of who thinks.
    _llm_attempt_span_name: ClassVar[str | None] = None
    _genai_operation_name: ClassVar[str | None] = None

    def __init__(self, mind: AnsweringMind, *, options: dict[str, Any], **given: Any) -> None:
        self._mind, self._options = mind, options
        super().__init__(mind, **given)

    async def _run(self) -> None:
        once = replace(self._conn_options, max_retry=0)
        chat = self._mind.inner.chat(
            chat_ctx=self._chat_ctx, tools=self._tools, conn_options=once, **self._options
        )
        # Blanks are no words: they are kept back, since nobody else may answer once some are out.
        held: list[llm.ChatChunk] = []
        answers = False
        async with chat as stream:
            async for chunk in stream:
                held.append(chunk)
                answers = answers or says_something(chunk)
                while answers and held:
                    self._event_ch.send_nowait(held.pop(0))
        if not answers:
            raise APIError("it answered without a word")

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[llm.ChatChunk]) -> None:
        """Who thinks tells his own."""
        async for _chunk in event_aiter:
            pass


def says_something(chunk: llm.ChatChunk) -> bool:
    delta = chunk.delta
    return delta is not None and bool((delta.content or "").strip() or delta.tool_calls)
