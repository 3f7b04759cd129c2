"""The keys of this installation: apart from its backups, which are sealed by one of them."""

import hashlib
import hmac
import os
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop

from monitoring.upkeep.databases import UpkeepError
from monitoring.upkeep.models import KnownKey
from recordings import sealing
from veyra.livekit.pairs import FIRST, SECRET, pairs
from veyra.state import KEYS_FILE, local_keys

PURPOSE = b"veyra: backups"
NAMES = ("FIELD_KEYS", "SECRET_KEY", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
HEAD = (
    "# The keys of a Veyra. Whoever has this file and a backup can read everything: keep the two"
    " in\n# different places. To go on elsewhere: manage.py restore BACKUP --keys THIS_FILE\n"
)
THERE = gettext_noop("The file %(file)s is there already. Name another one.")
TOGETHER = gettext_noop(
    "%(folder)s is where backups lie. Whoever took them would have the keys, too: name a place"
    " elsewhere, best on another computer."
)
NOT_WRITTEN = gettext_noop("The file %(file)s cannot be written (%(error)s).")
NO_FILE = gettext_noop("The key file %(file)s cannot be read (%(error)s).")
NO_KEYS = gettext_noop("%(file)s is no key file: it has no line FIELD_KEYS=….")


def seals(field_keys: Iterable[str]) -> list[str]:
    """What backups are sealed by, for each of FIELD_KEYS; the first one seals new ones."""
    made = (hmac.digest(key.encode(), PURPOSE, hashlib.sha256) for key in field_keys)
    return [sealing.FORMAT + b64encode(key).decode() for key in made]


def write(path: Path) -> None:
    """The key file, which only its owner may read. Raises UpkeepError."""
    path = path.resolve()
    folder = Path(settings.BACKUP_DIR).resolve()
    if folder == path.parent or folder in path.parents:
        raise UpkeepError(TOGETHER, folder=str(folder))
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text())
    except FileExistsError as error:
        raise UpkeepError(THERE, file=str(path)) from error
    except OSError as error:
        raise UpkeepError(NOT_WRITTEN, file=str(path), error=error.strerror) from error


def text() -> str:
    """What stands in it."""
    return HEAD + "".join(f"{name}={value}\n" for name, value in _ours().items())


def read(path: Path) -> dict[str, str]:
    """Raises UpkeepError."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UpkeepError(NO_FILE, file=str(path), error=type(error).__name__) from error
    pairs = (line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    found = {name: value for name, value in pairs if name in NAMES}
    if not found.get("FIELD_KEYS"):
        raise UpkeepError(NO_KEYS, file=str(path))
    return found


def field_keys(given: Mapping[str, str]) -> list[str]:
    return [key.strip() for key in given["FIELD_KEYS"].split(",") if key.strip()]


def adopt(given: Mapping[str, str]) -> list[str]:
    """Use these keys from now on; which of them a person has to set, since the environment of this
    installation says something else.
    """
    both = [*field_keys(given), *settings.FIELD_KEYS]
    settings.FIELD_KEYS = list(dict.fromkeys(both))
    wanted = {**given, "FIELD_KEYS": ",".join(settings.FIELD_KEYS)}
    by_hand = [name for name in wanted if os.environ.get(name) not in (None, wanted[name])]
    kept = {**local_keys(settings.STATE), **wanted}
    path = settings.STATE / KEYS_FILE
    made = path.with_suffix(".new")
    made.touch(mode=0o600)
    made.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))
    made.replace(path)
    return by_hand


def note(now: datetime) -> None:
    """Since when each key is in use."""
    for name, value in _ours().items():
        if name != "LIVEKIT_API_KEY":
            given = {"name": name, "mark": _mark(value)}
            KnownKey.objects.get_or_create(**given, defaults={"since": now})


def ages(now: datetime) -> dict[str, int]:
    """For how many days each key is known to be in use."""
    note(now)
    marks = {name: _mark(value) for name, value in _ours().items()}
    rows = KnownKey.objects.filter(mark__in=marks.values())
    return {row.name: (now - row.since).days for row in rows if marks.get(row.name) == row.mark}


def _ours() -> dict[str, str]:
    found = {name: getattr(settings, name) for name in NAMES}
    pair = pairs().first
    livekit = {FIRST: pair.name, SECRET: pair.secret}
    return found | livekit | {"FIELD_KEYS": ",".join(settings.FIELD_KEYS)}


def _mark(value: str) -> str:
    """Of the key that writes: an old one behind it is no matter."""
    first = value.split(",")[0]
    return hashlib.sha256(b"veyra: mark of a key: " + first.encode()).hexdigest()[:16]
