"""A job of upkeep now, instead of at night."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.recovery.step import Outcome, Step, failed, waits
from monitoring.upkeep import working
from monitoring.upkeep.jobs import JOBS
from monitoring.upkeep.models import JobRun
from veyra.sentences import Sentence

# A large database takes its time.
LONGEST = timedelta(hours=2)
GONE = _("There is no such job any more.")


def _ask(now: datetime, target: str) -> Outcome:
    if target not in JOBS:
        return failed(GONE)
    working.ask(target)
    return waits(_("It was given to the worker for long work, which begins with it at once."))


def _asked(now: datetime, begun: datetime, target: str) -> Outcome | None:
    row = JobRun.objects.ended().of(target).filter(finished_at__gte=begun).newest().first()
    if row is not None:
        return Outcome(bool(row.ok), row.says)
    if now - begun < LONGEST:
        return None
    return failed(_("It was not done. Look whether the worker for long work runs."))


def _says(target: str) -> Sentence:
    msgid = _("“%(job)s” is done now, instead of at night. To do it twice is harmless.")
    return Sentence(msgid, {"job": str(JOBS[target].title) if target in JOBS else target})


STEPS: Sequence[Step] = [
    Step(
        name="run_job",
        title=gettext_lazy("Do the job of maintenance now"),
        says=_says,
        run=_ask,
        later=_asked,
        times=6,
    ),
]
