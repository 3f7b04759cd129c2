"""What checks found, kept for 90 days, ever more thinly.

How long a moment is kept is decided when it is written: the first of an hour stays longest.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from monitoring.health.models import HealthCheck, HealthPoint

Grade = HealthPoint.Grade
KEPT = {
    Grade.MINUTE: timedelta(days=1),
    Grade.TEN_MINUTES: timedelta(days=7),
    Grade.CHANGE: timedelta(days=90),
}
STORED = ["status", "since", "checked_at", "sentence", "value", "pointed_at"]


def store(said: Iterable[HealthCheck], before: Mapping[str, HealthCheck], now: datetime) -> None:
    """Write what was found, and the moments of it that are kept. Raises DatabaseError.

    Limits are left alone: staff may change them meanwhile.
    """
    rows = list(said)
    points = list(_points(rows, before, now))
    if not rows:
        return
    with transaction.atomic():
        HealthCheck.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["name"], update_fields=STORED
        )
        HealthPoint.objects.bulk_create(points)


def _points(
    rows: Iterable[HealthCheck], before: Mapping[str, HealthCheck], now: datetime
) -> Iterator[HealthPoint]:
    for row in rows:
        grade = grade_of(row, before.get(row.name), now)
        if grade is None:
            continue
        row.pointed_at = now
        sentence = row.sentence if grade == Grade.CHANGE else {}
        yield HealthPoint(
            name=row.name,
            at=now,
            status=row.status,
            value=row.value,
            grade=grade,
            sentence=sentence,
        )


def grade_of(row: HealthCheck, before: HealthCheck | None, now: datetime) -> Grade | None:
    """Of what was found now; None: it is not kept. Where nothing is measured, only changes are."""
    if before is None or before.pointed_at is None or before.status != row.status:
        return Grade.CHANGE
    if row.value is None:
        return None
    last = before.pointed_at
    if _floor(last, 60) != _floor(now, 60):
        return Grade.HOUR
    if _floor(last, 10) != _floor(now, 10):
        return Grade.TEN_MINUTES
    return Grade.MINUTE if _floor(last, 1) != _floor(now, 1) else None


def _floor(moment: datetime, minutes: int) -> datetime:
    """The beginning of its minute, ten minutes or hour."""
    return moment.replace(minute=moment.minute // minutes * minutes, second=0, microsecond=0)


def thin(now: datetime) -> None:
    """Delete what was kept long enough."""
    for grade, kept in KEPT.items():
        HealthPoint.objects.past(grade, now - kept).delete()
