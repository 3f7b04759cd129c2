"""docs/settings.md, in each language, says what the code does."""

import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from monitoring.documents.library import LANGUAGES, documents

UNITS = {
    ("", ""): 1,
    ("s", "с"): 1,
    ("min", "мин"): 60,
    ("h", "ч"): 3600,
    ("days", "дн"): 86400,
    ("KiB", "КиБ"): 1024,
    ("MiB", "МиБ"): 1024 * 1024,
}
ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<value>[\d.,]+) ?(?P<unit>\w*) \| `(?P<where>\S+)` \|$",
    re.MULTILINE,
)


def tables(language: str) -> str:
    """What the code decides: the second half of the page."""
    _installation, _heading, decided = documents()["settings", language].source.partition(
        {"ru": "\n## Что решает код\n", "en": "\n## What the code decides\n"}[language]
    )
    return decided


def rows(language: str) -> list[dict[str, str]]:
    return [found.groupdict() for found in ROW.finditer(tables(language))]


def told(row: dict[str, str]) -> float:
    unit = next(size for names, size in UNITS.items() if row["unit"] in names)
    return float(row["value"].replace(",", ".")) * unit


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_read(language: str) -> None:
    lines = [line for line in tables(language).splitlines() if line.startswith("| ")]
    heads = [line for line in lines if line.startswith(("| What |", "| Что |", "| ---"))]
    # A call out is never repeated, and AGENT_CALLS is no constant.
    assert len(rows(language)) == len(lines) - len(heads) - 2


def test_both_languages_tell_the_same() -> None:
    russian, english = ([(row["where"], told(row)) for row in rows(one)] for one in LANGUAGES)
    assert russian == english


@pytest.mark.parametrize("row", rows("en"), ids=[row["where"] for row in rows("en")])
def test_a_value_of_the_page_is_that_of_the_code(row: dict[str, str]) -> None:
    module, _colon, name = row["where"].partition(":")
    name, _dot, entry = name.partition(".")
    value: Any = getattr(import_module(module), name)
    if entry:
        value = value[entry]["schedule"]
    if isinstance(value, timedelta):
        value = value.total_seconds()
    assert value == pytest.approx(told(row)), row["what"]
