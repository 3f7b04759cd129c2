"""Who must be told of what now. Pure: rows come in as plain data, orders go out."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from uuid import UUID

CRITICAL, HIGH = 1, 2
# Of messages about incidents to one channel: so many in so long are a storm, and what comes then is
# gathered for a while, less long where a critical one is among it.
STORM, STORM_LASTS = 4, timedelta(minutes=10)
GATHERED = timedelta(minutes=5)
GATHERED_CRITICAL = timedelta(minutes=1)


class Told(StrEnum):
    """What became of the alarm to a channel."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Trouble:
    """An incident that is not over. `is_open`: nobody has said that he is on it. `is_loud`: callers
    suffer, so no quiet hours hold.
    """

    pk: UUID
    severity: int
    opened_at: datetime
    is_open: bool = True
    is_loud: bool = False

    @property
    def wakes(self) -> bool:
        return self.is_loud or self.severity == CRITICAL


@dataclass(frozen=True)
class Way:
    """A channel. `severity`: the least severe of which it tells. `lately`: when it was sent
    something about incidents within STORM_LASTS.
    """

    pk: int
    kind: str
    person: int | None = None
    severity: int = 4
    is_quiet: bool = False
    works: bool = True
    lately: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Step:
    """Who is woken, so long after the step before. `person` None: everybody."""

    person: int | None
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Order:
    """One message to one channel, about these incidents."""

    way: int
    troubles: tuple[UUID, ...]


@dataclass(frozen=True)
class Scene:
    """`told`: what became of alarms, by incident and channel. `over`: what ended, by channel whose
    people were told that it began, and were not told that it is over.
    """

    troubles: Sequence[Trouble]
    ways: Sequence[Way]
    steps: Sequence[Step] = ()
    told: Mapping[tuple[UUID, int], Told] = field(default_factory=dict)
    over: Mapping[int, Sequence[UUID]] = field(default_factory=dict)


def alarms(scene: Scene, now: datetime) -> list[Order]:
    """At most one message a channel; several incidents at once are one message."""
    due: dict[int, list[Trouble]] = {}
    for trouble in scene.troubles:
        told = {way: how for (pk, way), how in scene.told.items() if pk == trouble.pk}
        for way in to_tell(trouble, scene.ways, scene.steps, told, now):
            due.setdefault(way, []).append(trouble)
    return [
        Order(way.pk, tuple(trouble.pk for trouble in due[way.pk]))
        for way in scene.ways
        if way.pk in due and not is_held(way, due[way.pk], now)
    ]


def ends(scene: Scene, now: datetime) -> list[Order]:
    """Whoever was told that it began is told that it is over."""
    return [
        Order(way.pk, tuple(scene.over[way.pk]))
        for way in scene.ways
        if scene.over.get(way.pk) and not is_held(way, (), now)
    ]


def is_held(way: Way, troubles: Iterable[Trouble], now: datetime) -> bool:
    """In a storm a message waits, so that more goes into it."""
    lately = [at for at in way.lately if now - at < STORM_LASTS]
    if len(lately) < STORM:
        return False
    wakes = any(trouble.wakes for trouble in troubles)
    return now - max(lately) < (GATHERED_CRITICAL if wakes else GATHERED)


def to_tell(
    trouble: Trouble,
    ways: Sequence[Way],
    steps: Sequence[Step],
    told: Mapping[int, Told],
    now: datetime,
) -> list[int]:
    """Channels that are to be told of it now, and were not. None once somebody is on it."""
    if not trouble.is_open:
        return []
    fit = [way for way in ways if trouble.severity <= way.severity or trouble.wakes]
    hears = [way for way in fit if trouble.wakes or not way.is_quiet]
    # Where a step is reached that cannot be heard in the quiet hours, it is not passed over.
    reached = audience(trouble, fit, steps, told, now)
    wanted = [way for way in hears if way.pk in reached]
    if trouble.severity == CRITICAL:
        wanted += second_kind(wanted, hears, told)
    return [way.pk for way in wanted if way.pk not in told]


def audience(
    trouble: Trouble,
    ways: Sequence[Way],
    steps: Sequence[Step],
    told: Mapping[int, Told],
    now: datetime,
) -> set[int]:
    """Channels of the steps that are reached, and those that belong to nobody alone.

    A step is reached by time, or at once where nobody can be reached by those before it. Only what
    is critical or high goes beyond the first.
    """
    everybody = {way.pk for way in ways}
    if not steps:
        return everybody
    found = {way.pk for way in ways if way.person is None}
    moments = accumulate((step.after for step in steps[1:]), initial=timedelta(0))
    climbs = trouble.severity <= HIGH or trouble.is_loud
    for number, (step, after) in enumerate(zip(steps, moments, strict=True)):
        in_vain = not reachable(found, ways, told)
        if number and not in_vain and not (climbs and now - trouble.opened_at >= after):
            return found
        mine = {way.pk for way in ways if way.person == step.person}
        found |= everybody if step.person is None else mine
    return found if reachable(found, ways, told) else everybody


def reachable(pks: Set[int], ways: Iterable[Way], told: Mapping[int, Told]) -> bool:
    """Is there one among them by which a message gets through?"""
    return any(gets_through(way, told) for way in ways if way.pk in pks)


def gets_through(way: Way, told: Mapping[int, Told]) -> bool:
    how = told.get(way.pk)
    return how is Told.SENT or (how is not Told.FAILED and way.works)


def second_kind(wanted: Iterable[Way], ways: Sequence[Way], told: Mapping[int, Told]) -> list[Way]:
    """What is critical goes by two kinds of channels at least: one that is missing."""
    gone = [way for way in ways if way.pk in told]
    kinds = {way.kind for way in (*wanted, *gone) if gets_through(way, told)}
    if len(kinds) >= 2:
        return []
    others = (way for way in ways if way.kind not in kinds and gets_through(way, told))
    found: dict[str, Way] = {}
    for way in others:
        found.setdefault(way.kind, way)
    return list(found.values())[: 2 - len(kinds)]
