"""Words in any of their forms: what was said is found by “доставка” as by “доставку”.

Stems are made here, for every database alike, so that all give the same answers. A text is stored
beside its stems, and PostgreSQL has an index of them; SQLite reads through the rows.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import snowballstemmer
from django.core.exceptions import EmptyResultSet
from django.db import models

WORD = re.compile(r"[^\W_]+")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")


def stems(text: str) -> list[str]:
    """The stem of each word, in their order: "Доставку!" -> ["доставк"]."""
    return [stem(word) for word in WORD.findall(text)]


@lru_cache(20_000)
def stem(word: str) -> str:
    """Each time by a new stemmer: one keeps what it works on, and threads would share it."""
    plain = _plain(word)
    language = "russian" if CYRILLIC.search(plain) else "english"
    return str(snowballstemmer.stemmer(language).stemWord(plain))


def pieces(text: str, wanted: str) -> Iterator[tuple[str, bool]]:
    """`text` cut where words of `wanted` stand in it, in any form, or begin as they are written
    there: (piece, is it such a word). The pieces joined are the text.
    """
    forms, beginnings = set(stems(wanted)), tuple(WORD.findall(_plain(wanted)))
    start = 0
    for found in WORD.finditer(text) if beginnings else ():
        if stem(found[0]) in forms or _plain(found[0]).startswith(beginnings):
            yield from ((text[start : found.start()], False), (found[0], True))
            start = found.end()
    yield text[start:], False


def _plain(text: str) -> str:
    return text.lower().replace("ё", "е")


class StemsField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """The stems of another field of the row, written whenever that is. Searched by `__says`."""

    def __init__(self, *args: Any, of: str, **options: Any) -> None:
        super().__init__(*args, **{"editable": False, "default": "", **options})
        self.of = of

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        # A space on either side of each, so that a stem is found whole.
        value = " ".join(["", *stems(getattr(model_instance, self.of)), ""])
        setattr(model_instance, self.attname, value)
        return value


@StemsField.register_lookup
class Says(models.Lookup):
    """Every word of a text stands there, in any form. A text without words finds nothing."""

    lookup_name = "says"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, given = self.process_lhs(compiler, connection)
        return " AND ".join([f"{column} LIKE %s"] * len(self.wanted)), [
            value for each in self.wanted for value in (*given, f"% {each} %")
        ]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """As its index is worded."""
        column, given = self.process_lhs(compiler, connection)
        return f"string_to_array({column}, ' ') @> %s::text[]", [*given, self.wanted]

    @property
    def wanted(self) -> list[str]:
        found = list(dict.fromkeys(stems(str(self.rhs))))
        if not found:
            raise EmptyResultSet
        return found
