"""What the health page shows: the way of a call as a chain, and each check with its history."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from monitoring.health import every
from monitoring.health.base import Check, Limit, Link, Status
from monitoring.health.chart import Curve, Moment, Piece, curve, share_well, strip
from monitoring.health.models import HealthCheck, HealthPoint
from monitoring.health.reading import Finding, by_name, latest

# The way of a call; what is left carries it, or looks after it.
CHAIN = (
    *(Link.PROVIDER, Link.ENTRANCE, Link.LIVEKIT),
    *(Link.ASSISTANTS, Link.SPEECH, Link.RECORDING),
)
BESIDE = (Link.GROUND, Link.GUARD)
DAY = timedelta(days=1)
SPANS = {"day": DAY, "week": timedelta(days=7), "quarter": timedelta(days=90)}
# The worst of several first.
ORDER = (Status.FAILED, Status.STARTING, Status.WARNING, Status.OK, Status.OFF)
TONES = {Status.OK: "vy-good", Status.WARNING: "vy-wait", Status.FAILED: "vy-bad"}
# Changes that a page lists.
SHOWN = 20


@dataclass(frozen=True)
class Line:
    """A check on the page. `strip`: its last day."""

    check: type[Check]
    finding: Finding
    strip: Sequence[Piece]

    @property
    def tone(self) -> str:
        return tone(self.finding.status)

    @property
    def label(self) -> str:
        return str(Status(self.finding.status).label)


def tone(status: str) -> str:
    """The colour of a badge."""
    return TONES.get(Status(status), "vy-wait" if status == Status.STARTING else "")


@dataclass(frozen=True)
class Group:
    """A link of the chain: its checks, the worst of them first."""

    link: Link
    lines: Sequence[Line]

    @property
    def status(self) -> str:
        return self.lines[0].finding.status

    @property
    def worst(self) -> Line:
        return self.lines[0]

    @property
    def tone(self) -> str:
        return tone(self.status)

    @property
    def label(self) -> str:
        return str(Status(self.status).label)


def groups(now: datetime) -> dict[Link, Group]:
    """Four queries. Raises DatabaseError."""
    findings = by_name(latest(now))
    history = last_day(now)
    lines = defaultdict(list)
    for check in every.CHECKS:
        moments = history.get(check.name, [])
        line = Line(check, findings[check.name], strip(moments, now - DAY, now))
        lines[check.link].append(line)
    return {
        link: Group(link, sorted(found, key=lambda line: ORDER.index(Status(line.finding.status))))
        for link, found in lines.items()
    }


def last_day(now: datetime) -> dict[str, list[Moment]]:
    """Of each check what it changed to, and what it said before that."""
    before = HealthPoint.objects.changes().filter(at__lt=now - DAY).order_by()
    newest = before.values("name").annotate(newest=Max("pk")).values_list("newest", flat=True)
    changes = HealthPoint.objects.changes().filter(at__gte=now - DAY)
    found = defaultdict(list)
    for points in (HealthPoint.objects.filter(pk__in=list(newest)), changes.order_by("at")):
        for point in points.only("name", "at", "status"):
            found[point.name].append(Moment(point.at, point.status))
    return found


@dataclass(frozen=True)
class History:
    """One check over a span: strip, curve, how much of the time it was well, and its changes."""

    strip: Sequence[Piece]
    curve: Curve | None
    well: float | None
    changes: Sequence[HealthPoint]


def history(name: str, span: timedelta, now: datetime) -> History:
    start = now - span
    points = list(HealthPoint.objects.of(name, start))
    changes = [point for point in points if point.grade == HealthPoint.Grade.CHANGE]
    earlier = HealthPoint.objects.changes().filter(name=name, at__lt=start).order_by("-at").first()
    states = [*([earlier] if earlier else []), *changes]
    moments = [Moment(point.at, point.status) for point in states]
    return History(
        strip(moments, start, now),
        curve([Moment(point.at, "", point.value) for point in points], start, now),
        share_well(moments, start, now),
        changes[: -SHOWN - 1 : -1],
    )


@dataclass(frozen=True)
class Setting:
    """A limit as it holds now."""

    limit: Limit
    value: float

    @property
    def is_changed(self) -> bool:
        return self.value != self.limit.default


def settings_of(check: type[Check]) -> list[Setting]:
    row = HealthCheck.objects.filter(name=check.name).first()
    changed: dict[str, Any] = row.thresholds if row else {}
    return [Setting(limit, changed.get(limit.name, limit.default)) for limit in check.limits]


def set_limits(check: type[Check], wanted: dict[str, float], now: datetime) -> HealthCheck:
    """Only those that are not the default are kept; the next look, which is due, heeds them."""
    changed = {
        limit.name: wanted[limit.name]
        for limit in check.limits
        if wanted[limit.name] != limit.default
    }
    row, _made = HealthCheck.objects.update_or_create(
        name=check.name,
        defaults={"thresholds": changed, "checked_at": now - timedelta(seconds=check.period)},
        create_defaults={"thresholds": changed, "since": now},
    )
    return row


def found(names: Collection[str], now: datetime) -> list[Finding]:
    return [each for each in latest(now) if each.name in names]
