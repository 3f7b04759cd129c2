"""GigaChat thinks. It answers nearly as OpenAI's models do, and calls functions in its own way.

Source: https://developers.sber.ru/docs/ru/gigachat/api/reference/rest/post-chat and
https://developers.sber.ru/docs/ru/gigachat/guides/functions/overview.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
    llm,
    utils,
)

from agentworker.providers import grpc_door, sber_door, sber_words
from agentworker.providers.errors import Kind, ProviderError, kind_of_answer

END = "[DONE]"


class GigaMind(llm.LLM[Any]):
    def __init__(self, door: sber_door.Door, model: str) -> None:
        super().__init__()
        self._door, self._model = door, model

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return "sber"

    @property
    def door(self) -> sber_door.Door:
        return self._door

    async def _prewarm_impl(self) -> None:
        await self._door.token(sber_door.MIND)

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        **_options: Any,
    ) -> "GigaStream":
        return GigaStream(
            self,
            may_call=tool_choice != "none",
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
        )


class GigaStream(llm.LLMStream):
    def __init__(self, mind: GigaMind, *, may_call: bool, **options: Any) -> None:
        super().__init__(mind, **options)
        self._mind, self._may_call = mind, may_call

    async def _run(self) -> None:
        asked = sber_words.request(
            self._mind.model, self._chat_ctx, self._tools if self._may_call else []
        )
        try:
            has_answered = False
            async for event in self._events(asked):
                has_answered |= self._tell(event)
            if not has_answered:
                raise ProviderError.of(Kind.GARBAGE)
        except ProviderError as problem:
            raise grpc_door.raised(problem) from problem
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            failure = sber_door.failure_of(error)
            raise grpc_door.raised(failure) from failure

    async def _events(self, asked: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Raises ProviderError, and what aiohttp raises."""
        door, timeout = self._mind.door, self._conn_options.timeout
        headers = {
            "Authorization": f"Bearer {await door.token(sber_door.MIND)}",
            "Accept": "text/event-stream",
        }
        async with door.session.post(
            f"{door.address('mind_address')}/chat/completions",
            json=asked,
            headers=headers,
            timeout=aiohttp.ClientTimeout(sock_connect=timeout, sock_read=timeout),
        ) as answer:
            if answer.status >= 300:
                if answer.status == 401:
                    door.forget(sber_door.MIND)
                raise ProviderError.of(kind_of_answer(answer.status, await answer.text()))
            async for line in answer.content:
                name, _colon, data = line.decode("utf-8").strip().partition(":")
                if name == "data" and data.strip() not in ("", END):
                    yield json.loads(data)

    def _tell(self, event: dict[str, Any]) -> bool:
        """Whether it is a part of an answer. Raises ValueError where it is nonsense."""
        number = utils.shortuuid("chat_")
        usage = event.get("usage")
        if usage:
            self._event_ch.send_nowait(llm.ChatChunk(id=number, usage=sber_words.usage_of(usage)))
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise ValueError("no choices")
        deltas = [each.get("delta") or {} for each in choices[:1]]
        for delta in deltas:
            if told := sber_words.delta_of(delta):
                self._event_ch.send_nowait(llm.ChatChunk(id=number, delta=told))
        return bool(deltas)
