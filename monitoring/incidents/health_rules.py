"""A rule for each health check: what does not go well for longer than a moment is an incident."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from monitoring.health import every
from monitoring.health.base import Check, Status
from monitoring.health.words import NOT_WELL
from monitoring.incidents.facts import Facts
from monitoring.incidents.models import Severity
from monitoring.incidents.rule import Limits, Rule, Trouble

HINT = _("The check of this name says that it is not well.")
# How soon somebody must come where a check fails; all others can wait for the working day.
GRAVE = {
    Severity.CRITICAL: (
        *("database", "broker", "livekit", "gateway", "worker", "media", "addresses"),
        *("provider", "registrar", "schedule", "speech"),
    ),
    Severity.HIGH: (
        *("standby", "watchdog", "disk", "memory", "queues", "webhooks", "storage", "uploading"),
        *("recorder", "web", "certificates", "drift", "clock", "tap", "observer", "load"),
    ),
}
# With these away callers suffer, whatever work was planned.
LOUD = (*("livekit", "gateway", "worker", "media", "provider", "registrar", "speech", "database"),)
# Their warning is that they are not set up yet. That is no trouble of the line: the checklists and
# the page of health tell it.
SET_UP = ("channels",)
# Seconds before it counts: the next look, five seconds later, has to see it, too.
DAMPING = 4
# What is looked at more seldom is told as soon as it fails once. A provider may lose one packet, so
# it is asked a second time.
SELDOM = 20
# A message that could not be sent is tried again meanwhile.
SLOW = {"channels": 120}
# They have waited themselves before they said it. Not so the schedule: on a busy machine it may be
# late once, and all are woken.
PATIENT = ("queues", "tap", "lookout", "standby", "watchdog", "recorder", "worker")


def severity_of(name: str) -> int:
    return next((level for level, names in GRAVE.items() if name in names), Severity.MEDIUM)


def damping_of(check: type[Check]) -> int:
    at_once = check.name in PATIENT or check.period > SELDOM
    return SLOW.get(check.name, 0 if at_once else DAMPING)


def rule_of(check: type[Check]) -> Rule:
    name = check.name

    def find(facts: Facts, _limits: Limits) -> Sequence[Trouble]:
        found = facts.health.get(name)
        if found is None or found.status not in (Status.FAILED, Status.WARNING):
            return ()
        if found.status == Status.FAILED:
            return [Trouble(found.sentence)]
        if name in SET_UP:
            return ()
        return [Trouble(found.sentence, severity=Severity.LOW, is_hint=True)]

    def can_tell(facts: Facts) -> bool:
        found = facts.health.get(name)
        return found is not None and found.status != Status.STARTING

    return Rule(
        name,
        check.title,
        NOT_WELL.get(name, HINT),
        severity_of(name),
        find,
        damping=damping_of(check),
        is_loud=name in LOUD,
        can_tell=can_tell,
    )


RULES = tuple(rule_of(check) for check in every.CHECKS)
