"""What a check is: a name, a place in the way of a call, limits, and a look that gives a verdict.

Checks stand on django-health-check's base, so its own command and views can run them, too.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from health_check.base import HealthCheck as Base  # type: ignore[import-untyped]  # it ships no types
from health_check.exceptions import (  # type: ignore[import-untyped]  # likewise
    ServiceUnavailable,
    ServiceWarning,
)

from monitoring.health.models import HealthCheck
from telephony import probes
from veyra.sentences import Sentence

Status = HealthCheck.Status
NETWORK_SECONDS = 2.0
# A part that shows life every second, and is missed when it does not.
GUARD_IS_OLD = timedelta(seconds=10)


class Link(models.TextChoices):
    """A link of the chain of a call, in the order in which a call passes them; then what carries
    all of them, and what looks after them."""

    PROVIDER = "provider", _("Provider")
    ENTRANCE = "entrance", _("Call entrance")
    LIVEKIT = "livekit", "LiveKit"
    ASSISTANTS = "assistants", _("Assistants")
    SPEECH = "speech", _("Speech")
    RECORDING = "recording", _("Recording")
    GROUND = "ground", _("What carries it all")
    GUARD = "guard", _("What looks after it")


@dataclass(frozen=True)
class Verdict:
    """What a look found. `value` is in the check's unit; `felt` are pulses of who answered."""

    status: str
    sentence: Sentence
    value: float | None = None
    felt: tuple[str, ...] = ()


def well(msgid: str, value: float | None = None, **values: Any) -> Verdict:
    return Verdict(Status.OK, Sentence(msgid, values), value)


def warn(msgid: str, value: float | None = None, **values: Any) -> Verdict:
    return Verdict(Status.WARNING, Sentence(msgid, values), value)


def ill(msgid: str, value: float | None = None, **values: Any) -> Verdict:
    return Verdict(Status.FAILED, Sentence(msgid, values), value)


def off(msgid: str, **values: Any) -> Verdict:
    return Verdict(Status.OFF, Sentence(msgid, values))


RISING = Verdict(Status.STARTING, Sentence(gettext_noop("It is starting.")))


def missed(msgid: str, **values: Any) -> Verdict:
    """A part shows no life: a fault, unless all was started a moment ago."""
    return RISING if probes.began_ago() < probes.STARTING_SECONDS else ill(msgid, **values)


@dataclass(frozen=True)
class Limit:
    """A figure that staff may change: what it is called, what it does, and between what it lies."""

    name: str
    title: str | Promise
    hint: str | Promise
    default: float
    least: float
    most: float


@dataclass
class Check(Base):  # type: ignore[misc]  # likewise
    """`look` may read the database; what it asks the network has to be quick and local."""

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    link: ClassVar[Link]
    # Seconds between two looks.
    period: ClassVar[int] = 10
    # Of its value, on charts; "": it has none.
    unit: ClassVar[str | Promise] = ""
    limits: ClassVar[tuple[Limit, ...]] = ()
    # A door without a login looks itself where nothing else has; not at what costs much.
    is_cheap: ClassVar[bool] = True
    # It is started beside us: what has not been well since then is not missed at once.
    rises: ClassVar[bool] = False

    changed: Mapping[str, float] = field(default_factory=dict, repr=False)

    @abstractmethod
    def look(self, now: datetime) -> Verdict:
        """What it finds. Raises DatabaseError."""

    def limit(self, name: str) -> float:
        """What staff say of it, else its default."""
        default = next(limit.default for limit in self.limits if limit.name == name)
        return float(self.changed.get(name, default))

    async def run(self) -> None:
        """django-health-check's way to ask."""
        verdict = await sync_to_async(self.look)(timezone.now())
        if verdict.status == Status.FAILED:
            raise ServiceUnavailable(str(verdict.sentence))
        if verdict.status == Status.WARNING:
            raise ServiceWarning(str(verdict.sentence))


@dataclass
class Asking(Check):
    """It asks the network, in a thread beside the others; so `ask` must not touch the database.

    `known` reads there what `ask` needs.
    """

    def known(self, now: datetime) -> Any:
        return None

    @abstractmethod
    def ask(self, known: Any) -> Verdict:
        """What the network says."""

    def look(self, now: datetime) -> Verdict:
        return self.ask(self.known(now))
