"""A point of a checklist: computed from the world as it is now, or confirmed by a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from monitoring.health import reading
from monitoring.health.base import Status
from monitoring.health.reading import Finding
from monitoring.incidents.models import RuleSetting
from monitoring.upkeep.models import Confirmation, JobRun
from veyra.sentences import Sentence

# What somebody confirmed holds for so long.
STALE = timedelta(days=90)


@dataclass
class World:
    """What points are computed from; each thing is read once, when it is first asked for."""

    now: datetime

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        return reading.by_name(reading.latest(self.now))

    @cached_property
    def runs(self) -> Mapping[str, JobRun]:
        return JobRun.objects.last_ended_of_each()

    @cached_property
    def rules(self) -> Mapping[str, RuleSetting]:
        return RuleSetting.objects.by_rule()

    @cached_property
    def confirmed(self) -> Mapping[str, Confirmation]:
        return Confirmation.objects.newest_of_each()

    def finds(self, *names: str) -> "Evidence":
        """Are these checks well? The first that is not tells why."""
        found = [self.findings[name] for name in names]
        bad = next((each for each in found if each.status not in (Status.OK, Status.OFF)), None)
        return Evidence(bad is None, (bad or found[0]).sentence)


@dataclass(frozen=True)
class Evidence:
    ok: bool
    sentence: Sentence


def yes(msgid: str, **values: Any) -> Evidence:
    return Evidence(True, Sentence(msgid, values))


def no(msgid: str, **values: Any) -> Evidence:
    return Evidence(False, Sentence(msgid, values))


@dataclass(frozen=True)
class Point:
    """`fix`: a page that mends it, as a URL name and what it is called. `asks`: what a person has
    to look at, where no program can tell; it holds besides what is computed.
    """

    name: str
    title: str | Promise
    look: Callable[[World], Evidence]
    fix: str
    fix_title: str | Promise
    fix_args: tuple[str, ...] = ()
    asks: str | Promise = ""


@dataclass(frozen=True)
class Shown:
    """A point as it stands. `confirmed` is the last word of a person, and may be stale."""

    point: Point
    evidence: Evidence
    confirmed: Confirmation | None = None
    is_stale: bool = False
    link: str = field(default="")

    @property
    def is_fine(self) -> bool:
        is_confirmed = self.confirmed is not None and not self.is_stale
        return self.evidence.ok and (is_confirmed or not self.point.asks)
