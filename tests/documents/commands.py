"""The commands that a document names, in blocks and in the text."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.documents.library import Document, documents

_SCRIPT = r"(?:\./)?scripts/\w+\.(?:sh|py)|\S+/promtool|\S*/?python|manage\.py"
_BEGINS = re.compile(rf"(?:make|docker|curl|export|cd|pytest|{_SCRIPT})(?: |$)")
_FENCED = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}(\S.*)$", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
# What stands for something of the reader's own: the same word in each language.
_OWN = {"ИМЯ": "NAME"}


@dataclass(frozen=True, order=True)
class Command:
    """`words`: as a shell splits them, without what follows a “#”."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def program(self) -> str:
        """ "manage.py", whatever Python runs it; else the first word."""
        return "manage.py" if "manage.py" in self.words[:2] else self.words[0]

    @property
    def given(self) -> tuple[str, ...]:
        """What the program is given."""
        return self.words[self.words.index(self.program) + 1 :]


def commands(document: Document) -> set[Command]:
    source = document.source
    blocks = "\n".join([*_FENCED.findall(source), *_INDENTED.findall(source)])
    lines = [*blocks.replace("\\\n", " ").splitlines(), *_INLINE.findall(source)]
    return {_read(line) for line in lines if _BEGINS.match(line) and line != "manage.py"}


def every(programs: Iterable[str]) -> list[Command]:
    """Of these programs, in all documents."""
    found = {each for document in documents().values() for each in commands(document)}
    return sorted(each for each in found if each.program in programs)


def _read(line: str) -> Command:
    words = shlex.split(line, comments=True)
    return Command(tuple(_OWN.get(word, word) for word in words))
