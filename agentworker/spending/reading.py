"""What is told of money: of today, and of each of the last days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import DurationField, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from agentworker.models import Budget, Session
from agentworker.spending.limiting import midnight, percent_spent
from agentworker.spending.rates import Spent
from veyra.models import User

DAYS = 14
# From so much of the budget on people are warned.
SOON, ALL = 80, 100


@dataclass(frozen=True)
class Day:
    """`cost`: in the currency of the budget."""

    day: date
    minutes: int
    cost: float


@dataclass(frozen=True)
class Standing:
    """`today`: of the calls that somebody sees. `percent`: of the budget, which is everybody's;
    None: there is none.
    """

    budget: Budget
    today: Day
    percent: int | None

    @property
    def is_soon(self) -> bool:
        return self.percent is not None and self.percent >= SOON

    @property
    def is_spent(self) -> bool:
        return self.percent is not None and self.percent >= ALL

    @property
    def bar(self) -> int:
        return min(100, self.percent or 0)


def budget() -> Budget:
    """The one that staff typed, or one without a limit."""
    return Budget.objects.first() or Budget()


def standing(user: User, now: datetime) -> Standing:
    """Three queries."""
    kept = budget()
    today = _days(user, kept, midnight(now))
    empty = Day(midnight(now).date(), 0, 0.0)
    return Standing(kept, today[0] if today else empty, percent_spent(kept, now))


def lately(user: User, kept: Budget, now: datetime) -> list[Day]:
    """Of the last days those on which somebody talked, the newest first."""
    return _days(user, kept, midnight(now) - timedelta(days=DAYS - 1))


def _days(user: User, kept: Budget, since: datetime) -> list[Day]:
    talks = Session.objects.visible_to(user).filter(started_at__gte=since).order_by()
    spans = F("ended_at") - F("started_at")
    rows = (
        talks.annotate(day=TruncDate("started_at", tzinfo=timezone.get_default_timezone()))
        .values("day")
        .annotate(
            spent_roubles=Sum("roubles"),
            spent_dollars=Sum("dollars"),
            talked=Sum(spans, filter=Q(is_trial=False), output_field=DurationField()),
        )
        .order_by("-day")
    )
    return [_day(kept, row) for row in rows]


def _day(kept: Budget, row: Mapping[str, Any]) -> Day:
    talked: timedelta | None = row["talked"]
    minutes = round(talked.total_seconds() / 60) if talked else 0
    cost = kept.total(Spent(row["spent_roubles"] or 0.0, row["spent_dollars"] or 0.0))
    return Day(row["day"], minutes, cost)
