"""The line on which an assistant is rehearsed: what it does there is noted, and nobody is rung."""

from agentworker.script import SPOKEN
from agentworker.tools.line import Use

COLLECT = {
    "ru": "Это проба: цифры придут следующей репликой звонящего.",
    "en": "This is a rehearsal: the digits will be the caller's next line.",
}


class RehearsalLine:
    """An agentworker.tools.line.Line. What happened since `begin` stands in its attributes."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.begin()

    def begin(self) -> None:
        """Of the next line of the caller."""
        self.uses: list[Use] = []
        self.transferred, self.ended = "", False

    async def transfer(self, target: str, whom: str, _note: str) -> str:
        """A transfer ends an assistant's part in the call."""
        self.transferred, self.ended = whom or target, True
        return ""

    async def message(self, _text: str, _when: str, _number: str) -> str:
        return SPOKEN[self._language]["noted"]

    async def call_back(self, _when: str, _number: str) -> str:
        return SPOKEN[self._language]["will_call"]

    async def end(self) -> None:
        self.ended = True

    async def press(self, _digits: str) -> str:
        return SPOKEN[self._language]["pressed"]

    async def collect(self, _count: int, _seconds: float) -> str:
        return COLLECT[self._language]

    def used(self, use: Use) -> None:
        self.uses.append(use)
