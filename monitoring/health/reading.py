"""What was found last: for pages, doors and rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from monitoring.health import every
from monitoring.health.base import Check, Status
from monitoring.health.models import HealthCheck
from veyra.sentences import Sentence

NOT_KNOWN = Sentence(gettext_noop("Not looked at yet."))
OLD = gettext_noop("Nobody has looked at this for %(minutes)s min. What was found then: %(found)s")


@dataclass(frozen=True)
class Finding:
    """What a check found last. `since`: when it began to say so; None where that is not known."""

    name: str
    status: str
    sentence: Sentence
    since: datetime | None = None
    value: float | None = None
    checked_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """For /health: in the reader's language."""
        since = self.since.isoformat() if self.since else None
        return {
            "name": self.name,
            "status": self.status,
            "sentence": str(self.sentence),
            "since": since,
        }


def latest(now: datetime | None = None) -> list[Finding]:
    """One query. A check that nobody has run for long says so. Raises DatabaseError."""
    rows = {row.name: row for row in HealthCheck.objects.all()}
    return [found(check, rows.get(check.name), now or timezone.now()) for check in every.CHECKS]


def found(check: type[Check], row: HealthCheck | None, now: datetime) -> Finding:
    if row is None or row.checked_at is None:
        return Finding(check.name, Status.STARTING, NOT_KNOWN)
    finding = Finding(
        row.name,
        row.status,
        Sentence.from_json(row.sentence),
        row.since,
        row.value,
        row.checked_at,
    )
    return _as_old(finding, now) if now - row.checked_at > patience(check) else finding


def patience(check: type[Check]) -> timedelta:
    """What was found longer ago is not news any more."""
    return timedelta(seconds=3 * check.period + 30)


def _as_old(finding: Finding, now: datetime) -> Finding:
    """Told as such. It stays failed or unused; of what was well nobody knows any more."""
    age = now - (finding.checked_at or now)
    values = {"minutes": int(age.total_seconds() // 60), "found": str(finding.sentence)}
    stays = finding.status in (Status.FAILED, Status.OFF)
    status = finding.status if stays else Status.WARNING
    return replace(finding, status=status, sentence=Sentence(OLD, values))


def overall(findings: Iterable[Finding]) -> str:
    """The worst of them. What is not used is not missed, and a warning keeps no caller out."""
    statuses = {finding.status for finding in findings}
    return next((each for each in (Status.FAILED, Status.STARTING) if each in statuses), Status.OK)


def by_name(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    return {finding.name: finding for finding in findings}
