"""A Sber of our own: tokens, SaluteSpeech over gRPC and GigaChat over HTTP, all by certificates of
an authority that nobody else believes.

Written after https://developers.sber.ru/docs/ru/salutespeech/rest/post-token,
https://developers.sber.ru/docs/ru/salutespeech/api/grpc/recognition-stream-2 and
https://developers.sber.ru/docs/ru/gigachat/api/response-token-streaming.
"""

import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from aiohttp import web

from agentworker.providers import sber_messages as messages
from tests.live.certificate import certify
from tests.providers.yandex_gpt import serve

SPEECH_KEY, MIND_KEY = "c3BlZWNoOmtleQ==", "bWluZDprZXk="
SCOPES = {SPEECH_KEY: "SALUTE_SPEECH_PERS", MIND_KEY: "GIGACHAT_API_PERS"}
Hear = Callable[["Session"], AsyncIterator[Any]]
Say = Callable[[Any, Any], AsyncIterator[bytes]]


class Session:
    """One call for recognition: what the client sent so far."""

    def __init__(self, requests: AsyncIterator[Any], context: Any) -> None:
        self.requests, self.context = requests, context
        self.metadata = dict(context.invocation_metadata())
        self.options: Any = None
        self.sound = b""

    async def until_end(self) -> None:
        async for request in self.requests:
            self._take(request)

    async def until_sound(self, seconds: float) -> None:
        async for request in self.requests:
            self._take(request)
            if len(self.sound) >= seconds * 32_000:
                return

    def _take(self, request: Any) -> None:
        if request.WhichOneof("either") == "options":
            self.options = request.options
        self.sound += request.audio_chunk


class Sber:
    def __init__(self) -> None:
        self.hears: list[Hear] = []
        self.says: list[Say] = []
        # An answer is events, or (status, body).
        self.answers: list[Any] = [[delta(content="Здравствуйте! "), delta(content="Слушаю.")]]
        self.sessions: list[Session] = []
        self.texts: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.bearers: list[str] = []
        # (key, scope) of each exchange; what the next one is answered, if not as usual.
        self.exchanged: list[tuple[str, str]] = []
        self.refusal: tuple[int, Any] | None = None
        self.life_seconds = 1800.0
        self.settings: dict[str, str] = {}
        self.request_ids: set[str] = set()

    # Tokens

    async def exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        kind, _space, key = request.headers.get("Authorization", "").partition(" ")
        scope = str(form.get("scope", ""))
        self.exchanged.append((key, scope))
        self.request_ids.add(request.headers.get("RqUID", ""))
        if self.refusal:
            status, body = self.refusal
            return web.json_response(body, status=status)
        if kind != "Basic" or key not in SCOPES:
            body = {"code": 6, "message": "credentials doesn't match db data"}
            return web.json_response(body, status=401)
        if SCOPES[key] != scope:
            body = {"code": 7, "message": "scope from db not fully includes consumed scope"}
            return web.json_response(body, status=400)
        ends = int((time.time() + self.life_seconds) * 1000)
        token = f"token-{len(self.exchanged)}-{scope}"
        return web.json_response({"access_token": token, "expires_at": ends})

    # Thought

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.bearers.append(request.headers["Authorization"])
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, tuple):
            status, body = answer
            return web.json_response(body, status=status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in answer:
            line = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
            await response.write(f"data: {line}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    # Speech

    async def recognize(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        session = Session(requests, context)
        self.sessions.append(session)
        hear = self.hears[min(len(self.sessions), len(self.hears)) - 1]
        async for response in hear(session):
            yield response

    async def synthesize(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.texts.append(request)
        self.bearers.append(dict(context.invocation_metadata())["authorization"])
        say = self.says[min(len(self.texts), len(self.says)) - 1]
        async for data in say(request, context):
            yield messages.SynthesisResponse(data=data)


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"delta": fields, "index": 0}], "model": "GigaChat-2"}


def end(reason: str = "stop") -> dict[str, Any]:
    choice = {"delta": {"content": ""}, "index": 0, "finish_reason": reason}
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 7,
        "total_tokens": 37,
        "precached_prompt_tokens": 4,
    }
    return {"choices": [choice], "model": "GigaChat-2", "usage": usage}


def heard(text: str, normalized: str = "", *, eou: bool = False) -> Any:
    hypotheses = [{"text": text, "normalized_text": normalized}] if text else []
    return messages.RecognitionResponse(transcription={"results": hypotheses, "eou": eou})


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Sber]:
    """`settings`: what a key has besides."""
    sber = Sber()
    authority, own = certify(folder, "sber")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own)
    app = web.Application()
    app.router.add_post("/api/v2/oauth", sber.exchange)
    app.router.add_post("/api/v1/chat/completions", sber.complete)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers(sber))
    pem = own.read_bytes()
    secured = grpc.ssl_server_credentials([(pem, pem)])
    port = server.add_secure_port("127.0.0.1:0", secured)
    await server.start()
    async with serve(app, context) as address:
        sber.settings = {
            "token_address": f"{address}/api/v2/oauth",
            "mind_address": f"{address}/api/v1",
            "speech_address": f"https://127.0.0.1:{port}",
            "certificate": authority.read_text(),
        }
        yield sber
    await server.stop(None)


def handlers(sber: Sber) -> tuple[Any, ...]:
    def named(path: str, handler: Any) -> Any:
        _slash, service, method = path.split("/")
        return grpc.method_handlers_generic_handler(service, {method: handler})

    recognize = grpc.stream_stream_rpc_method_handler(
        sber.recognize,
        messages.RecognitionRequest.FromString,
        messages.RecognitionResponse.SerializeToString,
    )
    synthesize = grpc.unary_stream_rpc_method_handler(
        sber.synthesize,
        messages.SynthesisRequest.FromString,
        messages.SynthesisResponse.SerializeToString,
    )
    return named(messages.RECOGNIZE, recognize), named(messages.SYNTHESIZE, synthesize)


def without(settings: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in settings.items() if key != name}
