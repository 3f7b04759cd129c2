"""docs/settings.md says what the code does."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "settings.md"
UNITS = {
    "": 1,
    "s": 1,
    "min": 60,
    "h": 3600,
    "days": 86400,
    "KiB": 1024,
    "MiB": 1024 * 1024,
}
ROW = re.compile(r"\| (?P<what>[^|]+) \| (?P<value>[\d.]+) ?(?P<unit>\w*) \| `(?P<where>\S+)` \|")
ROWS = [found.groupdict() for found in ROW.finditer(PAGE.read_text())]


def test_every_table_is_read() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    heads = [line for line in lines if line.startswith(("| What |", "| ---"))]
    # A call out is never repeated, and AGENT_CALLS is no constant.
    assert len(ROWS) == len(lines) - len(heads) - 2


@pytest.mark.parametrize("row", ROWS, ids=[row["where"] for row in ROWS])
def test_a_value_of_the_page_is_that_of_the_code(row: dict[str, str]) -> None:
    module, _colon, name = row["where"].partition(":")
    name, _dot, entry = name.partition(".")
    value: Any = getattr(import_module(module), name)
    if entry:
        value = value[entry]["schedule"]
    if isinstance(value, timedelta):
        value = value.total_seconds()
    assert value == pytest.approx(float(row["value"]) * UNITS[row["unit"]]), row["what"]
