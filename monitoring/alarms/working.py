"""Writes the messages that are due, and sends them. Two may work at once: each message is written
once by its unique rows, and claimed before it is sent.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from monitoring.alarms import deciding, sending_out
from monitoring.alarms.deciding import STORM_LASTS, Order, Scene, Step, Trouble, Way
from monitoring.alarms.models import AlertChannel, Delivery, EscalationStep, Told
from monitoring.incidents.models import Incident
from veyra.celery import wake
from veyra.models import User

log = logging.getLogger(__name__)

TASK = "monitoring.alarm"
KEPT = timedelta(days=366)
# Whoever was told of what ended longer ago has seen it on the page.
ENDED_LATELY = timedelta(days=1)
WEEK = timedelta(days=7)
# One that does not work is tried so often, and reported after so long.
TRIED_AGAIN_HOURS = 6
REPORTED = timedelta(seconds=60)
TRIAL_PAUSE = timedelta(seconds=20)
# A trial of the week wakes nobody.
OFFICE_HOURS = range(9, 18)
Word, State = Delivery.Word, Delivery.State


def work(now: datetime) -> None:
    """Everything that is due. Blocks while messages are handed over. Raises DatabaseError."""
    sending_out.give_up_lost(now)
    write_due(now)
    sending_out.post(now)


def write_due(now: datetime) -> None:
    """The messages that somebody has to get by now, to be sent. Raises DatabaseError."""
    channels = list(AlertChannel.objects.usable())
    if not channels:
        return
    incidents = list(Incident.objects.to_tell(now))
    scene = read(incidents, channels, now)
    known = {incident.pk: incident for incident in incidents}
    for order in deciding.alarms(scene, now):
        write(order, Word.ALARM, known, channels, now)
    over = {row.incident_id: row.incident for row in _over(now)}
    for order in deciding.ends(scene, now):
        write(order, Word.OVER, over, channels, now)
    write_reports(channels, now)
    write_trials(channels, now)


def _over(now: datetime) -> list[Told]:
    return list(Told.objects.heard_and_over(now - ENDED_LATELY))


def read(incidents: Sequence[Incident], channels: Sequence[AlertChannel], now: datetime) -> Scene:
    """As plain data; a fixed number of queries."""
    rounds = {incident.pk: (incident.times, incident.put_off) for incident in incidents}
    said = Told.objects.of(list(incidents)).filter(word=Word.ALARM)
    told = {
        (row.incident_id, row.channel_id): _became(row.delivery)
        for row in said
        if rounds[row.incident_id] == (row.times, row.put_off)
    }
    lately: dict[int, list[datetime]] = {}
    recent = Delivery.objects.of_incidents().made_since(now - STORM_LASTS)
    for pk, at in recent.values_list("channel_id", "made_at"):
        lately.setdefault(pk, []).append(at)
    over: dict[int, dict[UUID, None]] = {}
    for row in _over(now):
        # Each once: whoever was told twice that it began is told once that it is over.
        over.setdefault(row.channel_id, {})[row.incident_id] = None
    return Scene(
        troubles=[trouble_of(incident) for incident in incidents],
        ways=[way_of(channel, lately.get(channel.pk, []), now) for channel in channels],
        steps=[step_of(row) for row in EscalationStep.objects.in_order()],
        told=told,
        over={way: list(pks) for way, pks in over.items()},
    )


def _became(delivery: Delivery) -> deciding.Told:
    if delivery.state in (State.SENT, State.FAILED):
        return deciding.Told(delivery.state)
    return deciding.Told.WAITING


def trouble_of(incident: Incident) -> Trouble:
    is_open = incident.state == Incident.State.OPEN
    return Trouble(incident.pk, incident.severity, incident.opened_at, is_open, incident.is_loud)


def way_of(channel: AlertChannel, lately: Iterable[datetime], now: datetime) -> Way:
    return Way(
        channel.pk,
        channel.kind,
        channel.person_id,
        channel.severity,
        is_quiet=channel.is_quiet(now),
        works=channel.failing_since is None,
        lately=tuple(lately),
    )


def step_of(row: EscalationStep) -> Step:
    return Step(row.person_id, timedelta(minutes=row.minutes))


def write(
    order: Order,
    word: Delivery.Word,
    incidents: dict[UUID, Incident],
    channels: Sequence[AlertChannel],
    now: datetime,
) -> None:
    """A message, unless another worker has written one of these a moment before."""
    channel = next(each for each in channels if each.pk == order.way)
    named = [incidents[pk] for pk in order.troubles if pk in incidents]
    try:
        with transaction.atomic():
            delivery = make(channel, word, now)
            Told.objects.bulk_create(
                Told(
                    delivery=delivery,
                    incident=incident,
                    channel=channel,
                    word=word,
                    times=incident.times,
                    put_off=incident.put_off,
                )
                for incident in named
            )
    except IntegrityError:
        log.info("channel %s: another worker tells of it", channel.pk)


def make(
    channel: AlertChannel,
    word: Delivery.Word,
    now: datetime,
    once: str | None = None,
    about: AlertChannel | None = None,
) -> Delivery:
    return Delivery.objects.create(
        channel=channel,
        name=channel.name,
        word=word,
        once=once,
        about=about,
        made_at=now,
        not_before=now,
    )


def _make_once(
    channel: AlertChannel, word: Delivery.Word, now: datetime, once: str, **more: object
) -> None:
    values = {"channel": channel, "name": channel.name, "word": word, **more}
    moments = {"made_at": now, "not_before": now}
    Delivery.objects.get_or_create(once=once, defaults={**values, **moments})


def write_reports(channels: Sequence[AlertChannel], now: datetime) -> None:
    """That a channel does not work is said by another one; by the next if that fails as well."""
    for broken in channels:
        since = broken.failing_since
        if since is None or now - since < REPORTED:
            continue
        said = Delivery.objects.filter(about=broken, made_at__gte=since, word=Word.BROKEN)
        states = dict(said.values_list("channel_id", "state"))
        if any(state != State.FAILED for state in states.values()):
            continue
        candidates = [each for each in channels if each.pk not in states]
        if target := next_to(broken, candidates, now):
            once = f"broken:{broken.pk}:{since.timestamp():.0f}:{target.pk}"
            _make_once(target, Word.BROKEN, now, once, about=broken)


def next_to(
    broken: AlertChannel, channels: Iterable[AlertChannel], now: datetime
) -> AlertChannel | None:
    """Of those that work: of the same person, of everybody, of anybody; at night only who is up."""
    working = [
        each
        for each in channels
        if each.pk != broken.pk and each.failing_since is None and not each.is_quiet(now)
    ]
    order = {broken.person_id: 0, None: 1}
    return min(working, key=lambda each: (order.get(each.person_id, 2), each.pk), default=None)


def write_trials(channels: Sequence[AlertChannel], now: datetime) -> None:
    """Each week one to a channel that had no message; more often to one that does not work."""
    for channel in channels:
        here = now.astimezone(channel.zone)
        if channel.is_quiet(now) or here.hour not in OFFICE_HOURS:
            continue
        if channel.failing_since and now - channel.failing_since > timedelta(hours=1):
            part = f"{here:%Y-%m-%d}:{here.hour // TRIED_AGAIN_HOURS}"
        elif now - (channel.worked_at or channel.made_at) > WEEK:
            part = f"{here:%Y-%m-%d}"
        else:
            continue
        _make_once(channel, Word.WEEKLY, now, f"weekly:{channel.pk}:{part}")


@transaction.atomic
def try_out(channel: AlertChannel, user: User, now: datetime) -> bool:
    """Send a trial message now. False: that was done a moment ago."""
    trials = channel.deliveries.filter(word=Word.TEST, made_at__gt=now - TRIAL_PAUSE)
    if trials.exists():
        return False
    make(channel, Word.TEST, now)
    note = gettext("Sent a trial message.")
    LogEntry.objects.log_actions(user.pk, [channel], CHANGE, change_message=note)
    wake(TASK)
    return True


def forget(now: datetime) -> None:
    Delivery.objects.made_before(now - KEPT).delete()


def named_in(delivery: Delivery) -> list[Incident]:
    """What a message speaks of, the worst first."""
    return list(Incident.objects.filter(told_to__delivery=delivery).worst_first())
