"""Claims messages that wait, hands them over side by side, and writes down what came of each."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop as _

from monitoring.alarms import sending, writing
from monitoring.alarms.models import AlertChannel, Delivery
from monitoring.alarms.sending import Answer, NoWayError, Parcel
from monitoring.alarms.writing import Message
from monitoring.incidents import services
from monitoring.incidents.models import Incident, IncidentNote
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# One that hangs holds up no other.
SIDE_BY_SIDE = 8
# After so many vain tries nobody tries again; each waits twice as long as the one before.
TRIES, FIRST_PAUSE = 6, timedelta(seconds=15)
# Longer than one errand takes.
LOST = timedelta(minutes=2)

UNCLEAR = _("Whoever sent it was stopped meanwhile, so it may have arrived. It is not sent twice.")
BROKEN = _("The message could not be written. Tell the engineer; the log of the worker says why.")
TOLD = _("“%(channel)s” was told.")
NOT_TOLD = _("“%(channel)s” could not be told. The list of sent alarms says why.")
Word, State = Delivery.Word, Delivery.State


@dataclass(frozen=True)
class Letter:
    """A claimed message, ready to be handed over."""

    delivery: Delivery
    channel: AlertChannel
    message: Message
    parcel: Parcel


def post(now: datetime) -> None:
    """Everything that waits. Raises DatabaseError."""
    letters = list(_claimed(now))
    if not letters:
        return
    begun = time.monotonic()
    with ThreadPoolExecutor(min(len(letters), SIDE_BY_SIDE), "alarm") as pool:
        sent = {pool.submit(_hand_over, letter): letter for letter in letters}
        for future in as_completed(sent):
            took = timedelta(seconds=time.monotonic() - begun)
            settle(sent[future], future.result(), now + took)


def _claimed(now: datetime) -> Iterator[Letter]:
    for delivery in Delivery.objects.to_send(now):
        channel = delivery.channel
        if channel is None or not claim(delivery, now):
            continue
        try:
            if letter := _written(delivery, channel, now):
                yield letter
        except NoWayError as error:
            fail(delivery, channel, error.sentence, now)
        except Exception:
            log.exception("delivery %s was not written", delivery.pk)
            fail(delivery, channel, Sentence(BROKEN), now)


def _hand_over(letter: Letter) -> Answer:
    return sending.send(letter.parcel, letter.message.title, letter.message.body)


def claim(delivery: Delivery, now: datetime) -> bool:
    """Before it is sent: whoever is killed while he sends it leaves nothing to send again."""
    waiting = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING)
    if not waiting.update(state=State.SENDING, at=now, tries=F("tries") + 1):
        return False
    delivery.refresh_from_db(fields=["tries", "state"])
    return True


def _written(delivery: Delivery, channel: AlertChannel, now: datetime) -> Letter | None:
    """None where it is not needed any more: somebody is on it, or it is over."""
    incidents = list(Incident.objects.filter(told_to__delivery=delivery).order_by("severity"))
    if delivery.word == Word.ALARM:
        incidents = [one for one in incidents if one.state == Incident.State.OPEN]
        # What is not named is not told, so nobody is told later that it is over.
        delivery.told.exclude(incident__in=incidents).delete()
        if not incidents:
            Delivery.objects.filter(pk=delivery.pk).update(state=State.NEEDLESS, at=now)
            return None
    parcel = sending.parcel_of(channel)
    return Letter(delivery, channel, writing.message(delivery, channel, incidents, now), parcel)


def settle(letter: Letter, answer: Answer, now: datetime) -> None:
    delivery, channel = letter.delivery, letter.channel
    if answer.ok:
        succeed(delivery, channel, now)
    elif answer.is_final or delivery.tries >= TRIES:
        fail(delivery, channel, answer.why, now)
    else:
        later = now + FIRST_PAUSE * 2 ** (delivery.tries - 1)
        waits = {"state": State.WAITING, "not_before": later, "error": answer.why.to_json()}
        Delivery.objects.filter(pk=delivery.pk).update(**waits)
        _does_not_work(channel, answer.why, now)


@transaction.atomic
def succeed(delivery: Delivery, channel: AlertChannel, now: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, at=now, error={})
    works = AlertChannel.objects.filter(pk=channel.pk)
    works.update(worked_at=now, failing_since=None, error={})
    _note(delivery, Sentence(TOLD, {"channel": channel.name}))


@transaction.atomic
def fail(delivery: Delivery, channel: AlertChannel, why: Sentence, now: datetime) -> None:
    given_up = {"state": State.FAILED, "at": now, "error": why.to_json()}
    Delivery.objects.filter(pk=delivery.pk).update(**given_up)
    _does_not_work(channel, why, now)
    _note(delivery, Sentence(NOT_TOLD, {"channel": channel.name}))


def _does_not_work(channel: AlertChannel, why: Sentence, now: datetime) -> None:
    since = Coalesce(F("failing_since"), now)
    found = AlertChannel.objects.filter(pk=channel.pk)
    found.update(failing_since=since, error=why.to_json())
    log.warning("channel %s does not work", channel.pk)


def _note(delivery: Delivery, told: Sentence) -> None:
    """Into the story of each incident that an alarm speaks of."""
    if delivery.word != Word.ALARM:
        return
    for incident in Incident.objects.filter(told_to__delivery=delivery):
        services.note(incident, IncidentNote.Kind.ALARM, told)


def give_up_lost(now: datetime) -> None:
    """Whoever was sending it died; whether he had sent it nobody knows. An alarm then goes by
    another channel.
    """
    lost = Delivery.objects.claimed_before(now - LOST)
    lost.update(state=State.FAILED, at=now, error=Sentence(UNCLEAR).to_json())
