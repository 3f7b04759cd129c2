"""How a heading becomes an address: as GitHub makes it, so that one link is good in both. Pure."""

import re

# An address of its own, for a heading whose words differ from language to language. It stands on
# the line before the heading.
OWN = re.compile(r'^<a id="([\w-]+)"></a>\s*$')
_DROPPED = re.compile(r"[^\w\- ]")


def anchor(heading: str, taken: set[str]) -> str:
    """ "2. Проблемы SIP-подключения" -> "2-проблемы-sip-подключения". Adds it to `taken`."""
    wanted = _DROPPED.sub("", heading.strip().lower()).replace(" ", "-")
    found, count = wanted, 0
    while found in taken:
        count += 1
        found = f"{wanted}-{count}"
    taken.add(found)
    return found


def own_anchors(text: str) -> tuple[str, dict[int, str]]:
    """The text without such lines (blank ones in their place), and each by the number of its line,
    from 0.
    """
    lines, found = text.split("\n"), {}
    for number, line in enumerate(lines):
        if own := OWN.match(line):
            found[number] = own[1]
            lines[number] = ""
    return "\n".join(lines), found
