"""Steps that set right what LiveKit holds and what we know of it."""

from datetime import datetime

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.recovery.step import Outcome, Step
from telephony import observing
from veyra.livekit.client import LiveKit
from veyra.sentences import Sentence

ANSWER_SECONDS = 3.0


def _observe_now(now: datetime, target: str) -> Outcome:
    with LiveKit.from_settings(ANSWER_SECONDS) as livekit:
        livekit.list_rooms()  # the observer would only log that LiveKit is away
    found = observing.observe()
    msgid = _("LiveKit was asked: %(facts)s new facts about calls.")
    return Outcome(True, Sentence(msgid, {"facts": found}))


STEPS = [
    Step(
        name="observe_now",
        title=gettext_lazy("Ask LiveKit which calls there are"),
        says=lambda _target: Sentence(
            _("LiveKit is asked which calls go on now, and our list is set right by its answer.")
        ),
        run=_observe_now,
        times=10,
    ),
]
