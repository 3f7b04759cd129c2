"""Secrets at rest: a text field that holds ciphertext in the database and never hands it out."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute

PREFIX = "f1:"


class SecretError(ObjectDoesNotExist):
    """A stored secret cannot be read: it is not encrypted, or no key of FIELD_KEYS fits.

    Who only looks over all columns of a row, as auditlog does, passes it over like a row that is
    gone: so its secret can be typed anew.
    """


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


@dataclass(frozen=True)
class Sealed:
    """Ciphertext as the database holds it. Only who needs the plain text opens it."""

    stored: str = field(repr=False)

    def open(self) -> str:
        """Raises SecretError."""
        return decrypt(self.stored)


class _Opening(DeferredAttribute):
    """Opens the secret when it is read, so that a row with a lost key can still be shown."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        value = super().__get__(instance, owner)
        return value.open() if isinstance(value, Sealed) else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """Encrypted text. An empty string stays empty; nothing can be looked up by its value.

    Reading the attribute raises SecretError where no key fits; loading and saving the row do not,
    and leave the ciphertext as it was.
    """

    descriptor_class = _Opening

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return value.stored
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(
        self, value: str | None, expression: object, connection: BaseDatabaseWrapper
    ) -> Sealed | str | None:
        return Sealed(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return model_instance.__dict__[self.attname]

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
