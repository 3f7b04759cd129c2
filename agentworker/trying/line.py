"""The line on which an assistant is rehearsed: what it does there is noted, and nobody is rung."""

from agentworker.tools.line import Use

SAID = {
    "ru": {
        "noted": "Записано: сотрудники это прочтут и перезвонят, если нужно.",
        "call_back": "Записано: ему перезвонят.",
        "pressed": "Нажато.",
        "collect": "Это проба: цифры придут следующей репликой звонящего.",
    },
    "en": {
        "noted": "Written down: the staff will read it, and call back if need be.",
        "call_back": "Written down: he will be called back.",
        "pressed": "Pressed.",
        "collect": "This is a rehearsal: the digits will be the caller's next line.",
    },
}


class RehearsalLine:
    """An agentworker.tools.line.Line. What happened since `begin` stands in its attributes."""

    def __init__(self, language: str) -> None:
        self._said = SAID[language]
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
        return self._said["noted"]

    async def call_back(self, _when: str, _number: str) -> str:
        return self._said["call_back"]

    async def end(self) -> None:
        self.ended = True

    async def press(self, _digits: str) -> str:
        return self._said["pressed"]

    async def collect(self, _count: int, _seconds: float) -> str:
        return self._said["collect"]

    def used(self, use: Use) -> None:
        self.uses.append(use)
