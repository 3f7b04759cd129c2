"""What assistants ask of the line is done as if one of us had pressed the button, and answered.

A transfer becomes a CallAction whose ticket is the request's key; what came of that is told to the
assistant by a data packet. A message, or a wish to be called back, goes to the list of calls to
return, and the assistant has said so already.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agentworker.models import AgentRequest
from agentworker.requests import NUMBER_SECONDS, PATIENCE_SECONDS, TOPIC
from telephony import acting, calling_back, hands, introducing
from telephony.models import Call, CallAction, Colleague, Leg, Team
from telephony.numbers import NumberError, e164
from telephony.reasons import Reason
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError

log = logging.getLogger(__name__)

State, Kind, Answer = AgentRequest.State, AgentRequest.Kind, AgentRequest.Answer
TASK = acting.ANSWERED
# Asked for somebody who is to come now, and nobody has begun to look: the assistant has given up.
LATE = timedelta(seconds=PATIENCE_SECONDS)
# Of a request that was begun: nobody waits for the answer any more.
OVER = timedelta(seconds=PATIENCE_SECONDS + NUMBER_SECONDS)
# A message whose call is still unknown by then never had one.
NEVER = timedelta(days=1)


def look() -> None:
    """Begin what waits, and answer what is done."""
    for row in AgentRequest.objects.waiting():
        begin(row, timezone.now())
    for row in AgentRequest.objects.begun():
        conclude(row, timezone.now())


def begin(row: AgentRequest, now: datetime) -> None:
    """The call may become known a moment after the assistant has asked."""
    call = call_of(row)
    is_late = now - row.asked_at > (LATE if row.kind == Kind.TRANSFER else NEVER)
    if call is None and not is_late:
        return
    if call is not None and row.kind != Kind.TRANSFER:
        write_down(row, call, now)
    elif not claim(row, now):
        return
    elif call is None or is_late:
        finish(row, State.FAILED, Answer.FAILED)
    else:
        ask_for(row, call)


def claim(row: AgentRequest, now: datetime) -> bool:
    waiting = AgentRequest.objects.filter(pk=row.pk, state=State.WAITING)
    return bool(waiting.update(state=State.DOING, claimed_at=now))


def call_of(row: AgentRequest) -> Call | None:
    """Of its caller; None: it is not known, or nothing may be known of it any more."""
    named = Q(pk__in=())
    if row.sip_call_id:
        named |= Q(sip_call_id=row.sip_call_id)
    if row.participant_sid:
        named |= Q(participant_sid=row.participant_sid)
    leg = Leg.objects.filter(named).select_related("call").first()
    return leg.call if leg and leg.call.erased_at is None else None


@transaction.atomic
def write_down(row: AgentRequest, call: Call, now: datetime) -> None:
    """Whoever dies over it has left it waiting, and a caller's words are not lost."""
    if not claim(row, now):
        return
    params: dict[str, str] = {name: str(value) for name, value in row.params.items()}
    reason = Reason.LEFT_MESSAGE if row.kind == Kind.MESSAGE else Reason.WANTS_CALL
    text, when = params.get("text", ""), params.get("when", "")
    told = f"{text} ({when})" if text and when else text or when
    is_known = calling_back.leave_message(call, reason, told, params.get("number", ""))
    finish(row, *((State.DONE, Answer.DONE) if is_known else (State.FAILED, Answer.FAILED)))


def ask_for(row: AgentRequest, call: Call) -> None:
    """Somebody is to take the call: it is begun, and `conclude` tells how that went."""
    found = wish_of(row.params)
    if found is None or hands.not_allowed(call, *found, None):
        tell(row, Answer.FAILED)
        finish(row, State.FAILED, Answer.FAILED)
        return
    acting.ask(call, *found, None, row.key)


def wish_of(params: Mapping[str, Any]) -> tuple[CallAction.Kind, dict[str, Any]] | None:
    """A CallAction's kind and params; None: whom it names is gone, or nobody."""
    what, _colon, key = str(params.get("to", "")).partition(":")
    try:
        if what == "colleague":
            whom = {"colleague": Colleague.objects.kept().get(key=key).pk}
        elif what == "team":
            whom = {"team": Team.objects.kept().get(key=key).pk}
        else:
            return CallAction.Kind.TRANSFER, {"target": e164(what)}
    except (Colleague.DoesNotExist, Team.DoesNotExist, ValidationError, NumberError):
        return None
    return CallAction.Kind.INTRODUCE, {**whom, "note": str(params.get("note", ""))}


def conclude(row: AgentRequest, now: datetime) -> None:
    action = CallAction.objects.filter(ticket=row.key).first()
    is_over = now - row.asked_at > OVER
    if action is None or action.is_open:
        if is_over:
            finish(row, State.FAILED, Answer.FAILED)
        return
    answer = answer_of(action)
    if tell(row, answer) or is_over:
        finish(row, State.DONE if answer == Answer.DONE else State.FAILED, answer)


def answer_of(action: CallAction) -> AgentRequest.Answer:
    if action.state == CallAction.State.DONE:
        return Answer.DONE
    is_nobody = action.sentence.msgid == introducing.NOT_FREE
    return Answer.NOBODY_FREE if is_nobody else Answer.FAILED


def tell(row: AgentRequest, answer: str) -> bool:
    """The assistant, where it still is in the room. False: LiveKit did not take it; try again."""
    packet = json.dumps({"id": str(row.key), "answer": answer}).encode()
    try:
        with LiveKit.from_settings() as livekit:
            people = livekit.list_participants(row.room_name)
            agents = [each.identity for each in people if each.kind == "agent"]
            if agents:
                livekit.send_data(row.room_name, agents, TOPIC, packet)
    except LiveKitError as error:
        log.warning("an assistant was not answered: %s", error.code)
        return error.code == "not_found"
    return True


def finish(row: AgentRequest, state: str, answer: str) -> None:
    doing = AgentRequest.objects.filter(pk=row.pk, state=State.DOING)
    doing.update(state=state, answer=answer, done_at=timezone.now())
