"""What a rule of incidents is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from monitoring.health.base import Limit
from monitoring.incidents.facts import Facts
from veyra.sentences import Sentence

Limits = Mapping[str, float]


@dataclass(frozen=True)
class Trouble:
    """Something wrong that a rule sees now. `about` tells troubles of one rule apart.

    `severity`: where it differs from the rule's. `is_hint`: it may become a fault, and explains
    none yet.
    """

    sentence: Sentence
    about: str = ""
    calls: Sequence[UUID] = ()
    severity: int | None = None
    is_hint: bool = False


Find = Callable[[Facts, Limits], Sequence[Trouble]]


def _always(_facts: Facts) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """`damping`: seconds for which a trouble must be seen before it is an incident. `is_loud`:
    callers suffer, so planned work does not silence it. `can_tell`: False where the facts say
    neither that there is trouble nor that there is none.
    """

    slug: str
    title: str | Promise
    hint: str | Promise
    severity: int
    find: Find
    damping: int = 10
    limits: tuple[Limit, ...] = ()
    is_loud: bool = False
    can_tell: Callable[[Facts], bool] = _always


@dataclass(frozen=True)
class Sighting:
    """A trouble with all that its rule, and the staff's settings of it, say."""

    rule: str
    cause: str
    sentence: Sentence
    severity: int
    damping: float = 0.0
    is_loud: bool = False
    calls: tuple[UUID, ...] = ()
    # May it be why others are seen?
    explains: bool = True
    # The cause of the sighting that explains this one.
    root: str | None = None
