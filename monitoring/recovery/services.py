"""Carry out a step: it is recorded, and done at most so often."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from monitoring.incidents.models import Incident, IncidentNote
from monitoring.incidents.services import note
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.step import Outcome, Step
from monitoring.recovery.steps import STEPS
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

RECOVER = "monitoring.recover"
# Whoever did it has died.
CUT_SHORT = timedelta(minutes=5)


class TooOftenError(Exception):
    """The step was done as often as it may be. `sentence` says so to people."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.name)
        minutes = round(step.within.total_seconds() / 60)
        self.sentence = Sentence(
            _(
                "This was done %(times)s times within %(minutes)s minutes and did not help. Look"
                " for the cause before you do it again."
            ),
            {"times": step.times, "minutes": minutes},
        )


def carry_out(
    step: str, target: str = "", incident: Incident | None = None, by: User | None = None
) -> RecoveryAction:
    """Do it now, and the row of it; the incident's story tells of it, too.

    Raises TooOftenError; KeyError where there is no such step.
    """
    found = STEPS[step]
    row = _begin(found, target, incident, by)
    _finish(row, found, _run(found, target))
    return row


def wait_for_ends(now: datetime) -> None:
    """Steps that take a while: what came of them?"""
    for row in RecoveryAction.objects.open().select_related("incident", "by"):
        step = STEPS.get(row.step)
        outcome = None
        if step and step.later:
            outcome = step.later(now, row.at, row.target)
        elif row.at < now - CUT_SHORT:
            outcome = Outcome(False, Sentence(_("It was cut short. Do it once more.")))
        if outcome:
            _finish(row, step, outcome)


def _begin(step: Step, target: str, incident: Incident | None, by: User | None) -> RecoveryAction:
    # Two who begin at once see each other, or the later one sees the earlier: none slips through.
    row = RecoveryAction.objects.create(step=step.name, target=target, incident=incident, by=by)
    if RecoveryAction.objects.of(step.name, target, row.at - step.within).count() > step.times:
        row.delete()
        raise TooOftenError(step)
    return row


def _run(step: Step, target: str) -> Outcome:
    try:
        return step.run(timezone.now(), target)
    except LiveKitError:
        return Outcome(False, Sentence(_("LiveKit does not answer. Start it, then try again.")))
    except Exception as error:  # whatever is broken is told: it is why the step was pressed
        log.warning("the step %s failed: %s", step.name, type(error).__name__)
        msgid = _("The step could not be done (%(error)s). Look at the diagnosis of the line.")
        return Outcome(False, Sentence(msgid, {"error": type(error).__name__}))


def _finish(row: RecoveryAction, step: Step | None, outcome: Outcome) -> None:
    """Once: who looks at the same time finds it told."""
    told = {"ok": outcome.ok, "sentence": outcome.sentence.to_json()}
    if outcome.ok is None and told["sentence"] == row.sentence:
        return
    if not RecoveryAction.objects.open().filter(pk=row.pk).update(**told):
        return
    row.ok, row.sentence = outcome.ok, told["sentence"]
    if row.incident:
        note(row.incident, IncidentNote.Kind.STEP, outcome.sentence, row.by)
