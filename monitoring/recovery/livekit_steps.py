"""LiveKit is started again in a moment in which nobody calls."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from telephony.models import Call
from veyra import livekit_keys
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import Program
from veyra.sentences import Sentence

NAME = "restart_livekit_quietly"
SERVER, GATEWAY = "livekit-server", "livekit-sip"
ANSWER_SECONDS = 3.0
# A line on which somebody always calls is told so.
LONGEST = timedelta(hours=24)
BACK = timedelta(minutes=2)
NOT_OURS = _(
    "This LiveKit was not started by `make run`, so nothing here can start it again. Start it again"
    " by hand when nobody calls."
)


def _begin(now: datetime, target: str) -> Outcome:
    if not any(program.listens(now) for program in _programs().filter(name=SERVER)):
        return failed(NOT_OURS)
    return waits(_("We wait until nobody calls. Calls come in as always meanwhile."))


def _go_on(now: datetime, begun: datetime, target: str) -> Outcome | None:
    rows = list(_programs())
    if any(row.name == SERVER and row.started_at > begun for row in rows):
        return _back(now, begun)
    asked = [row.stop_asked_at for row in rows if row.stop_asked_at and row.stop_asked_at > begun]
    if asked:
        return None if now - min(asked) < BACK else failed(_("LiveKit did not come back."))
    if now - begun > LONGEST:
        msgid = _("Somebody called the whole day long. Try once more, best before the night.")
        return failed(msgid)
    if is_quiet():
        # In one step, so that both are ended at one look: the gateway signs by the new key, too.
        _programs().update(stop_asked_at=now)
    return None


def _back(now: datetime, begun: datetime) -> Outcome | None:
    try:
        with LiveKit.from_settings(ANSWER_SECONDS) as livekit:
            livekit.list_rooms()
    except LiveKitError:
        return None if now - begun < LONGEST + BACK else failed(_("LiveKit did not come back."))
    livekit_keys.finish()
    return worked(_("LiveKit was started again while nobody called."))


def is_quiet() -> bool:
    """Would nobody notice if LiveKit were away for two seconds?"""
    if Call.objects.going_on().exists():
        return False
    try:
        with LiveKit.from_settings(ANSWER_SECONDS) as livekit:
            return not any(room.participants for room in livekit.list_rooms())
    except LiveKitError:
        return False


def _programs() -> QuerySet[Program]:
    return Program.objects.filter(name__in=[SERVER, GATEWAY])


STEPS: Sequence[Step] = [
    Step(
        name=NAME,
        title=gettext_lazy("Start LiveKit again when nobody calls"),
        says=lambda _target: Sentence(
            _(
                "As soon as nobody calls, LiveKit and the call entrance are started again. That"
                " takes about two seconds, and no call breaks off."
            )
        ),
        run=_begin,
        later=_go_on,
        by_itself=False,
    )
]
