"""What staff do to a call while it goes on: asked for, done once, and told in the call's story."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from telephony import hands, introducing
from telephony.models import Call, CallAction, CallEvent
from telephony.telling import event_id, tell
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

State = CallAction.State
Kind = CallAction.Kind
# A transfer waits until it is answered there; what takes a moment does not wait behind it.
AT_ONCE, RINGS = "telephony.act", "telephony.transfer"
# Who asked for an assistant tells it what came of it (telephony.answering).
ANSWERED = "telephony.asked"
TASKS = {
    Kind.HANG_UP: AT_ONCE,
    Kind.HINT: AT_ONCE,
    Kind.INTRODUCE: AT_ONCE,
    Kind.TRANSFER: RINGS,
}
# What the audit says.
ASKED = {
    Kind.HANG_UP: _("Asked to end the call."),
    Kind.TRANSFER: _("Asked to transfer the call."),
    Kind.INTRODUCE: _("Asked to give the call to a colleague."),
    Kind.HINT: _("Gave the assistant a hint."),
    "block": _("Blocked the caller."),
    "unblock": _("Let the caller call again."),
}
DO = {**hands.DO, Kind.INTRODUCE: introducing.introduce}

# Longer than anything that is done to a call may take.
LOST = timedelta(seconds=120)
# Of a deed that may have been done, and may not: it does not decide how the call ended.
UNCLEAR = "unclear"
CUT_SHORT = _(
    "A restart came in between, so it is not known whether this was done. Look, then ask again."
)


@transaction.atomic
def ask(
    call: Call, kind: str, params: dict[str, Any], user: User | None, ticket: UUID
) -> CallAction:
    """Have it done soon; the row tells how it goes. `params` as in CallAction.

    Whoever asks again with the same ticket is given the first row: a double click asks once.
    """
    values = {"call": call, "kind": kind, "params": params, "asked_by": user}
    row, created = CallAction.objects.get_or_create(ticket=ticket, defaults=values)
    if created:
        note(call, kind, user, str(ticket), **told_of(kind, params))
        wake(TASKS[Kind(kind)])
    return row


def told_of(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """What the story tells of it. Words stay with those of the conversation, which not everybody
    reads.
    """
    if kind == Kind.HINT:
        return {}
    return {"whom": introducing.name_of(params)} if kind == Kind.INTRODUCE else params


def is_asked(ticket: UUID) -> bool:
    return CallAction.objects.filter(ticket=ticket).exists()


def note(call: Call, kind: str, user: User | None, once: str, **payload: Any) -> None:
    """Write into the call's story, and into the log of who did what, that a person did this.

    `once` names the deed: told again, it is one fact. Inside a transaction with the deed itself.
    """
    if CallEvent.objects.filter(event_id=event_id(f"staff_{kind}", once)).exists():
        return
    who = (user.get_full_name() or user.get_username()) if user else ""
    tell(call, f"staff_{kind}", once, who=who, **payload)
    if user:
        LogEntry.objects.log_actions(user.pk, [call], CHANGE, change_message=gettext(ASKED[kind]))


def run_next(task: str) -> bool:
    """Take the oldest thing that this task is to do, and do it. False: there is none."""
    give_up_lost()
    kinds = [kind for kind in Kind if TASKS[kind] == task]
    row = CallAction.objects.waiting().of_kinds(kinds).select_related("call__trunk").first()
    if row is None:
        return False
    if claim(row):
        carry_out(row)
    return True


def claim(row: CallAction) -> bool:
    waiting = CallAction.objects.filter(pk=row.pk, state=State.WAITING)
    return bool(waiting.update(state=State.DOING, claimed_at=timezone.now()))


def carry_out(row: CallAction) -> None:
    """Do what a claimed row asks for: at most once, whatever happens."""
    kind = Kind(row.kind)
    try:
        if wrong := hands.why_not(row.call, kind):
            raise hands.CannotDo(wrong)
        with LiveKit.from_settings() as livekit:
            done = DO[kind](livekit, row)
    except hands.CannotDo as reason:
        finish(row, State.FAILED, reason.sentence)
    except hands.Unclear as end:
        finish(row, State.DONE, end.sentence, fact=UNCLEAR)
    except LiveKitError as error:
        log.warning("action %s was not done: %s", row.ticket, error.code)
        said = error.message or error.code
        finish(row, State.FAILED, hands.sentence_of(kind, error), detail=said)
    else:
        finish(row, State.DONE, done)


@transaction.atomic
def finish(
    row: CallAction, state: State, result: Sentence, *, fact: str = "", **payload: str
) -> None:
    """Say what came of it: on the row, and in the call's story, as `fact` where the state says too
    much. `payload`: what an engineer wants to know besides.
    """
    still = CallAction.objects.filter(pk=row.pk, state=State.DOING)
    if not still.update(state=state, result=result.to_json(), done_at=timezone.now()):
        return
    kind = f"staff_{row.kind}_{fact or state}"
    tell(row.call, kind, str(row.ticket), result=result.to_json(), **payload)
    if row.asked_by_id is None:
        wake(ANSWERED)


def give_up_lost() -> None:
    """A worker that died in the middle leaves a row that nobody finishes."""
    for row in CallAction.objects.begun_before(timezone.now() - LOST).select_related("call"):
        finish(row, State.FAILED, Sentence(CUT_SHORT))
