"""Steps for workers, whose processes carry the conversations."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from agentworker.models import Worker
from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from telephony import probes
from telephony.watching import hanging_rooms, served_by
from veyra.sentences import Sentence

GONE = _("There is no such worker here any more.")
# A worker reads its row every second.
READS = timedelta(seconds=15)


def hanging(now: datetime) -> list[Worker]:
    """Those that live, and have a conversation whose caller has heard nothing for too long."""
    living = Worker.objects.seen_since(now - probes.WORKER_IS_OLD).order_by("name")
    rooms = hanging_rooms(now)
    return [worker for worker in living if served_by([worker]) & rooms]


def _drain(now: datetime, target: str) -> Outcome:
    others = Worker.objects.taking_calls(now - probes.WORKER_IS_OLD).exclude(name=target)
    if not others.exists():
        msgid = _(
            "It is the only worker that takes calls: without it nobody would answer. Start another"
            " one first."
        )
        return failed(msgid)
    if not Worker.objects.filter(name=target).update(is_resting=True, rests_by_hand=True):
        return failed(GONE)
    return worked(_("It takes no new calls. Those that it has go on to their end."))


def _take_again(now: datetime, target: str) -> Outcome:
    asked = Worker.objects.filter(name=target)
    if not asked.update(is_resting=False, rests_by_hand=False):
        return failed(GONE)
    return worked(_("It takes calls again."))


def _end_hung(now: datetime, target: str) -> Outcome:
    worker = Worker.objects.filter(name=target).first()
    if worker is None:
        return failed(GONE)
    rooms = sorted(served_by([worker]) & hanging_rooms(now))
    Worker.objects.filter(pk=worker.pk).update(rooms_to_end=rooms)
    return waits(
        _("The worker was told to end the conversations that hang: %(count)s."), count=len(rooms)
    )


def _ended(now: datetime, begun: datetime, target: str) -> Outcome | None:
    worker = Worker.objects.filter(name=target).first()
    if worker is None:
        return failed(GONE)
    if worker.rooms_to_end is None:
        msgid = _(
            "What hung is ended, and the spare processes are new. Another assistant goes to each"
            " caller who waits."
        )
        return worked(msgid)
    if now - begun < READS:
        return None
    return failed(_("The worker itself does not listen any more. Restart its program."))


STEPS: Sequence[Step] = [
    Step(
        name="end_hung",
        title=gettext_lazy("End assistants that say nothing"),
        says=lambda target: Sentence(
            _(
                "The worker %(worker)s ends the conversations in which a caller has waited for the"
                " first word for over ten seconds, and starts its spare processes anew. Another"
                " assistant goes to these callers, who stay on the line. Other calls are not"
                " touched."
            ),
            {"worker": target},
        ),
        run=_end_hung,
        later=_ended,
    ),
    Step(
        name="drain_worker",
        title=gettext_lazy("Give the worker no more calls"),
        says=lambda target: Sentence(
            _(
                "The worker %(worker)s takes no new calls; other workers do. Calls that it has go"
                " on to their end."
            ),
            {"worker": target},
        ),
        run=_drain,
    ),
    Step(
        name="take_calls_again",
        title=gettext_lazy("Let the worker take calls again"),
        says=lambda target: Sentence(
            _("The worker %(worker)s takes new calls again."), {"worker": target}
        ),
        run=_take_again,
    ),
]
