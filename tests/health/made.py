"""Checks that find what a test says, and how a single check is asked."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from monitoring.health import running
from monitoring.health.base import Check, Link, Status, Verdict
from monitoring.health.models import HealthCheck
from veyra.sentences import Sentence

FINE = Verdict(Status.OK, Sentence("Fine."), 1.0)
BROKEN = Verdict(Status.FAILED, Sentence("Broken."), 9.0)
ABSENT = Verdict(Status.OFF, Sentence("Not here."))


@dataclass
class Made:
    """What each check finds, and how often it was asked."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def __setitem__(self, name: str, verdict: Verdict) -> None:
        self.verdicts[name] = verdict


def made(of: str, said: Made) -> type[Check]:
    """A check of this name."""

    @dataclass
    class One(Check):
        name, title, link = of, of.title(), Link.GROUND

        def look(self, now: datetime) -> Verdict:
            said.asked[of] = said.asked.get(of, 0) + 1
            return said.verdicts.get(of, FINE)

    return One


def verdict_of(check: type[Check], now: datetime | None = None, **limits: float) -> Verdict:
    """What this check finds, as a look asks it."""
    rows = {check.name: HealthCheck(name=check.name, thresholds=limits)}
    return running.ask([check], rows, now or timezone.now())[check.name]
