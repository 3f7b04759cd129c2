"""Ears, a mind and a voice that always take as long: 100, 200 and 100 ms, by OpenAI's interface.

usage: python -m tests.bench.provider PORT
"""

import asyncio
import sys
from typing import Any

from aiohttp import web

from tests.providers.servers import OpenAILike, tone

EARS, MIND, VOICE = 0.1, 0.2, 0.1
DELAYS = {"transcriptions": EARS, "completions": MIND, "speech": VOICE}
# How long a letter of what is said sounds.
LETTER_SECONDS = 0.06
HEARS, SAYS = "Сколько стоит доставка?", "Доставка стоит триста рублей."


class Steady(OpenAILike):
    def __init__(self) -> None:
        super().__init__(hears=HEARS, says=SAYS)
        self._tones: dict[int, bytes] = {}

    async def bad(self, request: web.Request) -> web.StreamResponse | None:
        """Nothing is, but it takes its time."""
        self.asked.clear()
        await asyncio.sleep(DELAYS[request.path.rpartition("/")[2]])
        if not request.path.endswith("/speech"):
            return None
        asked: dict[str, Any] = await request.json()
        length = len(str(asked["input"]).strip())
        if length not in self._tones:
            self._tones[length] = tone(LETTER_SECONDS * length)
        return web.Response(body=self._tones[length], content_type="audio/wav")


def main(port: int) -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Steady().answer)
    web.run_app(app, host="127.0.0.1", port=port, print=lambda *_: None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
