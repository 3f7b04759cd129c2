"""Providers on this machine: each request is answered as a vendor's public documents say, or as
badly as a broken one does.
"""

import asyncio
import io
import json
import math
import threading
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

RATE = 24_000
# What each vendor writes where it does not serve a country.
COUNTRY = {
    "error": {
        "code": "unsupported_country_region_territory",
        "message": "Country, region, or territory not supported",
        "type": "request_forbidden",
    }
}
NO_MONEY = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}


def tone(seconds: float = 0.4) -> bytes:
    """A WAV file of a voice, as far as a provider's go."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(
            b"".join(
                int(9000 * math.sin(2 * math.pi * 220 * n / RATE)).to_bytes(
                    2, "little", signed=True
                )
                for n in range(int(RATE * seconds))
            )
        )
    return made.getvalue()


TONE = tone()


@dataclass
class OpenAILike:
    """`mood`: well | stall | cut | garbage | 401 | 403 | 429 | 500; it may change at any time."""

    mood: str = "well"
    says: str = "Ten roubles."
    hears: str = "How much is it?"
    url: str = ""
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def count(self, path: str) -> int:
        return sum(each[0].endswith(path) for each in self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = {}
        if request.content_type == "application/json":
            body = await request.json()
        elif request.content_type.startswith("multipart/"):
            form = await request.post()
            body = {name: value for name, value in form.items() if isinstance(value, str)}
        self.asked.append((request.path, body, dict(request.headers)))
        if bad := await self.bad(request):
            return bad
        if request.path.endswith("/chat/completions"):
            return await self.think(request, body)
        if request.path.endswith("/audio/speech"):
            return web.Response(body=TONE, content_type="audio/wav")
        if request.path.endswith("/audio/transcriptions"):
            return web.json_response({"text": self.hears, "language": "english", "duration": 1.0})
        return web.Response(status=404)

    async def bad(self, request: web.Request) -> web.StreamResponse | None:
        if self.mood == "stall":
            await asyncio.sleep(60)
        if self.mood == "cut":
            response = web.StreamResponse(headers={"Content-Length": "100000"})
            await response.prepare(request)
            if request.transport:
                request.transport.close()
            return response
        if self.mood == "garbage":
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if self.mood == "403":
            return web.json_response(COUNTRY, status=403)
        if self.mood == "429":
            return web.json_response(NO_MONEY, status=429)
        if self.mood.isdecimal():
            body = {"error": {"message": "no", "code": "invalid_api_key"}}
            return web.json_response(body if self.mood == "401" else {}, status=int(self.mood))
        return None

    async def think(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            said = {"role": "assistant", "content": self.says}
            choices = [{"index": 0, "message": said, "finish_reason": "stop"}]
            return web.json_response(whole | {"choices": choices})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        piece = whole | {"object": "chat.completion.chunk"}
        for word in self.says.split(" "):
            delta = {"role": "assistant", "content": f"{word} "}
            await send(response, piece | {"choices": [{"index": 0, "delta": delta}]})
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        await send(response, piece | {"choices": [end]})
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        await send(response, piece | {"choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response


async def send(response: web.StreamResponse, piece: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(piece)}\n\n".encode())


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Its address; each request to it is answered by `answer`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def openai_like(mood: str = "well") -> AsyncIterator[OpenAILike]:
    server = OpenAILike(mood)
    async with serving(server.answer) as url:
        server.url = f"{url}/v1"
        yield server


@contextmanager
def in_thread(mood: str = "well") -> Iterator[OpenAILike]:
    """For what has a loop of its own, or none."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    held = openai_like(mood)
    try:
        yield asyncio.run_coroutine_threadsafe(held.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(held.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
