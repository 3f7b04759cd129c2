"""Who is put down to be called back, and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from telephony.models import Call, CallBack
from telephony.numbers import NumberError, e164
from veyra.models import User

# Who hangs up sooner has dialled a wrong number, or thought better of it.
MEANT_IT = timedelta(seconds=5)
# A call becomes known late where workers or the database were away; who was lost longer ago than
# this no longer waits for us.
LOOKED_AT = timedelta(days=1)


def gather(now: datetime) -> int:
    """Put down whoever called lately and was not talked to; how many there were."""
    lost = [call for call in Call.objects.lost_since(now - LOOKED_AT) if is_to_be_called(call)]
    return sum(put_down(call, call.reason) for call in unknown(lost))


def is_to_be_called(call: Call) -> bool:
    """Who called us waited for us, and can be called. Pure."""
    if number_of(call) is None or call.ended_at is None:
        return False
    gave_up = call.outcome == Call.Outcome.ABANDONED
    return not gave_up or call.ended_at - call.started_at >= MEANT_IT


def number_of(call: Call) -> str | None:
    """Whom to call: the other party. None where it withholds its number, or has none, or where
    nobody is there to be called: a test, the demo, a browser.
    """
    if call.is_test or call.is_demo or call.direction == Call.Direction.BROWSER:
        return None
    try:
        return e164(call.to_number if call.is_outbound else call.from_number)
    except NumberError:
        return None


def waiting_after(call: Call, user: User) -> CallBack | None:
    """Its other party still waits for a call back, in this row of the list that `user` may see."""
    number = number_of(call)
    return waiting(number, user) if number else None


def waiting(number: str, user: User) -> CallBack | None:
    """`number`: E.164."""
    if not user.has_perm("telephony.view_callback"):
        return None
    return CallBack.objects.visible_to(user).waiting().of_caller(number).first()


def returned(call: Call, user: User) -> CallBack | None:
    """Its other party was called back since, as this row of the list says that `user` may see."""
    number = number_of(call)
    if number is None or not user.has_perm("telephony.view_callback"):
        return None
    rows = CallBack.objects.visible_to(user).of_caller(number)
    return rows.done_since(call.started_at).shown().first()


def unknown(calls: Sequence[Call]) -> list[Call]:
    """Those that no row knows of. One query, however many there are."""
    if not calls:
        return []
    known = CallBack.objects.since(min(call.started_at for call in calls)).newest()
    return [call for call in calls if not _is_known(call, known.get(number_of(call) or ""))]


def _is_known(call: Call, newest: datetime | None) -> bool:
    return newest is not None and newest >= call.started_at


@transaction.atomic
def put_down(call: Call, reason: str) -> bool:
    """Note this call, once, however often it is asked, and by however many at once. False: it was
    known, or has nobody to call.
    """
    caller = number_of(call)
    if caller is None or CallBack.objects.of_caller(caller).since(call.started_at).exists():
        return False
    newest = {"call": call, "reason": reason, "last_at": call.started_at}
    first = {"number": call.number, "first_at": call.started_at}
    waiting = CallBack.objects.of_caller(caller).waiting()
    _row, created = waiting.get_or_create(caller=caller, done_at=None, defaults=newest | first)
    # Put down meanwhile for this very call, it is not counted twice.
    return created or bool(waiting.before(call.started_at).update(**newest, times=F("times") + 1))


@transaction.atomic
def leave_message(call: Call, reason: str, text: str, other: str = "") -> bool:
    """What a caller wants to be passed on stands in the list, with what he left before. `other`: a
    number that he named, on which he is to be called. False: there is nobody to be called.
    """
    caller = _readable(other) or number_of(call)
    if caller is None:
        return False
    newest = {"call": call, "reason": reason, "last_at": call.started_at}
    first = {"number": call.number, "first_at": call.started_at, "message": text}
    waiting = CallBack.objects.of_caller(caller).waiting()
    row, created = waiting.get_or_create(caller=caller, done_at=None, defaults=newest | first)
    if not created:
        again = waiting.filter(pk=row.pk)
        again.before(call.started_at).update(times=F("times") + 1)
        line = Value(f"\n{text}" if text and row.message else text)
        again.update(**newest, message=Concat("message", line))
    return True


def _readable(number: str) -> str | None:
    try:
        return e164(number)
    except NumberError:
        return None
