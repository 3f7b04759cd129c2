"""Kinds that do something to the call itself: a transfer, a message, its end, keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.tools.kind import Config, Done, Kind, Parameter, Scene

LONGEST_MESSAGE, LONGEST_NOTE = 1000, 200
MOST_KEYS, KEY_SECONDS = 20, 15.0
KEYS = frozenset("0123456789*#")

SAID = {
    "ru": {
        "transfer": "Переводит звонок: {whom}. Сначала скажи звонящему, что соединяешь.",
        "message": "Записывает сообщение звонящего для сотрудников или просьбу перезвонить.",
        "text": "Что передать, словами звонящего, с именем, если он его назвал.",
        "when": "Когда ему перезвонить, его словами; пусто, если неважно или не нужно.",
        "number": "Номер, по которому перезвонить, если звонящий просит другой; иначе пусто.",
        "note": "Одно предложение для сотрудника: кто звонит и чего хочет.",
        "end": "Завершает звонок. Сначала попрощайся.",
        "collect": "Ждёт, пока звонящий наберёт цифры на телефоне. Сначала попроси об этом.",
        "press": "Нажимает клавиши на линии, например чтобы пройти чужое голосовое меню.",
        "digits": "Какие клавиши: 0–9, * и #.",
        "pressed": "Нажато.",
    },
    "en": {
        "transfer": "Transfers the call: {whom}. First tell the caller that you are connecting.",
        "message": "Writes down the caller's message for the staff, or that he wants a call back.",
        "text": "What to pass on, in the caller's words, with his name if he gave it.",
        "when": "When to call him back, in his words; empty if it does not matter.",
        "number": "The number to call back, if the caller asks for another one; else empty.",
        "note": "One sentence for the colleague: who calls and what he wants.",
        "end": "Ends the call. Say goodbye first.",
        "collect": "Waits until the caller has typed digits on his telephone. Ask for it first.",
        "press": "Presses keys on the line, such as to pass somebody's voice menu.",
        "digits": "Which keys: 0–9, * and #.",
        "pressed": "Pressed.",
    },
}


def _note(_config: Config, language: str) -> Sequence[Parameter]:
    return (Parameter("note", SAID[language]["note"], is_required=False),)


def _nothing(_config: Config, _language: str) -> Sequence[Parameter]:
    return ()


def _words_of_message(_config: Config, language: str) -> Sequence[Parameter]:
    said = SAID[language]
    others = (Parameter(name, said[name], is_required=False) for name in ("when", "number"))
    return (Parameter("text", said["text"]), *others)


def _keys(config: Config, language: str) -> Sequence[Parameter]:
    if config.get("way") == "press":
        return (Parameter("digits", SAID[language]["digits"]),)
    return ()


async def _transfer(config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    whom, note = str(config.get("whom", "")), _text(args, "note")[:LONGEST_NOTE]
    return Done(await scene.line.transfer(str(config["to"]), whom, note))


async def _message(_config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    text, when, number = (_text(args, name) for name in ("text", "when", "number"))
    if not text:
        return Done(await scene.line.call_back(when, number))
    return Done(await scene.line.message(text, when, number))


def _text(args: Mapping[str, Any], name: str) -> str:
    return " ".join(str(args.get(name) or "").split())[:LONGEST_MESSAGE]


async def _end(_config: Config, scene: Scene, _args: Mapping[str, Any]) -> Done:
    await scene.line.end()
    return Done("")


async def _use_keys(config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    if config.get("way") == "press":
        digits = "".join(key for key in str(args.get("digits", "")) if key in KEYS)[:MOST_KEYS]
        return Done(await scene.line.press(digits))
    count = max(1, min(int(config.get("count") or MOST_KEYS), MOST_KEYS))
    return Done(await scene.line.collect(count, KEY_SECONDS))


TRANSFER = Kind(
    "transfer",
    _("Connect with a person"),
    _("A colleague or a group is rung, and told in short who calls. Nobody free: it goes on."),
    lambda config, language: SAID[language]["transfer"].format(whom=config.get("whom", "")),
    _note,
    _transfer,
    waits=True,
)
MESSAGE = Kind(
    "message",
    _("Take a message or a wish to be called back"),
    _("It stands in the list of calls to return, with what the caller said."),
    lambda _config, language: SAID[language]["message"],
    _words_of_message,
    _message,
)
END = Kind(
    "end",
    _("End the call"),
    _("When everything is said, it says goodbye and hangs up."),
    lambda _config, language: SAID[language]["end"],
    _nothing,
    _end,
    waits=True,
)
KEYS_KIND = Kind(
    "keys",
    _("Keys of the telephone"),
    _("The caller types a number, such as that of his order; or it presses keys itself."),
    lambda config, language: SAID[language]["press" if config.get("way") == "press" else "collect"],
    _keys,
    _use_keys,
    waits=True,
)
