"""Files with numbers, CSV and Excel: read into rows, and written so that they can be read again.

Columns are found by their headings, in any language of the pages. A column that is missing, or an
empty cell, leaves what is saved as it is.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import openpyxl
from django.conf import settings
from django.utils.translation import get_language, gettext, gettext_noop, override
from openpyxl.utils.exceptions import InvalidFileException

from veyra.sentences import Sentence

MOST_ROWS = 20_000
MOST_BYTES = 2_000_000
# An Excel file is packed; nobody's numbers need more than this when unpacked.
MOST_UNPACKED = 100_000_000
TOO_LARGE = gettext_noop("The file is too large. Split it into several.")

HEADINGS = {
    "number": gettext_noop("Number"),
    "label": gettext_noop("What it is for"),
    "trunk": gettext_noop("Provider connection"),
    "reserve": gettext_noop("Reserve connection"),
    "rules": gettext_noop("Who answers"),
    "is_active": gettext_noop("In use"),
}
YES, NO = gettext_noop("yes"), gettext_noop("no")
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t")


class FileError(ValueError):
    """The file cannot be read as a whole; `sentence` says why."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


@dataclass(frozen=True)
class Row:
    """One line of the file as it was written; texts are empty where it says nothing."""

    line: int
    number: str = ""
    label: str = ""
    trunk: str = ""
    reserve: str = ""
    rules: str = ""
    is_active: str = ""


def read(name: str, data: bytes) -> list[Row]:
    """The rows of a file. Raises FileError."""
    if len(data) > MOST_BYTES:
        raise FileError(TOO_LARGE)
    is_excel = name.lower().endswith(".xlsx") or data.startswith(b"PK")
    return rows_of(_excel(data) if is_excel else _csv(_text(data)))


def read_text(text: str) -> list[Row]:
    """The rows of what `as_text` wrote. Raises FileError."""
    return rows_of(_csv(text))


def rows_of(cells: Iterable[Sequence[str]]) -> list[Row]:
    lines = iter(cells)
    places = _places(next(lines, []))
    found = []
    for line, values in enumerate(lines, 2):
        named = {name: values[place] for place, name in places.items() if place < len(values)}
        if any(named.values()):
            found.append(Row(line, **named))
        if len(found) > MOST_ROWS:
            raise FileError(
                gettext_noop("The file has more than %(most)d lines. Split it into several."),
                most=MOST_ROWS,
            )
    if not found:
        raise FileError(gettext_noop("There are no numbers under the headings of this file."))
    return found


def _places(headings: Sequence[str]) -> dict[int, str]:
    known = _known_headings()
    places = {
        place: known[text.strip().lower()]
        for place, text in enumerate(headings)
        if text.strip().lower() in known
    }
    if "number" not in places.values():
        raise FileError(
            gettext_noop(
                "The first line must have headings, one of them “%(number)s”. Save your numbers"
                " to a file once to see how it looks."
            ),
            number=gettext(HEADINGS["number"]),
        )
    return places


def _known_headings() -> dict[str, str]:
    """Heading in lower case, in every language -> field."""
    known: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            known |= {gettext(msgid).lower(): name for name, msgid in HEADINGS.items()}
    return known | {msgid.lower(): name for name, msgid in HEADINGS.items()}


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", "replace")  # Russian Excel


def _csv(text: str) -> Iterator[list[str]]:
    heading = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=heading.count)
    try:
        for cells in csv.reader(io.StringIO(text), delimiter=delimiter):
            yield [_plain(cell) for cell in cells]
    except csv.Error as error:
        raise FileError(gettext_noop("The file is no CSV table. Save it anew as CSV.")) from error


def _excel(data: bytes) -> Iterator[list[str]]:
    broken = gettext_noop("The file is no Excel table (.xlsx). Save it anew, or as CSV.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                raise FileError(TOO_LARGE)
        sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True).active
        for cells in sheet.iter_rows(values_only=True):
            yield [_cell(value) for value in cells]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, AttributeError, OSError) as error:
        raise FileError(broken) from error


def _cell(value: object) -> str:
    """Excel keeps a number that looks like one as a float."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else _plain(str(value))


def _plain(text: str) -> str:
    text = text.replace("\x00", "").strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def as_yes_or_no(text: str) -> bool | None:
    """What a cell of "In use" says; None: nothing that we understand."""
    said = text.strip().lower()
    for language, _name in settings.LANGUAGES:
        with override(language):
            if said == gettext(YES):
                return True
            if said == gettext(NO):
                return False
    return {"1": True, "true": True, "+": True, "0": False, "false": False, "-": False}.get(said)


# Writing


def _table(rows: Iterable[Row]) -> Iterator[list[str]]:
    names = [field.name for field in fields(Row)][1:]
    yield [gettext(HEADINGS[name]) for name in names]
    for row in rows:
        # A number was checked when it was saved, and begins with its plus.
        yield [row.number, *(_harmless(getattr(row, name)) for name in names[1:])]


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def as_text(rows: Iterable[Row], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(_table(rows))
    return text.getvalue()


def as_field(rows: Iterable[Row]) -> str:
    """As the form carries them from the first look to the saving. Raises FileError."""
    text = as_text(rows)
    if len(text.encode()) > MOST_BYTES:
        raise FileError(TOO_LARGE)
    return text


def as_csv(rows: Iterable[Row]) -> bytes:
    """As Excel opens it in the reader's language: a Russian one separates by semicolons."""
    delimiter = ";" if get_language() == "ru" else ","
    return as_text(rows, delimiter).encode("utf-8-sig")


def as_excel(rows: Iterable[Row]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for cells in _table(rows):
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
