"""Steps on the ways on which people are told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.alarms import working
from monitoring.alarms.models import AlertChannel, Delivery
from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from veyra.celery import wake
from veyra.sentences import Sentence

# Longer than the first tries of a message take.
TOLD = timedelta(seconds=90)
Word, State = Delivery.Word, Delivery.State


def _try(now: datetime, _target: str) -> Outcome:
    """Those that do not work; where all do, each of them."""
    channels = list(AlertChannel.objects.usable())
    if not channels:
        return failed(_("There is no alarm channel yet. Add one under “Alarms”."))
    broken = [channel for channel in channels if channel.failing_since]
    for channel in broken or channels:
        working.make(channel, Word.TEST, now)
    wake(working.TASK)
    return waits(_("Trial messages are on their way."))


def _came(now: datetime, begun: datetime, _target: str) -> Outcome | None:
    sent = Delivery.objects.filter(word=Word.TEST, made_at__gte=begun)
    states = list(sent.order_by("name").values_list("name", "state"))
    missing = [name for name, state in states if state != State.SENT]
    if not missing:
        return worked(_("Every trial message was taken. See whether it arrived."))
    given_up = all(state in (State.SENT, State.FAILED) for _name, state in states)
    if not given_up and now - begun < TOLD:
        return None
    msgid = _("These channels do not work: %(names)s. “Alarms” says of each why.")
    return failed(msgid, names=", ".join(missing))


STEPS: Sequence[Step] = [
    Step(
        name="test_channel",
        title=gettext_lazy("Try the alarm channels"),
        says=lambda _target: Sentence(
            _(
                "A trial message goes to each alarm channel that does not work, or to all where"
                " all work. Nobody else is told."
            )
        ),
        run=_try,
        later=_came,
        by_itself=False,
    )
]
