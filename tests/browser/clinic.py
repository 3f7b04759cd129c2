"""A dental clinic: its price list, what its callers say, and a mind and ears for its assistant."""

import io
import json
import re
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from docx import Document

from agentworker.espeak import engine
from tests.agent.talking import Thinking
from tests.providers.servers import OpenAILike

PRICES = {
    "Профессиональная чистка зубов": "4500 рублей",
    "Лечение кариеса": "6200 рублей",
    "Удаление зуба": "3800 рублей",
}
PRICE = "Чистка стоит 4500 рублей."
ASKS_PRICE = "Сколько стоит чистка зубов?"
ASKS_PERSON = (
    "Соедините меня пожалуйста с администратором клиники по поводу записи на завтрашнее утро."
)
CONNECTS = "Соединяю с администратором."
SUMMARY = "Звонящий спросил цену чистки. Его соединили с администратором."
# What is shorter than this, with the silence around it, is the question about the price.
LONG_SECONDS = 4.0
Answer = str | tuple[str, str, Mapping[str, Any]]


def price_list(path: Path) -> Path:
    """As Word writes it."""
    document = Document()
    document.add_heading("Прайс-лист клиники", 1)
    table = document.add_table(rows=0, cols=2)
    for name, price in PRICES.items():
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, price
    document.save(str(path))
    return path


def spoken(path: Path, *pieces: str | float) -> Path:
    """A WAV of sentences, and of silences in seconds between them."""
    rate = engine().rate
    sound = b"".join(
        engine().speak(each, "ru", 140) if isinstance(each, str) else bytes(2 * int(rate * each))
        for each in pieces
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound)
    return path


def answer_to(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Answer:
    """It knows no price by itself: it says what it reads in the passage that it looked up."""
    said = str(messages[-1]["content"])
    if messages[-1]["role"] == "tool":
        found = re.search(r"чистк[^\n]*?(\d+ рублей)", said, re.IGNORECASE)
        return f"Чистка стоит {found[1]}." if found else "Этого в прайс-листе нет."
    if "ДА или НЕТ" in said:
        return "ДА. Он здоровается и вежлив."
    if "JSON" in said:
        return json.dumps({"summary": SUMMARY, "outcome": "Соединили", "noted": {}})
    if "администратор" in said.lower():
        person = next(each for each in tools if each.startswith("transfer"))
        return CONNECTS, person, {"note": "Хочет записаться"}
    if "стоит" in said:
        return "", "look_up", {"words": said}
    return "Слушаю вас."


class Desk(Thinking):
    """The mind and the ears."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/audio/transcriptions"):
            file = (await request.post())["file"]
            sound = file.file.read() if isinstance(file, web.FileField) else b""
            self.hears = ASKS_PERSON if seconds(sound) > LONG_SECONDS else ASKS_PRICE
        return await super().answer(request)

    async def think(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if not body.get("stream"):
            return await OpenAILike.think(self, request, body)
        tools = [each["function"]["name"] for each in body.get("tools", [])]
        self.answers = [answer_to(body["messages"], tools)]
        return await super().think(request, body)


def seconds(sound: bytes) -> float:
    """Of a WAV; its header need not know how long it is."""
    with wave.open(io.BytesIO(sound)) as file:
        second: int = 2 * file.getnchannels() * file.getframerate()
    return (len(sound) - 44) / second
