"""Tables as files: CSV as a spreadsheet of the reader's language opens it, and Excel. Pure but for
the file that is written.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# Lines that an Excel sheet holds, one of them the headings.
MOST_LINES = 1_048_576
LONGEST_TEXT = 32_767
COLUMNS, WIDTH = 16, 20
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# What XML has no place for, besides what openpyxl knows of.
NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
# A number as people read it begins with a plus; in groups it is no sum, and no spreadsheet counts.
NUMBER = re.compile(r"\+[0-9]+( [0-9-]+)+")

# A time is that of the reader, without a zone.
Cell = str | int | datetime | None
Write = Callable[[Sequence[Cell]], None]


def plain(text: str) -> str:
    """Without what a table cannot hold."""
    return NO_CHARACTER.sub("", ILLEGAL_CHARACTERS_RE.sub("", text))[:LONGEST_TEXT]


def as_csv(cell: Cell) -> str:
    """A text that no spreadsheet takes for a formula, nor a telephone number for a number."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if cell is None or isinstance(cell, int):
        return "" if cell is None else str(cell)
    text = plain(cell)
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


@contextmanager
def csv_file(path: Path, language: str) -> Iterator[Write]:
    """A Russian spreadsheet separates by semicolons."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, delimiter=";" if language == "ru" else ",")
        yield lambda cells: out.writerow([as_csv(cell) for cell in cells])


@contextmanager
def excel_file(path: Path, language: str) -> Iterator[Write]:
    """Line by line: however long it is, little of it is in memory."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for column in ascii_uppercase[:COLUMNS]:
        sheet.column_dimensions[column].width = WIDTH

    def excel(cell: Cell) -> Any:
        if not isinstance(cell, str):
            return cell
        text = plain(cell)
        if not text.startswith(("=", "#")):
            return text
        made = WriteOnlyCell(sheet, text)
        # Neither a formula nor an error, whatever it begins with.
        made.data_type = "s"
        return made

    try:
        yield lambda cells: sheet.append([excel(cell) for cell in cells])
        book.save(path)
    except BaseException:
        _drop(sheet)
        raise


def _drop(sheet: Any) -> None:
    """Remove the file in which openpyxl keeps the lines until they are saved."""
    if not sheet.closed:
        sheet.close()
    with suppress(OSError, ValueError):
        sheet._writer.cleanup()


WRITERS: dict[str, Callable[[Path, str], AbstractContextManager[Write]]] = {
    "csv": csv_file,
    "xlsx": excel_file,
}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
