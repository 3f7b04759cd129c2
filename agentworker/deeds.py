"""What is done after an answer, as staff write it at the end of a line: "-> transfer: Sales"."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from veyra.sentences import Sentence

Item = Mapping[str, Any]
ARROW = re.compile(r"\s*(?:->|=>|→|➔)\s*(?=[^\W\d_])")
# The first of each is what is shown; staff may write any, in either language.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "transfer": {
        "ru": ("перевести", "соединить", "перевод"),
        "en": ("transfer", "connect"),
    },
    "message": {
        "ru": ("сообщение", "записать сообщение", "перезвонить"),
        "en": ("message", "take a message", "call back"),
    },
    "end": {
        "ru": ("завершить звонок", "завершить", "положить трубку"),
        "en": ("hang up", "end", "end the call"),
    },
}
KINDS = {word: do for do, spoken in WORDS.items() for words in spoken.values() for word in words}

UNKNOWN = _(
    "Line %(number)s: after the arrow write what is to be done: “transfer: Sales”, “message” or"
    " “hang up”."
)
NOBODY = _(
    "“%(whom)s” is nobody to whom this assistant may transfer calls. Name one of those under “What"
    " it may do”: %(names)s."
)
NO_TRANSFER = _(
    "A key or a word transfers the call, but the assistant may not transfer calls. Add “Connect"
    " with a person” under “What it may do”."
)


def split(text: str) -> tuple[str, str]:
    """ "I am connecting you. -> transfer: Sales" -> what is said, what is done ("": nothing)."""
    arrow = ARROW.search(text)
    return (text[: arrow.start()].strip(), text[arrow.end() :].strip()) if arrow else (text, "")


def read(number: int, text: str) -> dict[str, str] | Sentence:
    """ "transfer: Sales" -> do, to."""
    what, _colon, whom = (part.strip() for part in text.partition(":"))
    do = KINDS.get(" ".join(what.casefold().split()))
    if do is None or (whom and do != "transfer"):
        return Sentence(UNKNOWN, {"number": number})
    return {"do": do, "to": " ".join(whom.split())} if whom else {"do": do}


def written(item: Item) -> str:
    """What `split` and `read` read back; "" where nothing is done."""
    do, whom = item.get("do", ""), item.get("to", "")
    if not do:
        return ""
    word = WORDS[do]["en" if (get_language() or "").startswith("en") else "ru"][0]
    return f" -> {word}: {whom}" if whom else f" -> {word}"


def problems(items: Iterable[Item], tools: Iterable[Item]) -> list[Sentence]:
    """Of the lines of menu and rules: transfers to whom the assistant's tools do not know."""
    names = [str(tool.get("whom", "")) for tool in tools if tool.get("kind") == "transfer"]
    known = {name.casefold() for name in names}
    found = []
    for item in items:
        whom = str(item.get("to", ""))
        if item.get("do") != "transfer" or whom.casefold() in known or (names and not whom):
            continue
        values = {"whom": whom, "names": ", ".join(names)}
        found.append(Sentence(NOBODY, values) if names else Sentence(NO_TRANSFER))
    return list({str(each.to_json()): each for each in found}.values())
