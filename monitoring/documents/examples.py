"""Programs of `examples/`, line by line."""

import re

from monitoring.documents.library import EXAMPLES

_NAMED = re.compile(r"^(?:def|class) (\w+)")


def read_example(name: str) -> list[tuple[str, str]]:
    """(the name of what begins in this line, or "", the line)."""
    lines = (EXAMPLES / name).read_text().splitlines()
    return [(found[1] if (found := _NAMED.match(line)) else "", line) for line in lines]
