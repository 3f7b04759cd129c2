"""Where a caller's number stands in what monitoring itself keeps: files, searches and the log."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import reduce
from operator import or_
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from monitoring.callfile import CallFile
from monitoring.erasure import CallerFile
from monitoring.filters import SavedFilter
from monitoring.made_file import MadeFile
from telephony.callers import one_spelling
from telephony.numbers import part_of_any_spelling, pretty
from veyra.audit_entries import AuditEntry, AuditEntryQuerySet
from veyra.models import KeptAnswer
from veyra.secrets import SecretError

CHUNK = 1 << 20
KEY = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY_LENGTH = 36


# Files with calls


def files_with(calls: Iterable[UUID]) -> list[CallFile]:
    """Those that hold one of these calls; and those that are being made, which may."""
    wanted = {str(key).encode() for key in calls}
    if not wanted:
        return []
    made = [row for row in CallFile.objects.ready() if not wanted.isdisjoint(_keys_in(row.path))]
    return [*made, *CallFile.objects.open()]


def _keys_in(path: Path) -> Iterator[bytes]:
    """Everything in a file that looks like the key of a call."""
    try:
        for file in _opened(path):
            rest = b""
            while chunk := file.read(CHUNK):
                yield from KEY.findall(rest + chunk)
                rest = (rest + chunk)[-KEY_LENGTH:]
    except (FileNotFoundError, zipfile.BadZipFile):
        return


def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file; of an Excel file, which is an archive, the files in it."""
    if path.suffix != ".xlsx":
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as part:
                yield part


def forget_files(rows: Iterable[MadeFile]) -> None:
    for row in rows:
        row.path.unlink(missing_ok=True)
        row.delete()


# Files about him


def files_about(number: str) -> list[CallerFile]:
    return [row for row in CallerFile.objects.all() if _is_about(row, number)]


def _is_about(row: CallerFile, number: str) -> bool:
    try:
        return bool(row.number == number)
    except SecretError:
        # Nobody can tell any more whom it is about.
        return True


# Kept searches


def filters_for(number: str) -> list[SavedFilter]:
    return [row for row in SavedFilter.objects.all() if is_search_for(row.query, number)]


def is_search_for(query: str, number: str) -> bool:
    """Does this search of the list of calls look for the number, however it is written?"""
    return number in _searched(query)


def _searched(query: str) -> set[str]:
    return {one_spelling(value.strip()) for name, value in parse_qsl(query) if name == "q"}


def numbers() -> Iterator[str]:
    """Everything that may be a number in what monitoring itself keeps."""
    for query in SavedFilter.objects.values_list("query", flat=True):
        yield from _searched(query)
    for row in CallerFile.objects.all():
        with suppress(SecretError):
            yield row.number


# The log of who did what


def log_of(number: str) -> list[LogEntry]:
    """Entries that name him. They stay: who did what, and when; the number in them goes."""
    named = [
        Q(object_repr__contains=one) | Q(change_message__contains=one) for one in _forms(number)
    ]
    found = {row.pk: row for row in LogEntry.objects.filter(reduce(or_, named))}
    of_files = ContentType.objects.get_for_model(CallFile)
    for row in LogEntry.objects.filter(content_type=of_files, change_message__contains="q="):
        if is_search_for(row.change_message, number):
            found[row.pk] = row
    return list(found.values())


def _forms(number: str) -> set[str]:
    """What stands in any text that names it."""
    return {part_of_any_spelling(number), pretty(number).removeprefix("+7 ")}


def changes_naming(number: str) -> AuditEntryQuerySet:
    """What staff changed in rows that name him, such as a rule for certain callers."""
    return AuditEntry.objects.naming(_forms(number))  # type: ignore[no-any-return]  # auditlog ships no types


def forget_in_changes(rows: AuditEntryQuerySet) -> None:
    """That something was changed stays; what it was goes."""
    rows.update(object_repr="—", changes={})


# What programs were answered


def answers_naming(number: str) -> list[KeptAnswer]:
    """Such as that a call to him was asked for."""
    forms = _forms(number)
    rows = KeptAnswer.objects.exclude(body=None)
    return [row for row in rows if any(form in json.dumps(row.body) for form in forms)]


def forget_answers(rows: Iterable[KeptAnswer]) -> None:
    for row in rows:
        row.delete()


def forget_in_log(rows: Iterable[LogEntry]) -> None:
    for row in rows:
        LogEntry.objects.filter(pk=row.pk).update(object_repr="—", change_message="")
