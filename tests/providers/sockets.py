"""Vendors that speak over a socket, as their public documents say: what they hear is one sentence,
and what they say is a tone.

developers.deepgram.com/reference (listen, speak) · elevenlabs.io/docs/api-reference (realtime
speech-to-text, multi-context text-to-speech) · docs.cartesia.ai/api-reference (stt, tts websockets)
· platform.claude.com/docs (streaming messages)
"""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.providers.servers import RATE, TONE

KEY = "canary-11d7"
HEARD = "how much is it"
ANSWER = "It is ten roubles."
# Without the head of the file.
SAMPLES = TONE[44:]
# So much sound is a sentence: half a second at the rate of a call.
ENOUGH = 16_000


@dataclass
class Vendor:
    """`mood`: well | stall (it takes everything and answers nothing)."""

    mood: str = "well"
    paths: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path_qs)
        if KEY not in str(request.headers):
            return web.json_response({"error": "unauthorized"}, status=401)
        if request.path == "/v1/messages":
            return await self.claude(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = self.talks()[request.path.rstrip("/").rsplit("/", 1)[-1], request.path.split("/")[1]]
        await talk(socket)
        return socket

    def talks(self) -> dict[tuple[str, str], Callable[[web.WebSocketResponse], Awaitable[None]]]:
        return {
            ("listen", "listen"): self.deepgram_ears,
            ("speak", "speak"): self.deepgram_voice,
            ("realtime", "speech-to-text"): self.elevenlabs_ears,
            ("multi-stream-input", "text-to-speech"): self.elevenlabs_voice,
            ("websocket", "stt"): self.cartesia_ears,
            ("websocket", "tts"): self.cartesia_voice,
        }

    async def deepgram_ears(self, socket: web.WebSocketResponse) -> None:
        heard = 0
        async for message in socket:
            if message.type is not WSMsgType.BINARY or self.mood == "stall":
                continue
            heard += len(message.data)
            if heard >= ENOUGH:
                heard = -(10**9)
                words = {"transcript": HEARD, "confidence": 0.9, "words": []}
                result = {
                    "type": "Results",
                    "is_final": True,
                    "speech_final": True,
                    "start": 0,
                    "duration": 1,
                    "metadata": {"request_id": "r"},
                    "channel": {"alternatives": [words]},
                }
                await socket.send_json({"type": "SpeechStarted"})
                await socket.send_json(result)

    async def deepgram_voice(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked = json.loads(message.data)
            self.told.append(asked)
            if asked["type"] == "Flush" and self.mood == "well":
                await socket.send_bytes(SAMPLES)
                await socket.send_json({"type": "Flushed"})

    async def elevenlabs_ears(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json({"message_type": "session_started", "session_id": "s"})
        async for message in socket:
            asked = json.loads(message.data)
            if asked["commit"] and self.mood == "well":
                await socket.send_json({"message_type": "committed_transcript", "text": HEARD})

    async def elevenlabs_voice(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked = json.loads(message.data)
            self.told.append(asked)
            if asked.get("close_context") and self.mood == "well":
                named = {"contextId": asked["context_id"]}
                await socket.send_json(named | {"audio": base64.b64encode(SAMPLES).decode()})
                await socket.send_json(named | {"isFinal": True})

    async def cartesia_ears(self, socket: web.WebSocketResponse) -> None:
        heard = 0
        async for message in socket:
            if message.type is not WSMsgType.BINARY or self.mood == "stall":
                continue
            heard += len(message.data)
            if heard >= ENOUGH:
                heard = -(10**9)
                said = {"type": "transcript", "text": HEARD, "is_final": True, "duration": 1.0}
                await socket.send_json(said | {"request_id": "r", "language": "en"})

    async def cartesia_voice(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked = json.loads(message.data)
            self.told.append(asked)
            if not asked.get("continue") and self.mood == "well":
                named = {"context_id": asked["context_id"], "status_code": 200}
                sound = base64.b64encode(SAMPLES).decode()
                await socket.send_json(named | {"type": "chunk", "data": sound, "done": False})
                await socket.send_json(named | {"type": "done", "done": True})

    async def claude(self, request: web.Request) -> web.StreamResponse:
        self.told.append(await request.json())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        usage = {"input_tokens": 20, "output_tokens": 1}
        message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "c"}
        text = {"type": "text", "text": ""}
        events: tuple[dict[str, Any], ...] = (
            {"type": "message_start", "message": message | {"usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": text},
            *(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": f"{word} "},
                }
                for word in ANSWER.split()
            ),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        )
        for event in events:
            line = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            await response.write(line.encode())
        return response


SECONDS_OF_TONE = len(SAMPLES) / 2 / RATE
