"""The documents as who follows them reads them: a part, what it has pressed, what it has typed."""

import re

from tests.live.stack import ROOT


def part(place: str, heading: str) -> list[str]:
    """The paragraphs under a heading of a document, as far as the next heading."""
    text = (ROOT / place).read_text()
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{place} has no “{heading}”"
    return re.split(r"\n{2,}", found[1].strip())


def buttons(place: str, heading: str) -> list[list[str]]:
    """What is to be pressed, which stands in bold: of each paragraph that has any."""
    found = (re.findall(r"\*\*(.+?)\*\*", each, re.DOTALL) for each in part(place, heading))
    return [[" ".join(name.split()) for name in names] for names in found if names]


def commands(place: str, heading: str) -> list[str]:
    """What stands in blocks of the shell."""
    return re.findall(r"```sh\n(.*?)```", "\n\n".join(part(place, heading)), re.DOTALL)


def command(place: str, ending: str) -> str:
    """The one line of a document that is to be typed and ends so."""
    lines = (ROOT / place).read_text().splitlines()
    (found,) = (line.strip() for line in lines if line.startswith("    ") and line.endswith(ending))
    return found
