"""What all findings of a walk come to, in one or two sentences. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.health.base import Status
from veyra.sentences import Sentence


class Stage(models.TextChoices):
    """Parts of the way of a call, in the order in which it passes them; then what carries it."""

    ARRIVES = "arrives", _("The call comes to us")
    ANSWERED = "answered", _("Somebody answers it")
    HEARD = "heard", _("Both hear each other")
    RECORDED = "recorded", _("It is recorded")
    SEEN = "seen", _("We see it")
    GROUND = "ground", _("What carries it all")


@dataclass(frozen=True)
class Item:
    """What was found at one place of the way."""

    name: str
    title: str | Promise
    stage: Stage
    status: str
    sentence: Sentence

    @property
    def is_bad(self) -> bool:
        return self.status == Status.FAILED

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": str(self.title),
            "stage": self.stage.value,
            "status": self.status,
            "sentence": str(self.sentence),
        }


# The first of these that has a fault is what is told; without what carries it, nothing works.
WORST_FIRST = (
    Stage.GROUND,
    Stage.ARRIVES,
    Stage.ANSWERED,
    Stage.HEARD,
    Stage.RECORDED,
    Stage.SEEN,
)
# Only without these does nothing work at all; the first of them explains the others.
CARRIERS = ("database", "broker", "livekit")
SAYS = {
    Stage.GROUND: gettext_noop("The line does not work. %(why)s"),
    Stage.ARRIVES: gettext_noop("Calls do not arrive. %(why)s"),
    Stage.ANSWERED: gettext_noop("Calls arrive, but nobody answers. %(why)s"),
    Stage.HEARD: gettext_noop("Calls are answered, but one does not hear the other. %(why)s"),
    Stage.RECORDED: gettext_noop("Calls are answered, but the recording is in danger. %(why)s"),
    Stage.SEEN: gettext_noop("Calls are answered, but not everything is done for them. %(why)s"),
}
WELL = gettext_noop("Calls arrive and are answered.")
MIND = gettext_noop("Calls arrive and are answered. Mind this: %(why)s")


@dataclass(frozen=True)
class Verdict:
    """`because`: the item that is to be mended first, if any."""

    is_well: bool
    sentence: Sentence
    because: Item | None = None


def verdict(items: Sequence[Item]) -> Verdict:
    for stage in WORST_FIRST:
        if worst := next((item for item in _of(stage, items) if item.is_bad), None):
            return Verdict(False, Sentence(SAYS[stage], {"why": worst.sentence}), worst)
    warning = next((item for item in items if item.status == Status.WARNING), None)
    if warning:
        return Verdict(True, Sentence(MIND, {"why": warning.sentence}), warning)
    return Verdict(True, Sentence(WELL))


def _of(stage: Stage, items: Iterable[Item]) -> list[Item]:
    """What carries it all comes first where nothing works without it, and last where it does."""
    if stage is Stage.GROUND:
        found = [item for item in items if item.name in CARRIERS]
        return sorted(found, key=lambda item: CARRIERS.index(item.name))
    also = stage is Stage.SEEN
    return [
        item
        for item in items
        if item.stage == stage
        or (also and item.stage == Stage.GROUND and item.name not in CARRIERS)
    ]
