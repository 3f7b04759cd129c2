"""The first login: made once, shown at every start until somebody has used it."""

import os
import secrets
from pathlib import Path

from veyra.models import User

NAME = "admin"
# Without letters and digits that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def first_login(state: Path) -> tuple[str, str] | None:
    """Name and password of the first person, or None once somebody has logged in.

    The password lies in the state folder, readable by its owner only, until then.
    """
    note = state / "first-login"
    if User.objects.filter(last_login__isnull=False).exists():
        note.unlink(missing_ok=True)
        return None
    if not User.objects.exists():
        _write(note, _password())
        User.objects.create_superuser(NAME, password=note.read_text())
    return (NAME, note.read_text()) if note.exists() else None


def _password() -> str:
    words = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(words)


def _write(note: Path, password: str) -> None:
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
