"""The ledger of erased callers: it knows again whom it does not name.

A line is a keyed hash of the number. One copy is a row, the other a file in the storage beside the
recordings: a backup that is restored brings back the caller, and not always the row.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from recordings.models import Storage
from recordings.owning import opened
from recordings.storing import StoreError

FOLDER = "forgotten/"
PURPOSE = b"veyra: callers who were erased"


@dataclass(frozen=True)
class Mark:
    """`key_name` tells by which of FIELD_KEYS `text` was made, and nothing of that key."""

    key_name: str
    text: str


def marks(number: str) -> list[Mark]:
    """Of a number (E.164), by each of FIELD_KEYS; the first one is that of a new line."""
    return [
        Mark(name, hmac.new(key, number.encode(), hashlib.sha256).hexdigest())
        for name, key in _keys()
    ]


def key_names() -> frozenset[str]:
    """Lines made by other keys cannot be read."""
    return frozenset(name for name, _key in _keys())


def _keys() -> Iterator[tuple[str, bytes]]:
    for field_key in settings.FIELD_KEYS:
        key = hmac.digest(field_key.encode(), PURPOSE, "sha256")
        yield hashlib.sha256(b"name of " + key).hexdigest()[:16], key


@dataclass(frozen=True)
class Line:
    """As it stands in the storage. `at`: what is younger than that is not erased again."""

    id: str
    mark: str
    key_name: str
    at: str
    keeps_block: bool

    @property
    def until(self) -> datetime:
        return datetime.fromisoformat(self.at)


def write(line: Line) -> None:
    """Raises StoreError."""
    text = json.dumps(asdict(line)).encode()
    opened(Storage.objects.current()).write(f"{FOLDER}{line.id}.json", [text])


def read() -> tuple[list[Line], list[StoreError]]:
    """Those of all storages, each once; and what kept us from reading some."""
    found: dict[str, Line] = {}
    wrong: list[StoreError] = []
    for storage in Storage.objects.all():
        try:
            store = opened(storage)
            for name in store.names(FOLDER):
                line = _parsed(b"".join(store.read(name)))
                if line:
                    found[line.id] = line
        except StoreError as error:
            wrong.append(error)
    return sorted(found.values(), key=lambda line: (line.at, line.id)), wrong


def _parsed(data: bytes) -> Line | None:
    """None: it is no line of ours."""
    try:
        line = Line(**json.loads(data))
        UUID(line.id)
        return line if line.until.tzinfo else None
    except (ValueError, TypeError):
        return None
