"""Which incidents open, go on, join others and end, by what is seen now and what is known. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.incidents.rule import Sighting

# What is not seen any more is over after so long; after twice as long each time it came back.
CALM = timedelta(seconds=30)
LONGEST_CALM = timedelta(minutes=15)
# A trouble that comes back within it is the same incident.
LATELY = timedelta(minutes=30)


@dataclass(frozen=True)
class Known:
    """An incident that is open, or ended by itself lately (`over_at`)."""

    pk: Any
    rule: str
    cause: str
    quiet_since: datetime | None = None
    times: int = 1
    over_at: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What to write. `suspects` are all causes that are seen and do not count yet, since when."""

    open: list[Sighting] = field(default_factory=list)
    back: list[tuple[Known, Sighting]] = field(default_factory=list)
    seen: list[tuple[Known, Sighting]] = field(default_factory=list)
    quiet: list[Known] = field(default_factory=list)
    over: list[Known] = field(default_factory=list)
    suspects: dict[str, datetime] = field(default_factory=dict)


def calm(times: int) -> timedelta:
    """For how long a trouble that came so often must be gone to be over."""
    doubled: int = 2 ** min(times - 1, 10)
    return min(CALM * doubled, LONGEST_CALM)


def decide(
    now: datetime,
    sightings: Sequence[Sighting],
    blind: Collection[str],
    known: Iterable[Known],
    suspects: Mapping[str, datetime],
) -> Decision:
    """`blind`: rules that cannot tell anything now; their incidents stay as they are."""
    known = list(known)
    going_on = {each.cause: each for each in known if each.over_at is None}
    over = {each.cause: each for each in known if each.over_at and now - each.over_at <= LATELY}
    since = {each.cause: suspects.get(each.cause, now) for each in sightings}
    counted = {
        each.cause
        for each in sightings
        if each.cause in going_on or _lasts(each, since[each.cause], now)
    }
    found = Decision()
    for sighting in sightings:
        if mine := going_on.get(sighting.cause):
            found.seen.append((mine, sighting))
        elif sighting.cause not in counted or not _may_open(sighting, counted, since):
            found.suspects[sighting.cause] = since[sighting.cause]
        elif before := over.get(sighting.cause):
            found.back.append((before, sighting))
        else:
            found.open.append(sighting)
    unseen = [each for each in going_on.values() if each.cause not in since]
    for each in unseen:
        if each.rule in blind:
            continue
        if each.quiet_since is None:
            found.quiet.append(each)
        elif now - each.quiet_since >= calm(each.times):
            found.over.append(each)
    return found


def _lasts(sighting: Sighting, since: datetime, now: datetime) -> bool:
    return (now - since).total_seconds() >= sighting.damping


def _may_open(sighting: Sighting, counted: Collection[str], since: Mapping[str, datetime]) -> bool:
    """What is explained by something that does not count yet waits for it."""
    return sighting.root is None or sighting.root in counted or sighting.root not in since
