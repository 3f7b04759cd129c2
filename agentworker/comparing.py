"""What differs between two versions of an assistant's words, as people read it. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agentworker.lines import format_menu, format_rules
from agentworker.models import Language
from agentworker.parts.laid import PARTS
from agentworker.providers.catalog import Text
from agentworker.services import Words

NOTE_LENGTH = 300
# A word with the space behind it; what stands between words.
WORD = re.compile(r"\w+\s*|[^\w\s]+|\s+")


class Mark(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True)
class Piece:
    mark: Mark
    text: str


@dataclass(frozen=True)
class Entry:
    """One thing that an assistant is, in words. `label` names it, and is once in a list."""

    label: Text
    text: str


@dataclass(frozen=True)
class Difference:
    """The pieces of each side, joined, are that side's whole text."""

    label: Text
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def entries(words: Words) -> list[Entry]:
    """All of it, in the order of its page; what is empty too."""
    named = dict(Language.choices)
    own: Iterable[tuple[Text, str]] = (
        (_("Greeting"), words.greeting),
        (_("Its task"), words.instructions),
        (_("Keys of the telephone"), format_menu(words.menu)),
        (_("Answers to words"), format_rules(words.rules)),
        (_("When it did not understand"), words.fallback),
        (_("Goodbye"), words.goodbye),
        (_("Language"), str(named.get(words.language, words.language))),
        (_("What it asks before it records"), words.consent),
    )
    of_parts = (pair for part in PARTS for pair in part.told(words))
    return [Entry(label, text) for label, text in (*own, *of_parts)]


def differences(before: Words | None, after: Words) -> list[Difference]:
    """What is not the same. None: there was nothing before."""
    old = {str(each.label): each for each in entries(before)} if before else {}
    new = {str(each.label): each for each in entries(after)}
    found = []
    for label in old | new:
        was, now = (side[label].text if label in side else "" for side in (old, new))
        if was != now:
            found.append(Difference(label, *pieces(was, now)))
    return found


def pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts, cut where their words differ."""
    old, new = WORD.findall(before), WORD.findall(after)
    left, right = [], []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        same = kind == "equal"
        left += _piece(Mark.SAME if same else Mark.GONE, old[i1:i2])
        right += _piece(Mark.SAME if same else Mark.NEW, new[j1:j2])
    return tuple(left), tuple(right)


def _piece(mark: Mark, words: Sequence[str]) -> list[Piece]:
    return [Piece(mark, "".join(words))] if words else []


def note_of(found: Sequence[Difference], is_first: bool = False) -> str:
    """A sentence of what changed, in the language of whoever reads; "" where nothing did."""
    if is_first:
        return gettext("First version.")
    if not found:
        return ""
    what = ", ".join(_small(str(each.label)) for each in found)
    note = gettext("Changed: %(what)s.") % {"what": what}
    return note if len(note) <= NOTE_LENGTH else f"{note[: NOTE_LENGTH - 1]}…"


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]
