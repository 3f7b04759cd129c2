"""Wrong passwords are counted: by the address they come from, and by the account they are for."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from veyra.models import FailedLogin, User

pytestmark = pytest.mark.django_db


def log_in(name: str, password: str) -> int:
    form = {"username": name, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR="198.51.100.7").post("/admin/login/", form).status_code


def test_a_wrong_password_counts_against_the_address_and_the_account() -> None:
    User.objects.create_user("anna", password="right", is_staff=True)
    for _ in range(3):
        assert log_in("anna", "wrong") == 200
    assert FailedLogin.counts(timezone.now()) == {"198.51.100.7": 3, "anna": 3}


def test_what_was_typed_as_a_name_is_not_kept() -> None:
    log_in("my-secret-password", "wrong")
    assert FailedLogin.counts(timezone.now()) == {"198.51.100.7": 1}


def test_many_who_guess_hide_nobody_who_guesses_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("veyra.security.ROWS", 3)
    now = timezone.now()
    for number in range(5):
        FailedLogin.note(f"192.0.2.{number}", None, now + timedelta(minutes=number))
    FailedLogin.note("192.0.2.4", None, now + timedelta(minutes=4))
    assert FailedLogin.counts(now) == {"192.0.2.2": 1, "192.0.2.3": 1, "192.0.2.4": 2}


def test_a_right_password_counts_nothing() -> None:
    User.objects.create_user("anna", password="right", is_staff=True)
    assert log_in("anna", "right") == 302
    assert not FailedLogin.objects.exists()
