"""What the lookout keeps on its own disk for the hour in which the database is away: the channels,
encrypted by FIELD_KEYS, and whom it has told.
"""

import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from monitoring.alarms import sending
from monitoring.alarms.models import AlertChannel
from monitoring.alarms.sending import NoWayError, Parcel
from veyra.secrets import SecretError, decrypt, encrypt

FRESH = timedelta(hours=1)


@dataclass(frozen=True)
class Copied:
    """A channel as it is used without its row."""

    pk: int
    name: str
    language: str
    zone: str
    is_short: bool
    parcel: Parcel


def place() -> Path:
    return Path(settings.STATE) / "lookout"


@dataclass
class Copy:
    """Written at each change of a channel, and each hour."""

    _of: tuple[int, datetime | None] | None = None
    _at: datetime | None = None

    def keep(self, now: datetime) -> bool:
        """Write it where it is old. Raises DatabaseError, OSError."""
        found = AlertChannel.objects.fingerprint()
        if self._of == found and self._at and now - self._at < FRESH:
            return False
        rows = [to_json(channel) for channel in AlertChannel.objects.usable()]
        channels = [row for row in rows if row]
        write(place() / "channels.sealed", encrypt(json.dumps(channels)))
        self._of, self._at = found, now
        return True


def to_json(channel: AlertChannel) -> dict[str, Any] | None:
    try:
        parcel = sending.parcel_of(channel)
    except NoWayError:
        return None
    return {
        "pk": channel.pk,
        "name": channel.name,
        "language": channel.language,
        "zone": channel.zone.key,
        "is_short": channel.kind == AlertChannel.Kind.SMS,
        "parcel": parcel.to_json(),
    }


def channels() -> list[Copied]:
    """Those of the copy; none where there is no copy that can be read."""
    try:
        rows = json.loads(decrypt((place() / "channels.sealed").read_text()))
    except (OSError, SecretError, ValueError):
        return []
    return [Copied(**{**row, "parcel": Parcel.from_json(row["parcel"])}) for row in rows]


@dataclass
class Outage:
    """Since when the database is away, and who was told when last; outlives a restart."""

    since: datetime | None = None
    told: dict[int, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Outage":
        try:
            stored = json.loads((place() / "outage.json").read_text())
            told = {int(pk): datetime.fromisoformat(at) for pk, at in stored["told"].items()}
            return cls(datetime.fromisoformat(stored["since"]), told)
        except (OSError, ValueError, KeyError, AttributeError):
            return cls()

    def write(self) -> None:
        told = {pk: at.isoformat() for pk, at in self.told.items()}
        since = (self.since or timezone.now()).isoformat()
        write(place() / "outage.json", json.dumps({"since": since, "told": told}))

    def end(self) -> None:
        self.since, self.told = None, {}
        (place() / "outage.json").unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """The whole file or none of it, for us alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).replace(path)
