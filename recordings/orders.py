"""What staff order about the recording of a call while it goes on, and whether it can be done.

An order is a fact of the call's story: whoever records sees by it what is wanted, and says by a
fact of his own that he has done it.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from agentworker.recording import RecordingPolicy
from recordings import expecting
from recordings.deciding import Verdict, Wanted, decide, has_agreed, policy_of
from telephony.hands import NOT_HERE_YET, OVER
from telephony.models import Call, CallEvent
from telephony.telling import event_id, tell
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "recordings.order"
# Brings LiveKit's own program to what is wanted.
LOOK = "recordings.look"
# Likewise in agentworker.taping.in_job, which only jobs and the recorder can import.
TOPIC = "veyra.record"


class Order(models.TextChoices):
    START = "start", gettext_lazy("Record")
    PAUSE = "pause", gettext_lazy("Pause the recording")
    RESUME = "resume", gettext_lazy("Go on recording")
    STOP = "stop", gettext_lazy("Stop recording")


AUDIT = {
    Order.START: _("Asked to record the call."),
    Order.PAUSE: _("Asked to pause the recording."),
    Order.RESUME: _("Asked to go on recording."),
    Order.STOP: _("Asked to stop recording."),
}
NOBODY_TALKS = _("Nobody talks yet. It can be recorded as soon as the call is answered.")
NEVER = _(
    "Calls of this line are not recorded. Whoever may change that does so in “Who answers”, or on"
    " the assistant's page; it holds from the next call on."
)
NOT_AGREED = _("The caller has not agreed to be recorded.")
# Said of a call in which somebody talks: what is recorded of its room has to stop.
FORBIDS = (NEVER, NOT_AGREED)
BARRED = _(
    "Somebody else is in this conversation whose calls are not recorded, or who has not agreed."
    " Nothing of it is recorded until they leave."
)
WHOLE = _("All calls of this line are recorded: this one can be paused, but not stopped.")
NOT_ON = _("It is not being recorded.")


@dataclass(frozen=True)
class Standing:
    """How the recording of a call stands: what is `wanted`, and what recorders say that they are
    `doing`. `no_start`: why it cannot be begun. `orders`: what can be ordered now.
    """

    wanted: Wanted = Wanted.OFF
    doing: Wanted = Wanted.OFF
    orders: tuple[Order, ...] = ()
    no_start: Sentence | None = None

    @property
    def waits(self) -> bool:
        """An order is not carried out yet."""
        return self.wanted != self.doing


def standing(call: Call) -> Standing:
    if not _goes_on(call):
        return Standing()
    story = expecting.story_of(call, expecting.row_of(call))
    if story is None:
        return Standing(no_start=Sentence(NOBODY_TALKS))
    verdict, policy = decide(story), policy_of(story)
    no_start = None
    if policy == RecordingPolicy.NEVER:
        no_start = Sentence(NEVER)
    elif policy == RecordingPolicy.AGREED and not has_agreed(story):
        no_start = Sentence(NOT_AGREED)
    elif verdict.is_barred:
        no_start = Sentence(BARRED)
    return Standing(verdict.wanted, verdict.doing, _possible(verdict, no_start), no_start)


def obstacles(room_sid: str) -> list[Sentence]:
    """Why nothing in this room may be recorded: what the calls in it that go on say of it."""
    calls = Call.objects.going_on().filter(room_sid=room_sid).select_related("rule", "agent")
    return [why for call in calls if (why := standing(call).no_start)]


def forbidding(room_sid: str) -> Sentence | None:
    """Why whatever is recorded of this room, or sent on, has to stop: a call in it is of a line
    that is never recorded, or its caller has not agreed.
    """
    return next((why for why in obstacles(room_sid) if why.msgid in FORBIDS), None)


def _possible(verdict: Verdict, no_start: Sentence | None) -> tuple[Order, ...]:
    stop = () if verdict.policy == RecordingPolicy.ALWAYS else (Order.STOP,)
    if verdict.wanted == Wanted.ON:
        return (Order.PAUSE, *stop)
    if verdict.wanted == Wanted.PAUSED:
        return stop if verdict.is_barred else (Order.RESUME, *stop)
    return () if no_start else (Order.START,)


def why_not(call: Call, order: Order) -> Sentence | None:
    """Why this cannot be ordered now; None where it can."""
    if call.ended_at:
        return Sentence(OVER)
    if not call.room_name:
        return Sentence(NOT_HERE_YET)
    found = standing(call)
    if order in found.orders:
        return None
    if order == Order.START or (order == Order.RESUME and found.wanted == Wanted.PAUSED):
        return found.no_start
    if order == Order.STOP and found.wanted != Wanted.OFF:
        return Sentence(WHOLE)
    # It stands as it was ordered already.
    is_so = (order, found.wanted) in ((Order.PAUSE, Wanted.PAUSED), (Order.RESUME, Wanted.ON))
    return None if is_so else Sentence(NOT_ON)


@transaction.atomic
def give(call: Call, order: Order, user: User, ticket: UUID) -> None:
    """Have it done, by whoever records. Given again with the same ticket, it is one order."""
    kind, once = f"record_{order}", str(ticket)
    if CallEvent.objects.filter(event_id=event_id(kind, once)).exists():
        return
    tell(call, kind, once, who=user.get_full_name() or user.get_username())
    said = gettext(AUDIT[order])
    LogEntry.objects.log_actions(user.pk, [call], CHANGE, change_message=said)
    expecting.look_at(call)
    wake(TASK)
    wake(LOOK)


def deliver() -> None:
    """Tell the assistants that record what is ordered of them; our own recorder sees it itself."""
    found = expecting.look(timezone.now())
    told = {row.room_name: verdict.order for row, verdict in found if verdict.order}
    if told:
        tell_jobs(told)


def tell_jobs(told: Mapping[str, str]) -> None:
    """Tell the assistants in rooms of these names what to do; who is not reached is told again."""
    with LiveKit.from_settings() as livekit:
        for room, order in told.items():
            try:
                _tell_job(livekit, room, order)
            except LiveKitError as error:
                log.warning("an assistant was not told what to record: %s", error.code)


def _tell_job(livekit: LiveKit, room: str, order: str) -> None:
    agents = [who.identity for who in livekit.list_participants(room) if who.kind == "agent"]
    if agents:
        livekit.send_data(room, agents, TOPIC, json.dumps({"do": order}).encode())


def _goes_on(call: Call) -> bool:
    return call.ended_at is None and bool(call.room_name)
