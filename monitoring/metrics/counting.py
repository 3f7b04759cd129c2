"""Calls that are over, and the waits for answers, go into the totals: each once, and for good.

A total that became smaller would look to Prometheus as if it had begun anew, and all calls ever as
if they had come just now. So what is counted stays counted, though a late fact changes the call's
outcome or retention deletes it.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from agentworker.models import Turn
from monitoring.metrics.models import Tally
from monitoring.metrics.totals import Totals
from telephony.models import Call

TASK = "monitoring.count"
# Most late facts of a call have come by then.
SETTLED = timedelta(minutes=1)
# So many calls, or keys of answers, are counted in one transaction.
TOGETHER = 2000
# Nothing takes longer to be stored.
STORED = timedelta(seconds=30)


def count(now: datetime) -> int:
    """Everything that is not counted yet; how many calls that was. Raises DatabaseError."""
    Tally.objects.get_or_create(pk=1)
    all_of_them = 0
    while True:
        calls, is_behind = _some(now)
        all_of_them += calls
        if calls < TOGETHER and not is_behind:
            return all_of_them


@transaction.atomic
def _some(now: datetime) -> tuple[int, bool]:
    """How many calls were counted, and whether more answers are known to wait."""
    tally = Tally.objects.select_for_update().get(pk=1)
    totals = Totals.from_json(tally.totals)
    calls = _calls(totals, now)
    is_behind = _answers(totals, tally, now)
    tally.totals, tally.counted_at = totals.to_json(), now
    tally.save()
    return calls, is_behind


def _calls(totals: Totals, now: datetime) -> int:
    waiting = Call.objects.uncounted().filter(ended_at__lte=now - SETTLED).order_by("ended_at")
    rows = waiting.only(
        *("direction", "outcome", "started_at", "answered_at", "ended_at", "is_test", "is_demo")
    )[:TOGETHER]
    counted = []
    for call in rows:
        counted.append(call.pk)
        if call.ended_at and not (call.is_test or call.is_demo):
            moments = call.started_at, call.answered_at, call.ended_at
            totals.add_call(call.direction, call.outcome, *moments)
    Call.objects.filter(pk__in=counted).update(is_counted=True)
    return len(counted)


def _answers(totals: Totals, tally: Tally, now: datetime) -> bool:
    """By their keys, which grow; a key may be taken before an older one is stored."""
    if tally.next_turn_at and timedelta() <= now - tally.next_turn_at < STORED:
        return False
    until = min(tally.next_turn, tally.turn + TOGETHER)
    new = Turn.objects.filter(pk__gt=tally.turn, pk__lte=until, delay_ms__isnull=False)
    for delay in new.exclude(session__worker="demo").values_list("delay_ms", flat=True):
        totals.delay.add((delay or 0) / 1000)
    tally.turn = until
    if until < tally.next_turn:
        return True
    tally.next_turn = Turn.objects.aggregate(newest=Max("pk"))["newest"] or 0
    tally.next_turn = max(tally.next_turn, until)
    tally.next_turn_at = now
    return False
