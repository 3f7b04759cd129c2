"""The real server's answers, heard on its bus; and questions put to it there, as the gateway does.

psrpc over Redis: a request is published, a server claims it, is told to go on, and answers.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import redis.asyncio

from veyra.livekit import tap
from veyra.livekit.simulator import bus as wire
from veyra.livekit.simulator import encoding
from veyra.livekit.tap import AUTHENTICATE, DISPATCH, Value, wire_fields
from veyra.livekit.types import DispatchRule, InboundTrunk

# How psrpc words an error of the service behind it.
WORDING = "twirp error [a-z_]+: "
RESULTS = {1: "accept", 2: "request_pin", 3: "reject", 4: "drop"}
# The client that the simulator's messages name, and what a server is told to go on with.
CLIENT = "CLI_simulator0"
CLAIMED = "type.googleapis.com/internal.ClaimResponse"
# More than any answer takes, on a machine that has other work.
SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """Of either question; what it does not say is empty. `error` is LiveKit's text."""

    error: str = ""
    trunk_id: str = ""
    username: str = ""
    password: str = ""
    result: str = ""
    rule_id: str = ""
    room: str = ""


class Bus:
    """Open inside `async with`. `told` holds what each call, by its provider's id, was told."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.from_url(url)
        # Request id -> the provider's id of its call, and which question it was.
        self._asked: dict[str, tuple[str, str]] = {}
        self._call_of: dict[str, str] = {}
        self._told: dict[tuple[str, str], asyncio.Future[Answer]] = defaultdict(
            lambda: asyncio.get_running_loop().create_future()
        )

    async def __aenter__(self) -> "Bus":
        self._listener = self._redis.pubsub(ignore_subscribe_messages=True)
        await self._listener.psubscribe("IOInfo|*")
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await self._listener.aclose()  # type: ignore[no-untyped-call]  # redis-py's own
        await self._redis.aclose()

    async def wipe(self) -> None:
        """LiveKit keeps trunks and rules in two hashes, and nothing of them in memory."""
        await self._redis.delete("sip_inbound_trunk", "sip_dispatch_rule")

    async def store(self, trunks: Iterable[InboundTrunk], rules: Iterable[DispatchRule]) -> None:
        """Exactly these, ids included, past LiveKit's own checks."""
        await self.wipe()
        stored = {
            "sip_inbound_trunk": {
                each.id: encoding.trunk(each).SerializeToString() for each in trunks
            },
            "sip_dispatch_rule": {
                each.id: encoding.rule(each).SerializeToString() for each in rules
            },
        }
        for key, messages in stored.items():
            for livekit_id, message in messages.items():
                hset = self._redis.execute_command("HSET", key, livekit_id, message)  # type: ignore[no-untyped-call]  # redis-py's own
                await hset

    async def authentication(self, call: str) -> Answer:
        """What the server said of the INVITE with this Call-ID: whose trunk is it?"""
        return await asyncio.wait_for(self._told[call, AUTHENTICATE], SECONDS)

    async def dispatch(self, call: str) -> Answer:
        """What the server said of the INVITE with this Call-ID: where does it go?"""
        return await asyncio.wait_for(self._told[call, DISPATCH], SECONDS)

    async def ask_authentication(self, call: wire.SipCall) -> Answer:
        message = wire.authentication(call, time.time_ns())
        return await self._ask(message, call)

    async def ask_dispatch(self, call: wire.SipCall, trunk_id: str, pin: str | None) -> Answer:
        message = wire.dispatch(call, trunk_id, time.time_ns(), pin)
        return await self._ask(message, call)

    async def _ask(self, message: wire.BusMessage, call: wire.SipCall) -> Answer:
        found = tap.read(message.channel, message.raw)
        assert found
        self._asked[found.id] = (call.provider_call_id, message.channel)
        await self._redis.publish(message.channel, message.raw)
        told = self._told[call.provider_call_id, message.channel]
        return await asyncio.wait_for(told, SECONDS)

    async def _listen(self) -> None:
        async for message in self._listener.listen():
            channel = message["channel"].decode()
            if channel in (AUTHENTICATE, DISPATCH):
                self._request(channel, message["data"])
            elif channel.endswith("|RES"):
                self._response(message["data"])
            elif channel == f"IOInfo|{CLIENT}|CLAIM":
                await self._claimed(message["data"])

    def _request(self, channel: str, data: bytes) -> None:
        found = tap.read(channel, data)
        assert found
        if found.kind == "invite":
            self._call_of[found.sip_call_id] = found.payload["provider_call_id"]
        # What we asked ourselves is known.
        if found.id not in self._asked:
            self._asked[found.id] = self._call_of[found.sip_call_id], channel

    def _response(self, data: bytes) -> None:
        fields = wire_fields(_bytes(wire_fields(data)[2]))
        asked = self._asked.pop(_text(fields, 1), None)
        if asked and not self._told[asked].done():
            answer = _dispatch if asked[1] == DISPATCH else _authentication
            raw = _bytes(fields[7]) if 7 in fields else b""
            error = re.sub(WORDING, "", _text(fields, 5))
            self._told[asked].set_result(answer(error, wire_fields(raw)))

    async def _claimed(self, data: bytes) -> None:
        fields = wire_fields(_bytes(wire_fields(data)[2]))
        request, server = _text(fields, 1), _text(fields, 2)
        if request in self._asked:
            channel = self._asked[request][1].replace("|REQ", "|RCLAIM")
            await self._redis.publish(channel, _claim(request, server))


def _claim(request: str, server: str) -> bytes:
    inner = _field(1, request.encode()) + _field(2, server.encode())
    return _field(1, CLAIMED.encode()) + _field(2, inner)


def _field(number: int, data: bytes) -> bytes:
    assert len(data) < 128
    return bytes((number << 3 | 2, len(data))) + data


def _authentication(error: str, fields: dict[int, Value]) -> Answer:
    return Answer(
        error=error,
        trunk_id=_text(fields, 4),
        username=_text(fields, 1),
        password=_text(fields, 2),
    )


def _dispatch(error: str, fields: dict[int, Value]) -> Answer:
    result = fields.get(6, 0)
    assert isinstance(result, int)
    return Answer(
        error=error,
        trunk_id=_text(fields, 9),
        result=RESULTS.get(result, ""),
        rule_id=_text(fields, 10),
        room=_text(fields, 1),
    )


def _text(fields: dict[int, Value], number: int) -> str:
    return _bytes(fields.get(number, b"")).decode()


def _bytes(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value
