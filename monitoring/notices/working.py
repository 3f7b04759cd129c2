"""Finds what is to be told of numbers' calls, and sends it: each thing once."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_noop as _

from monitoring.alarms import sending
from monitoring.alarms.sending import Answer, NoWayError
from monitoring.notices.models import Notice, NumberNotice
from monitoring.notices.writing import told
from telephony import came_of
from telephony.models import Call, CallBack
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.notices"
# A summary comes within a minute; a provider that was away sums up within the day.
LOOKS_BACK = timedelta(days=1)
# So many calls of a number are looked at, the newest; so many things stand in one message.
MOST, IN_ONE = 500, 40
TRIES, FIRST_PAUSE = 6, timedelta(seconds=30)
LOST, KEPT = timedelta(minutes=5), timedelta(days=30)
UNCLEAR = _("Whoever sent it was stopped meanwhile, so it may have arrived. It is not sent twice.")
OFF = _("The channel is switched off, or not set up to the end.")
State = Notice.State


def work(now: datetime) -> None:
    """Others may do so at the same time."""
    lost = {"state": State.FAILED, "error": Sentence(UNCLEAR).to_json()}
    Notice.objects.claimed_before(now - LOST).update(**lost)
    for rule in NumberNotice.objects.select_related("channel__person"):
        found = [
            Notice(rule=rule, source=each, due_at=due_at(rule, now)) for each in news(rule, now)
        ]
        Notice.objects.bulk_create(found, ignore_conflicts=True)
    began = time.monotonic()
    for rows in _groups(now):
        # Others before it may have taken long.
        moment = now + timedelta(seconds=time.monotonic() - began)
        if mine := [row for row in rows if _claim(row, moment)]:
            _send(mine, moment)
    Notice.objects.made_before(now - KEPT).delete()


def news(rule: NumberNotice, now: datetime) -> Iterator[str]:
    """Sources of all that may be told, also of what was."""
    since = max(rule.since, now - LOOKS_BACK)
    if rule.summaries:
        calls = Call.objects.filter(number=rule.number_id, ended_at__gte=since, is_test=False)
        keys = list(calls.order_by("-ended_at").values_list("pk", flat=True)[:MOST])
        yield from (f"call:{key}" for key in came_of.of_calls(keys))
    if rule.call_backs:
        backs = CallBack.objects.waiting().since(since).filter(number=rule.number_id)
        for pk, last in backs.values_list("pk", "last_at")[:MOST]:
            yield f"back:{pk}:{last.timestamp():.0f}"


def due_at(rule: NumberNotice, now: datetime) -> datetime:
    """When what is new now is told."""
    if rule.hour is None:
        return now
    here = now.astimezone(rule.channel.zone)
    today = here.replace(hour=rule.hour, minute=0, second=0, microsecond=0)
    return today if today > here else today + timedelta(days=1)


def _groups(now: datetime) -> Iterable[list[Notice]]:
    """Together what goes by one channel about one number."""
    groups: dict[int, list[Notice]] = {}
    for row in Notice.objects.to_send(now)[: MOST * 2]:
        group = groups.setdefault(row.rule_id, [])
        if len(group) < IN_ONE:
            group.append(row)
    return groups.values()


def _claim(row: Notice, now: datetime) -> bool:
    """Right before it is sent: whoever is killed meanwhile leaves nothing to send again, and
    nothing that was not tried.
    """
    mine = Notice.objects.filter(pk=row.pk, state=State.WAITING)
    if not mine.update(state=State.SENDING, at=now, tries=F("tries") + 1):
        return False
    row.tries += 1
    return True


def _send(rows: Sequence[Notice], now: datetime) -> None:
    rule = rows[0].rule
    message = told(rule, [row.source for row in rows])
    if message is None:  # the callers were erased, or called back, meanwhile
        _settle(rows, State.NEEDLESS, now)
        return
    if not type(rule.channel).objects.usable().filter(pk=rule.channel_id).exists():
        _settle(rows, State.FAILED, now, Sentence(OFF))
        return
    try:
        answer = sending.send(sending.parcel_of(rule.channel), message.title, message.body)
    except NoWayError as error:
        _settle(rows, State.FAILED, now, error.sentence)
        return
    _answered(rows, answer, now)


def _answered(rows: Sequence[Notice], answer: Answer, now: datetime) -> None:
    if answer.ok:
        _settle(rows, State.SENT, now)
    elif answer.is_final or max(row.tries for row in rows) >= TRIES:
        log.warning("notices by channel %s are not sent", rows[0].rule.channel_id)
        _settle(rows, State.FAILED, now, answer.why)
    else:
        later = now + FIRST_PAUSE * 2 ** max(row.tries for row in rows)
        waits = {"state": State.WAITING, "due_at": later, "error": answer.why.to_json()}
        Notice.objects.filter(pk__in=_keys(rows)).update(**waits)


def _settle(
    rows: Sequence[Notice], state: Notice.State, now: datetime, why: Sentence | None = None
) -> None:
    error = why.to_json() if why else {}
    Notice.objects.filter(pk__in=_keys(rows)).update(state=state, at=now, error=error)


def _keys(rows: Iterable[Notice]) -> list[int]:
    return [row.pk for row in rows]
