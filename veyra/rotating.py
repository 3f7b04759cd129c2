"""Secrets at rest, sealed anew by the first key of FIELD_KEYS, so that the others can be dropped.

A secret stands in a column of its own, or within JSON: of a change that is planned for later, of a
second factor. Both are found by their mark, in every table that there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from veyra.secrets import PREFIX, EncryptedTextField, SecretError, decrypt, encrypt

# As Fernet's texts begin.
MARK = f"{PREFIX}gAAAA"
SEALED = re.compile(re.escape(MARK) + r"[\w-]+={0,2}")


@dataclass
class Rotated:
    """How many were sealed anew, and where one is that no key opens: ("app.Model.column", pk)."""

    count: int = 0
    lost: tuple[tuple[str, Any], ...] = ()


def columns() -> Iterator[tuple[type[models.Model], Any]]:
    """Every column that may hold a secret."""
    for model in apps.get_models():
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField | models.JSONField):
                yield model, field


def rotate() -> Rotated:
    """May run while everything runs, twice, and be killed: each value is written for itself, and
    only where it is still as it was read.
    """
    done = Rotated()
    for model, field in columns():
        for pk, text in _sealed(model, field):
            try:
                new = SEALED.sub(lambda found: _anew(found[0]), text)
            except SecretError:
                done.lost += ((f"{model._meta.label}.{field.name}", pk),)
                continue
            if new != text and _write(model, field, pk, text, new):
                done.count += 1
    return done


def _anew(sealed: str) -> str:
    """The same where the first key opens it already. Raises SecretError."""
    try:
        Fernet(settings.FIELD_KEYS[0]).decrypt(sealed[len(PREFIX) :].encode())
    except InvalidToken:
        return encrypt(decrypt(sealed))
    return sealed


def _names(model: type[models.Model], field: Any) -> tuple[str, str, str, str]:
    """Table, key, column, and the column as text, as the database spells them."""
    quote = connection.ops.quote_name
    key_column = str(model._meta.pk.column)
    names = (model._meta.db_table, key_column, str(field.column))
    table, key, column = (quote(name) for name in names)
    return table, key, column, f"CAST({column} AS text)"


def _sealed(model: type[models.Model], field: Any) -> list[tuple[Any, str]]:
    table, key, _column, text = _names(model, field)
    with connection.cursor() as cursor:
        sql = f"SELECT {key}, {text} FROM {table} WHERE {text} LIKE %s"  # noqa: S608  # names of our models
        cursor.execute(sql, [f"%{MARK}%"])
        return list(cursor.fetchall())


def _write(model: type[models.Model], field: Any, pk: Any, old: str, new: str) -> bool:
    table, key, column, text = _names(model, field)
    is_json = isinstance(field, models.JSONField) and connection.vendor == "postgresql"
    value = "CAST(%s AS jsonb)" if is_json else "%s"
    with connection.cursor() as cursor:
        sql = f"UPDATE {table} SET {column} = {value} WHERE {key} = %s AND {text} = %s"  # noqa: S608  # likewise
        cursor.execute(sql, [new, pk, old])
        return bool(cursor.rowcount == 1)
