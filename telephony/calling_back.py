"""Who is put down to be called back, and why."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from telephony.models import Call, CallBack
from telephony.numbers import NumberError, e164

# Who hangs up sooner has dialled a wrong number, or thought better of it.
MEANT_IT = timedelta(seconds=5)
# Calls that ended longer ago were looked at before.
LOOKED_AT = timedelta(minutes=15)


def gather(now: datetime) -> int:
    """Put down whoever called lately and was not talked to; how many there were."""
    lost = [call for call in Call.objects.lost_since(now - LOOKED_AT) if is_to_be_called(call)]
    return sum(put_down(call, call.reason) for call in lost)


def is_to_be_called(call: Call) -> bool:
    """He wanted us, waited for us, and can be called. Pure."""
    if call.direction != Call.Direction.INBOUND or call.is_test or call.is_demo:
        return False
    if number_of(call) is None or call.ended_at is None:
        return False
    gave_up = call.outcome == Call.Outcome.ABANDONED
    return not gave_up or call.ended_at - call.started_at >= MEANT_IT


def number_of(call: Call) -> str | None:
    """Whom to call; None where he withholds his number, or it is none."""
    try:
        return e164(call.from_number)
    except NumberError:
        return None


@transaction.atomic
def put_down(call: Call, reason: str) -> bool:
    """Note this call, once, however often it is asked. False: it was known, or has no number."""
    caller = number_of(call)
    if caller is None or CallBack.objects.of_caller(caller).since(call.started_at).exists():
        return False
    newest = {"call": call, "reason": reason, "last_at": call.started_at}
    waiting = CallBack.objects.of_caller(caller).waiting()
    if waiting.update(**newest, times=F("times") + 1):
        return True
    CallBack.objects.create(caller=caller, number=call.number, first_at=call.started_at, **newest)
    return True
