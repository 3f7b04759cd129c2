"""A YandexGPT of our own, which answers as its OpenAI-compatible address does.

Written after https://yandex.cloud/ru/docs/ai-studio/concepts/openai-compatibility.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class YandexGpt:
    def __init__(self) -> None:
        # An answer is deltas, or (status, body).
        self.answers: list[Any] = [[{"content": "Здравствуйте! "}, {"content": "Чем помочь?"}]]
        self.asked: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.address = ""

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append(request.headers)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, tuple):
            status, body = answer
            return web.json_response(body, status=status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta in answer:
            await response.write(event([{"index": 0, "delta": delta, "finish_reason": None}]))
        why = "tool_calls" if any("tool_calls" in delta for delta in answer) else "stop"
        await response.write(event([{"index": 0, "delta": {}, "finish_reason": why}]))
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        await response.write(event([], usage=usage) + b"data: [DONE]\n\n")
        return response


def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**body, 'choices': choices, **more})}\n\n".encode()


@asynccontextmanager
async def serve(app: web.Application, ssl_context: Any = None) -> AsyncIterator[str]:
    """Its address, while it lasts."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context)
    await site.start()
    port = runner.addresses[0][1]
    yield f"{'https' if ssl_context else 'http'}://127.0.0.1:{port}"
    await runner.cleanup()


@asynccontextmanager
async def serving(gpt: YandexGpt) -> AsyncIterator[YandexGpt]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", gpt.complete)
    async with serve(app) as address:
        gpt.address = f"{address}/v1"
        yield gpt
