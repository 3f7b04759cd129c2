"""Secrets at rest: a text field that holds ciphertext in the database and never hands it out."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "f1:"


class SecretError(Exception):
    """A stored secret cannot be read: it is not encrypted, or no key of FIELD_KEYS fits."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Ciphertext by the first key of FIELD_KEYS, marked with its format."""
    return PREFIX + _box(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """The plain text by whichever key of FIELD_KEYS fits. Raises SecretError."""
    if not stored.startswith(PREFIX):
        raise SecretError("stored in the clear")
    try:
        return _box(tuple(settings.FIELD_KEYS)).decrypt(stored[len(PREFIX) :].encode()).decode()
    except InvalidToken as error:
        raise SecretError("no key of FIELD_KEYS fits") from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """Encrypted text. An empty string stays empty; nothing can be looked up by its value."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(
        self, value: str | None, expression: object, connection: BaseDatabaseWrapper
    ) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
