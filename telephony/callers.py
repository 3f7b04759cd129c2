"""One telephone number, however it is written where it stands."""

from typing import Any

from django.db.models import QuerySet

from telephony.numbers import NumberError, e164, part_of_any_spelling


def one_spelling(text: str) -> str:
    """The same text for every spelling of a number: "8 (916) 123-45-67", "79161234567",
    "+79161234567" -> the last; "49301234567" -> "+49301234567". What is none stays as it is.
    """
    for spelled in (text, f"+{text}"):
        try:
            return e164(spelled)
        except NumberError:
            continue
    return text


def texts_of(rows: QuerySet[Any], column: str, number: str) -> list[str]:
    """The texts that stand for this number (E.164) in a column, each once."""
    part = {f"{column}__icontains": part_of_any_spelling(number)}
    found = rows.filter(**part).order_by().values_list(column, flat=True).distinct()
    return [text for text in found.iterator() if one_spelling(text) == number]
