"""Where a key of the telephone leads to more than words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agentworker.script import SPOKEN, Reply, Script
from agentworker.tools import use_now
from agentworker.tools.line import Line


@dataclass
class Leading:
    """`say` begins to say something, `said` waits until it was heard. `dictates`: what the caller
    says next is a message; only where his words are understood.
    """

    script: Callable[[], Script]
    line: Line
    say: Callable[[str], None]
    said: Callable[[str], Awaitable[None]]
    hears_words: bool
    dictates: bool = False

    async def follow(self, reply: Reply) -> None:
        self.dictates = False
        await self.said(reply.text)
        if reply.do == "message" and self.hears_words:
            self.dictates = True
            self.say(SPOKEN[self.script().language]["speak"])
        else:
            await self._use(reply.do, reply.to, {})

    async def take_message(self, text: str) -> None:
        self.dictates = False
        await self._use("message", "", {"text": text})

    async def _use(self, do: str, whom: str, args: Mapping[str, str]) -> None:
        self.say(await use_now(self.script(), self.line, do, whom, args))
