"""Secrets at rest."""

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.exceptions import FieldError
from django.db import connection

from telephony.models import Trunk
from veyra.secrets import SecretError, decrypt, encrypt

pytestmark = pytest.mark.django_db


def stored(trunk: Trunk) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM telephony_trunk WHERE id = %s", [trunk.pk])
        return str(cursor.fetchone()[0])


def test_the_database_holds_ciphertext_and_the_row_gives_the_plain_text() -> None:
    trunk = Trunk.objects.create(name="a", password="canary-1")
    assert "canary" not in stored(trunk)
    assert Trunk.objects.get().password == "canary-1"


def test_an_empty_secret_stays_empty() -> None:
    assert stored(Trunk.objects.create(name="a")) == ""
    assert Trunk.objects.get().password == ""


def test_a_wrong_key_is_an_error_and_never_ciphertext(settings: LazySettings) -> None:
    Trunk.objects.create(name="a", password="canary-1")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    trunk = Trunk.objects.get()
    with pytest.raises(SecretError):
        _ = trunk.password


def test_text_stored_in_the_clear_is_an_error() -> None:
    with pytest.raises(SecretError):
        decrypt("plain")


def test_a_row_with_a_lost_key_is_saved_without_touching_its_secret(settings: LazySettings) -> None:
    made = Trunk.objects.create(name="a", password="canary-1")
    before, keys = stored(made), settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    trunk = Trunk.objects.get()
    trunk.name = "b"
    trunk.save()
    assert stored(trunk) == before
    settings.FIELD_KEYS = keys
    assert Trunk.objects.get(name="b").password == "canary-1"


def test_every_key_of_the_list_opens_and_the_first_seals(settings: LazySettings) -> None:
    old = encrypt("x")
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    assert decrypt(old) == "x"
    new = encrypt("x")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert decrypt(new) == "x"


def test_a_secret_cannot_be_looked_up() -> None:
    with pytest.raises(FieldError):
        Trunk.objects.filter(password="x").exists()


def test_what_a_query_hands_out_does_not_show_itself() -> None:
    Trunk.objects.create(name="a", password="canary-1")
    row = Trunk.objects.values("password").get()
    assert "f1:" not in repr(row)
    assert "canary" not in repr(row)
