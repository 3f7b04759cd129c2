"""What became of calls out: ended in time, entered in the books, passed on to the reserve."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from telephony import dialling, speaking
from telephony.models import Call, OutboundCall
from telephony.routing.reserve import WITHOUT_ANSWER, may_try_next
from telephony.routing.tolls import charged, must_end_by
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "telephony.overdue"

# A dialled call that nobody has seen by then never was one: the process died before it dialled.
UNSEEN = timedelta(seconds=120)
# The gateway's record and the webhook that shows whether it rang come within a moment of each
# other; what has not come by then is not waited for.
TOLD = timedelta(seconds=5)

TIME_UP = _(
    "The call was ended here, because it had lasted as long as it may: half an hour, or what was"
    " left of the day's minutes. The engineer can allow more minutes in the connection."
)


# Ended in time


def end_overdue() -> int:
    """End calls that have lasted as long as they may, and those that nobody has ever seen.

    LiveKit is told how long each may last, but its gateway (1.8) keeps to that only until the
    call is answered; then it would go on until somebody hangs up, whatever it costs.
    """
    now = timezone.now()
    rows = list(OutboundCall.objects.open())
    calls = Call.objects.in_bulk([row.pk for row in rows])
    late = [row for row in rows if is_overdue(row, calls.get(row.pk), now)]
    if not late:
        return 0
    with LiveKit.from_settings() as livekit:
        for row in late:
            try:
                _end(livekit, row, seen=row.pk in calls)
            except LiveKitError as error:  # beat asks again in five seconds
                log.warning("overdue call %s was not ended: %s", row.pk, error.code)
    return len(late)


def is_overdue(row: OutboundCall, call: Call | None, now: datetime) -> bool:
    if row.claimed_at is None or (call and call.ended_at):
        return False
    if call is None:
        return now > row.claimed_at + UNSEEN
    # Of two telephones ours was answered first.
    first = row.here_at if row.legs > 1 else None
    answered = first or call.answered_at or row.claimed_at + UNSEEN
    return now > must_end_by(answered, timedelta(seconds=row.seconds / row.legs))


def _end(livekit: LiveKit, row: OutboundCall, *, seen: bool) -> None:
    dialling.end_room(livekit, row)
    if seen:  # the fold will tell when it ended, and what it took is counted then
        still = OutboundCall.objects.filter(pk=row.pk, over_at=None, result={})
        still.update(result=Sentence(TIME_UP).to_json())
    else:
        dialling.close(row, row.sentence if row.result else Sentence(dialling.CUT_SHORT))


# The books


def settle() -> int:
    """Close the books of calls that are over, and pass on what the provider could not carry."""
    rows = list(OutboundCall.objects.open())
    calls = Call.objects.ended().in_bulk([row.pk for row in rows])
    return sum(_settle(row, call) for row in rows if (call := calls.get(row.pk)) and is_told(call))


def is_told(call: Call) -> bool:
    """It is over, and neither why nor whether it rang will be told better."""
    if call.ended_at is None:
        return False
    known = call.sip_status is not None and call.rang is not None
    sure = known or call.answered_at is not None or call.reason in WITHOUT_ANSWER
    return sure or call.ended_at < timezone.now() - TOLD


@transaction.atomic
def _settle(row: OutboundCall, call: Call) -> bool:
    """Once for each row, however many settle at a time."""
    ended = call.ended_at or timezone.now()
    seconds = charged(call.answered_at, ended) + dialling.charged_to_speaker(row, ended)
    still = OutboundCall.objects.filter(pk=row.pk, over_at=None)
    if not still.update(over_at=ended, seconds=seconds):
        return False
    if row.is_by_people:  # he is told why, and chooses himself what to try; nobody waits with him
        wake(speaking.TASK)
        return True
    answered = call.answered_at is not None
    if may_try_next(call.reason, call.sip_status, rang=call.rang, answered=answered):
        _pass_on(row)
    return True


def _pass_on(row: OutboundCall) -> None:
    """The reserve tries, with a number of its own, and under its own limits."""
    reserve = row.trunk.out_next if row.trunk else None
    if reserve is None or reserve.pk in _tried(row):
        return
    number = reserve.numbers.in_use().first()
    if number is None:
        return
    OutboundCall.objects.get_or_create(
        retry_of=row,
        defaults={
            "to_number": row.to_number,
            "number": number,
            "trunk": reserve,
            "agent_id": row.agent_id,
            "asked_by_id": row.asked_by_id,
        },
    )
    wake(dialling.TASK)


def _tried(row: OutboundCall) -> set[int | None]:
    tried = {row.trunk_id}
    while row.retry_of is not None:
        row = row.retry_of
        tried.add(row.trunk_id)
    return tried
