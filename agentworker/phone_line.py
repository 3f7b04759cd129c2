"""The line of a real call, as an assistant's tools use it."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from livekit import rtc

from agentworker.people import Person
from agentworker.requests import NUMBER_SECONDS, PATIENCE_SECONDS, TOPIC
from agentworker.script import SPOKEN
from agentworker.spool import Leg, Spool
from agentworker.tools.line import Unable, Use

# An answer is on its way.
GRACE_SECONDS = 3.0
# Between two keys; machines at the other end want to hear them apart.
KEY_SECONDS = 0.3
CODES = {"*": 10, "#": 11}
DONE, NOBODY_FREE = "done", "nobody_free"


@dataclass(frozen=True)
class Talk:
    """What of the conversation the line needs: the language that is spoken, who the caller is, how
    something is said (nothing, where an answer was given already), and how the call is ended.
    """

    language: Callable[[], str]
    caller: Callable[[], Person | None]
    say_first: Callable[[str], Awaitable[None]]
    end: Callable[[], None]
    is_trial: bool = False


class PhoneLine:
    """An agentworker.tools.line.Line. What it asks of the line is a row in the end (AgentRequest),
    and comes back by a data packet.
    """

    def __init__(self, talk: Talk, spool: Spool) -> None:
        self._talk, self._spool = talk, spool
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._keys: asyncio.Queue[str] | None = None
        self._room: rtc.Room | None = None

    def follow(self, room: rtc.Room) -> None:
        self._room = room
        room.on("data_received", self.read)

    def read(self, packet: rtc.DataPacket) -> None:
        """Only our own server answers: what people in the room send is not read."""
        if packet.topic != TOPIC or packet.participant is not None:
            return
        try:
            told = json.loads(packet.data)
            waiting = self._asked.get(str(told["id"]))
            answer = str(told["answer"])
        except (ValueError, TypeError, KeyError):
            return
        if waiting and not waiting.done():
            waiting.set_result(answer)

    def takes(self, digit: str) -> bool:
        """A key of the caller's belongs to what he is typing."""
        if self._keys is None:
            return False
        self._keys.put_nowait(digit)
        return True

    # What tools do

    async def transfer(self, target: str, whom: str, note: str) -> str:
        if self._talk.is_trial:
            raise Unable(self._said("trial").format(whom=whom or target))
        await self._talk.say_first(self._said("connecting"))
        seconds = PATIENCE_SECONDS if ":" in target else NUMBER_SECONDS
        answer = await self._ask("transfer", seconds, to=target, whom=whom, note=note)
        if answer == DONE:
            return ""
        raise Unable(self._said("nobody_free" if answer == NOBODY_FREE else "not_connected"))

    async def message(self, text: str, when: str, number: str) -> str:
        self._put("message", text=text, when=when, number=number)
        return self._noted("noted", number)

    async def call_back(self, when: str, number: str) -> str:
        self._put("call_back", when=when, number=number)
        return self._noted("will_call", number)

    async def end(self) -> None:
        self._talk.end()

    async def press(self, digits: str) -> str:
        for digit in digits:
            if self._room:
                code = CODES[digit] if digit in CODES else int(digit)
                await self._room.local_participant.publish_dtmf(code=code, digit=digit)
            await asyncio.sleep(KEY_SECONDS)
        return self._said("pressed")

    async def collect(self, count: int, seconds: float) -> str:
        keys, typed = asyncio.Queue[str](), ""
        self._keys = keys
        try:
            while len(typed) < count:
                key = await asyncio.wait_for(keys.get(), seconds)
                if key == "#":
                    break
                # A star begins anew.
                typed = "" if key == "*" else typed + key
        except TimeoutError:
            pass
        finally:
            self._keys = None
        if not typed:
            raise Unable(self._said("nothing_typed"))
        return typed

    def used(self, use: Use) -> None:
        told = {"name": use.name, "kind": use.kind, "ok": use.ok, "ms": use.ms, **use.values}
        self._spool.event("tool", self._leg(), **told)

    # How it is asked

    async def _ask(self, kind: str, seconds: float, **params: str) -> str:
        """The answer; "" where none came in time."""
        key = self._put(kind, **params)
        self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(self._asked[key], seconds + GRACE_SECONDS)
        except TimeoutError:
            return ""
        finally:
            del self._asked[key]

    def _put(self, kind: str, **params: Any) -> str:
        key = str(uuid.uuid4())
        told = {name: value for name, value in params.items() if value}
        if not self._talk.is_trial:
            self._spool.request(kind, self._leg(), key, **told)
        return key

    def _noted(self, said: str, number: str) -> str:
        """Whom nobody can call is asked for a number."""
        caller = self._talk.caller()
        has_number = any(each.isdigit() for each in number or (caller.number if caller else ""))
        if not has_number and not self._talk.is_trial:
            raise Unable(self._said("which_number"))
        return self._said(said)

    def _leg(self) -> Leg:
        caller = self._talk.caller()
        return Leg(caller.sip_call_id, caller.sid) if caller else Leg()

    def _said(self, name: str) -> str:
        return SPOKEN[self._talk.language()][name]
