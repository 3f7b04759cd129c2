"""The chain: whom an alarm reaches first, and who follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction

from monitoring.alarms.models import AlertChannel, EscalationStep
from veyra.models import Pulse, User

LOOKOUT, LOOKOUT_IS_OLD = "lookout", timedelta(seconds=60)


@dataclass(frozen=True)
class Rung:
    """A step as a page shows it. `after`: minutes since the beginning."""

    step: EscalationStep
    after: int
    channels: list[AlertChannel]
    is_first: bool


def rungs(steps: Sequence[EscalationStep], channels: Sequence[AlertChannel]) -> list[Rung]:
    found, after = [], 0
    for number, step in enumerate(steps):
        after += step.minutes if number else 0
        mine = [each for each in channels if each.person_id == step.person_id]
        everybody = step.person_id is None
        found.append(Rung(step, after, list(channels) if everybody else mine, number == 0))
    return found


@transaction.atomic
def add(person: User | None, minutes: int, by: User) -> None:
    position = EscalationStep.objects.count()
    step = EscalationStep.objects.create(position=position, person=person, minutes=minutes)
    LogEntry.objects.log_actions(by.pk, [step], ADDITION, change_message="")


@transaction.atomic
def remove(step: EscalationStep, by: User) -> None:
    LogEntry.objects.log_actions(by.pk, [step], DELETION, change_message="")
    step.delete()
    _number(list(EscalationStep.objects.in_order()))


@transaction.atomic
def up(step: EscalationStep, by: User) -> None:
    """One place earlier."""
    steps = list(EscalationStep.objects.in_order())
    place = next((n for n, each in enumerate(steps) if each.pk == step.pk), 0)
    if place:
        steps[place - 1 : place + 1] = [steps[place], steps[place - 1]]
        _number(steps)
        LogEntry.objects.log_actions(by.pk, [step], CHANGE, change_message="")


def _number(steps: Sequence[EscalationStep]) -> None:
    for position, step in enumerate(steps):
        EscalationStep.objects.filter(pk=step.pk).update(position=position)


def lookout_lives() -> bool:
    return Pulse.is_felt(LOOKOUT, LOOKOUT_IS_OLD)
