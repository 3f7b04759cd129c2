"""Sections in which words stand, in any of their forms; the best first."""

import re
from dataclasses import dataclass
from functools import cache

from agentworker.knowledge.ranking import rank
from monitoring.documents.library import Document, of_language
from monitoring.documents.writing import Section
from veyra.wordforms import pieces, stems

MOST = 20
SHOWN = 220
# A word of a title says more than one of the text.
TITLE = 3
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
# The line of the version, and the text of a diagram: nobody reads them as sentences.
_ASIDE = re.compile(
    r"^> (?:Версия|Version) [^\n]*$|^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL
)
_MARKS = re.compile(r"\||`|[*#]+|-{3,}|<a id=\S+></a>")


@dataclass(frozen=True)
class Found:
    document: Document
    section: Section

    def words(self, wanted: str) -> list[tuple[str, bool]]:
        """A stretch of the text around the first such word: (piece, is it one)."""
        told = _LINK.sub(r"\1", _ASIDE.sub("", self.section.text))
        text = " ".join(_MARKS.sub("", told).split())
        first = 0
        for piece, is_wanted in pieces(text, wanted):
            if is_wanted:
                break
            first += len(piece)
        start = text.rfind(" ", 0, max(0, min(first, len(text)) - SHOWN // 3)) + 1
        end = start + SHOWN
        cut = len(text) if end >= len(text) else max(text.rfind(" ", start, end), start + 1)
        return list(pieces(text[start:cut], wanted))


@cache
def _sections(language: str) -> tuple[tuple[Found, list[str]], ...]:
    found = [Found(each, one) for each in of_language(language) for one in each.written.sections]
    return tuple((one, _stems(one.section)) for one in found)


def _stems(section: Section) -> list[str]:
    return stems(section.title) * TITLE + stems(section.text)


def search(wanted: str, language: str) -> list[Found]:
    every = _sections(language)
    asked = set(stems(wanted))
    holding = {at: words for at, (_one, words) in enumerate(every) if asked & set(words)}
    return [every[at][0] for at in rank(sorted(asked), holding, len(every))[:MOST]]
