"""The support bundle: what somebody who helps from outside asks for first, in one file.

Nothing in it is secret or about people: each text goes through the same sieve as the logs.
"""

import json
import platform
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agentworker.models import Worker
from monitoring import file_making
from monitoring.file_making import CannotFile, Kind, go_on
from monitoring.health.models import HealthPoint
from monitoring.health.reading import latest
from monitoring.incidents.models import Incident
from monitoring.logs.foreign import PROGRAMS, read_line
from monitoring.logs.models import LogError, SupportBundle
from veyra.logs.config import FILE
from veyra.logs.redacting import Redactor
from veyra.models import User
from veyra.running import Program
from veyra.sentences import Sentence

TASK = "monitoring.support"
TAKES = "monitoring.add_supportbundle"
OF_LOGS, OF_CHECKS = timedelta(hours=1), timedelta(days=7)
# Of one log at most so much, from its end.
MOST_BYTES = 20_000_000
MOST_ROWS = 5000
# Of one whose lines bear no time.
UNTIMED_BYTES = 200_000
NO_RIGHT = gettext_noop("You may not take the support bundle any more.")
# What of the settings tells how this installation is, and is nobody's secret.
TOLD_SETTINGS = (
    *("DEBUG", "PORT", "PUBLIC_URL", "INTERNAL_URL", "WEB_LISTEN", "ALLOWED_HOSTS", "TIME_ZONE"),
    *("LIVEKIT_URL", "LIVEKIT_PUBLIC_URL", "LIVEKIT_LISTEN", "LIVEKIT_PORT", "LIVEKIT_UDP_PORT"),
    *("LIVEKIT_SIMULATED", "PUBLIC_IP", "SIP_HOST", "SIP_PORT", "SIP_LISTEN", "RTP_PORTS"),
    *("SIP_HEALTH_PORT", "SIP_METRICS_PORT", "SIP_TEST_FROM", "SIP_TEST_TO", "REGISTRAR_PORT"),
    *("REGISTRAR_FROM", "AGENT_CALLS", "AGENT_PORT", "TEST_CALLS", "EGRESS_SEES_FOLDERS"),
    *("REDIS_URL", "LIVEKIT_REDIS_URL", "LANGUAGE_CODE", "EMAIL_HOST", "EMAIL_PORT"),
)


@transaction.atomic
def ask(user: User, ticket: UUID) -> SupportBundle:
    """Have it made soon; the same with the same ticket again, and it is asked for once."""
    return file_making.ask(BUNDLES, uuid5(ticket, str(user.pk)), user, "")


def run_next() -> bool:
    """Make the file that waits longest. False: there is none."""
    return file_making.run_next(BUNDLES)


def write(row: SupportBundle, path: Path) -> Sentence:
    """What it lacks. Raises CannotFile, Cancelled and OSError."""
    user = row.made_by
    if not (user.is_active and user.is_staff and user.has_perm(TAKES)):
        raise CannotFile(NO_RIGHT)
    now, sieve = timezone.now(), Redactor(settings.OWN_SECRETS)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _guide(now))
        for name, rows in _tables(now).items():
            go_on(row)
            text = json.dumps(sieve.value(rows), ensure_ascii=False, indent=1, default=str)
            archive.writestr(name, sieve.text(text))
        for file in log_files():
            go_on(row)
            with archive.open(f"logs/{file.name}", "w") as packed:
                for line in last_lines(file, now - OF_LOGS):
                    packed.write(sieved(sieve, line).encode() + b"\n")
    return Sentence("")


BUNDLES = Kind(SupportBundle, TASK, write)


def _guide(now: datetime) -> str:
    return _(
        "What this installation of Veyra told of itself at %(time)s (UTC): versions, settings"
        " without secrets, the health checks of seven days, incidents, errors, and the logs of the"
        " last hour on the host that made this file. Telephone numbers and keys are taken out."
    ) % {"time": f"{now:%Y-%m-%d %H:%M}"}


def _tables(now: datetime) -> dict[str, Any]:
    points = HealthPoint.objects.changes().filter(at__gte=now - OF_CHECKS).order_by("at")
    incidents = Incident.objects.filter(seen_at__gte=now - OF_CHECKS).order_by("opened_at")
    told = ("rule", "severity", "state", "sentence", "opened_at", "seen_at", "resolved_at", "times")
    errors = LogError.objects.newest().values().iterator()
    return {
        "versions.json": versions(),
        "settings.json": {name: getattr(settings, name, None) for name in TOLD_SETTINGS},
        "health.json": [finding.to_json() for finding in latest(now)],
        "health-history.json": list(points.values("name", "at", "status", "value")[:MOST_ROWS]),
        "incidents.json": list(incidents.values(*told)[:MOST_ROWS]),
        "errors.json": [row for row, _number in zip(errors, range(MOST_ROWS), strict=False)],
        "programs.json": list(Program.objects.to_know(now).values()),
        "workers.json": list(
            Worker.objects.values("name", "capacity", "registered", "livekit_version")
        ),
    }


def versions() -> dict[str, Any]:
    """Of the programs and of all packages."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "database": f"{connection.vendor} {_database_version()}",
        "packages": dict(sorted((each.name, each.version) for each in distributions())),
    }


def _database_version() -> str:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return sqlite3.sqlite_version
    return str(getattr(connection, "pg_version", ""))


def log_files() -> list[Path]:
    """All programs' together, and each one's own."""
    own = Path(settings.LOGS)
    found = {path.name: path for path in (own / f"{FILE}.1", own / FILE) if path.is_file()}
    for folder in (own, Path(settings.LINE_LOGS)):
        for path in sorted(folder.glob("*.log")):
            found.setdefault(path.name, path)
    return list(found.values())


def last_lines(file: Path, since: datetime) -> Iterator[str]:
    """Those since then. A line that bears no time belongs to the one before it; where none does,
    the end of the file is told, if anything was written since.
    """
    told = file.stat()
    is_new = told.st_mtime >= since.timestamp()
    fresh: bool | None = None
    with file.open("rb") as source:
        left = min(told.st_size, MOST_BYTES)
        source.seek(told.st_size - left)
        for raw in source:
            text = raw.decode(errors="replace").rstrip("\n")
            line = read_line(PROGRAMS.get(file.stem, file.stem), text)
            if line:
                fresh = line.at >= since
            if fresh or (fresh is None and left <= UNTIMED_BYTES and is_new):
                yield text
            left -= len(raw)


def sieved(sieve: Redactor, text: str) -> str:
    """A line of JSON is sieved value by value, since a name may say that it is secret."""
    try:
        told = json.loads(text)
    except ValueError:
        return sieve.text(text)
    return json.dumps(sieve.value(told), ensure_ascii=False)


def forget(now: datetime) -> None:
    """Remove what was asked for more than a day ago, and files that have no row."""
    file_making.forget(BUNDLES, now)
