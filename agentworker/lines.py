"""Menus and rules as staff write them: one a line, "what = answer", or "what = answer -> deed"."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_noop as _

from agentworker import deeds
from veyra.sentences import Sentence

KEYS = "0123456789"
Item = dict[str, Any]


class LinesError(ValueError):
    """Lines that cannot be read; `sentences` names each and says what to write instead."""

    def __init__(self, sentences: list[Sentence]) -> None:
        super().__init__("; ".join(sentence.msgid for sentence in sentences))
        self.sentences = sentences


def parse_menu(text: str) -> list[Item]:
    """ "1 opening hours = We are open from 9 to 18" -> press, about, say; with a deed also do, to.

    Raises LinesError.
    """
    items = _parse(text, _menu_item)
    seen: dict[str, int] = {}
    twice = []
    for number, item in items:
        if item["press"] in seen:
            msgid = _("Line %(number)s: key %(key)s is taken by line %(first)s already.")
            values = {"number": number, "key": item["press"], "first": seen[item["press"]]}
            twice.append(Sentence(msgid, values))
        seen.setdefault(item["press"], number)
    if twice:
        raise LinesError(twice)
    return [item for _number, item in items]


def parse_rules(text: str) -> list[Item]:
    """ "price, cost = Delivery is free" -> words, say. Raises LinesError."""
    return [item for _number, item in _parse(text, _rule)]


def format_menu(items: list[Item]) -> str:
    """What `parse_menu` reads back."""
    lines = []
    for item in items:
        left = f"{item['press']} {item.get('about', '')}".strip()
        lines.append(f"{left} = {item['say']}{deeds.written(item)}")
    return "\n".join(lines)


def format_rules(items: list[Item]) -> str:
    """What `parse_rules` reads back."""
    return "\n".join(
        f"{', '.join(item['words'])} = {item['say']}{deeds.written(item)}" for item in items
    )


def _parse(text: str, read: Callable[[int, str, str], Item | Sentence]) -> list[tuple[int, Item]]:
    """Each line that is not empty, with its number from 1."""
    items, wrong = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        left, equals, right = (part.strip() for part in line.partition("="))
        if equals and left and right:
            found = _with_deed(read, number, left, " ".join(right.split()))
        else:
            found = Sentence(
                _("Line %(number)s: write it as “what = what to say”."), {"number": number}
            )
        if isinstance(found, Sentence):
            wrong.append(found)
        else:
            items.append((number, found))
    if wrong:
        raise LinesError(wrong)
    return items


def _with_deed(
    read: Callable[[int, str, str], Item | Sentence], number: int, left: str, right: str
) -> Item | Sentence:
    say, deed = deeds.split(right)
    done = deeds.read(number, deed) if deed else {}
    if isinstance(done, Sentence):
        return done
    item = read(number, left, say)
    return item if isinstance(item, Sentence) else item | done


def _menu_item(number: int, left: str, say: str) -> Item | Sentence:
    key, about = left[0], " ".join(left[1:].split())
    if key not in KEYS or left[1:2] not in ("", " "):
        msgid = _("Line %(number)s: begin with one key from 0 to 9, as in “1 opening hours = …”.")
        return Sentence(msgid, {"number": number})
    return {"press": key, "about": about, "say": say}


def _rule(number: int, left: str, say: str) -> Item | Sentence:
    words = [" ".join(word.split()) for word in left.split(",") if word.strip()]
    if not words:
        msgid = _("Line %(number)s: name at least one word before the equals sign.")
        return Sentence(msgid, {"number": number})
    return {"words": words, "say": say}
