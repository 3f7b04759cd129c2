"""Sections in which words stand, in any of their forms; the best first."""

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


@dataclass(frozen=True)
class Found:
    document: Document
    section: Section

    def words(self, wanted: str) -> list[tuple[str, bool]]:
        """A stretch of the text around the first such word: (piece, is it one)."""
        text = " ".join(self.section.text.replace("|", " ").replace("`", "").split())
        first = 0
        for piece, is_wanted in pieces(text, wanted):
            if is_wanted:
                break
            first += len(piece)
        start = max(0, min(first, len(text)) - SHOWN // 3)
        return list(pieces(text[start : start + SHOWN], wanted))


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
