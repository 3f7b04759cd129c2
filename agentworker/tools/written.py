"""What a tool sends and reads back, as staff write it: one a line. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop as _

from veyra.sentences import Sentence

NAME = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)
HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
# What a request says of itself is not for a person to say.
NOT_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
OPTIONAL = "?"
MOST_LINES = 20
Row = dict[str, Any]

SENDS_HOW = _(
    "Line %(number)s: write a short name in Latin letters, an equals sign and what it is, such as"
    " “number = the number of the order”. A question mark after the name: it may be missing."
)
READS_HOW = _(
    "Line %(number)s: write how it is called, an equals sign and where it stands in the answer,"
    " such as “state = order.state”."
)
HEADER_HOW = _(
    "Line %(number)s: write a name, a colon and a value, such as “Authorization: Bearer {key}”."
)
TOO_MANY = _("These are too many lines. Write at most %(most)s.")


class WrittenError(ValueError):
    """`sentences` name each line that cannot be read, and say what to write."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        super().__init__("; ".join(each.msgid for each in sentences))
        self.sentences = sentences


def _pairs(text: str, sign: str, how: str) -> Iterable[tuple[int, str, str]]:
    """Raises WrittenError."""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise WrittenError([Sentence(TOO_MANY, {"most": MOST_LINES})])
    found, wrong = [], []
    for number, line in lines:
        left, found_sign, right = (part.strip() for part in line.partition(sign))
        if found_sign and left and right:
            found.append((number, left, right))
        else:
            wrong.append(Sentence(how, {"number": number}))
    if wrong:
        raise WrittenError(wrong)
    return found


def _checked(
    pairs: Iterable[tuple[int, str, str]], how: str, is_good: Any
) -> list[tuple[str, str]]:
    pairs = list(pairs)
    wrong = [Sentence(how, {"number": n}) for n, left, right in pairs if not is_good(left, right)]
    if wrong:
        raise WrittenError(wrong)
    return [(left, right) for _number, left, right in pairs]


def parse_sends(text: str) -> list[Row]:
    """ "number = the number of the order" -> name, about, required. Raises WrittenError."""
    found = _checked(
        _pairs(text, "=", SENDS_HOW),
        SENDS_HOW,
        lambda left, _right: NAME.fullmatch(left.removesuffix(OPTIONAL).strip()),
    )
    return [
        {
            "name": left.removesuffix(OPTIONAL).strip(),
            "about": about,
            "required": not left.endswith(OPTIONAL),
        }
        for left, about in found
    ]


def parse_reads(text: str) -> list[Row]:
    """ "state = order.state" -> name, path. Raises WrittenError."""
    return [{"name": left, "path": right} for _n, left, right in _pairs(text, "=", READS_HOW)]


def parse_headers(text: str) -> list[Row]:
    """ "Authorization: Bearer {key}" -> name, value. Raises WrittenError."""
    found = _checked(
        _pairs(text, ":", HEADER_HOW),
        HEADER_HOW,
        lambda left, right: (
            HEADER.fullmatch(left) and left.lower() not in NOT_OURS and right.isprintable()
        ),
    )
    return [{"name": left, "value": right} for left, right in found]


def format_sends(rows: Iterable[Mapping[str, Any]]) -> str:
    """What `parse_sends` reads back."""
    marked = ((each, "" if each.get("required") else OPTIONAL) for each in rows)
    return "\n".join(f"{each['name']}{mark} = {each['about']}" for each, mark in marked)


def format_reads(rows: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(f"{each['name']} = {each['path']}" for each in rows)


def format_headers(rows: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(f"{each['name']}: {each['value']}" for each in rows)


LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            *("a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p"),
            *("r", "s", "t", "u", "f", "h", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"),
        ],
        strict=True,
    )
)
LONGEST_NAME = 40


def named(kind: str, label: str, taken: Iterable[str]) -> str:
    """A name of Latin letters by which a mind calls a tool, and which no other tool has."""
    latin = "".join(LATIN.get(each, each) for each in label.casefold())
    words = re.findall(r"[a-z0-9]+", latin)
    name = "_".join([kind, *words])[:LONGEST_NAME].rstrip("_")
    others, number = set(taken), 2
    while name in others:
        name, number = f"{name[: LONGEST_NAME - 4].rstrip('_')}_{number}", number + 1
    return name
