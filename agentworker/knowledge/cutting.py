"""A text in passages: each so long that one answers a question, and begins with its heading."""

import re
from collections.abc import Iterator

# About a minute of speech: more than that nobody says in one answer.
LENGTH = 700
PARAGRAPHS = re.compile(r"\n\s*\n")
SENTENCES = re.compile(r"(?<=[.!?…;])\s+|\n")
# It stands in each passage below it, so what is longer is no heading.
HEADING = re.compile(r"#{1,6}\s+(.{1,200})")


def passages(text: str) -> list[str]:
    """In their order. Every word of the text stands in one, a heading in each of those below it."""
    found: list[str] = []
    heading, held = "", ""
    for piece in _pieces(text):
        title = HEADING.fullmatch(piece)
        if title or len(held) + len(piece) > LENGTH:
            found += _whole(heading, held)
            held = ""
        if title:
            # A heading that has nothing below it is told all the same.
            if not held and heading and not _has(found, heading):
                found.append(heading)
            heading = title[1].strip()
        else:
            held = f"{held}\n{piece}" if held else piece
    found += _whole(heading, held)
    if heading and not _has(found, heading):
        found.append(heading)
    return found


def _has(found: list[str], heading: str) -> bool:
    return bool(found) and found[-1].split("\n", 1)[0] == heading


def _whole(heading: str, held: str) -> list[str]:
    if not held:
        return []
    return [f"{heading}\n{held}" if heading else held]


def _pieces(text: str) -> Iterator[str]:
    """Headings, and paragraphs that are short enough, or their sentences, or parts of those."""
    for block in PARAGRAPHS.split(text):
        for line in _headings_apart(block):
            if HEADING.fullmatch(line) or len(line) <= LENGTH:
                yield line
            else:
                yield from _sentences(line)


def _headings_apart(block: str) -> Iterator[str]:
    held: list[str] = []
    for line in block.splitlines():
        if HEADING.fullmatch(line.strip()):
            if held:
                yield "\n".join(held)
            held = []
            yield line.strip()
        elif line.strip():
            held.append(line.strip())
    if held:
        yield "\n".join(held)


def _sentences(block: str) -> Iterator[str]:
    for sentence in SENTENCES.split(block):
        while len(sentence) > LENGTH:
            end = sentence.rfind(" ", 0, LENGTH)
            end = end if end > 0 else LENGTH
            yield sentence[:end]
            sentence = sentence[end:].strip()
        if sentence.strip():
            yield sentence.strip()
