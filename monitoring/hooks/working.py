"""Finds what is to be told, tells it, and tells it again where it was not taken."""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from monitoring.hooks import finding, payload, sending
from monitoring.hooks.kinds import Kind
from monitoring.hooks.models import Hook, HookDelivery, HookEvent
from monitoring.hooks.sending import Outcome, Parcel
from veyra import audit
from veyra.celery import wake
from veyra.logs.redacting import Redactor
from veyra.models import Lease
from veyra.secrets import SecretError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.hooks"
State = HookDelivery.State

NEVER = datetime.max.replace(tzinfo=UTC)
# Each look asks for what is new; now and then for what came late.
LATELY, LATE, LATE_EVERY = timedelta(minutes=10), timedelta(days=1), timedelta(minutes=5)
# After each vain try twice as long, for a day.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=4)
TOLD_FOR = timedelta(days=1)
# A program that has taken nothing for so long is told no more.
GIVEN_UP = timedelta(days=1)
# Longer than a message may take.
LOST = timedelta(minutes=1)
KEPT = timedelta(days=30)
# Messages to one program at a time; one that fails is tried with a single one.
AT_ONCE, AT_ONCE_FAILING = 8, 1
# A task works on one program for so long, and another one goes on.
TASK_SECONDS, LEASE_SECONDS = 15.0, 60.0
TRIAL_PAUSE = timedelta(seconds=5)

UNREADABLE = _("Its address or secret cannot be read: FIELD_KEYS is another one. Type them anew.")
UNWRITTEN = _("The message could not be written. The engineer finds the reason in the log.")


def pause(tries: int) -> timedelta:
    """After so many vain tries."""
    doubled: int = 2 ** min(max(tries - 1, 0), 20)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def work(now: datetime) -> None:
    """Everything that is due."""
    hooks = list(Hook.objects.working())
    if not hooks:
        return
    look(hooks, now)
    HookDelivery.objects.claimed_before(now - LOST).update(state=State.WAITING)
    for hook in hooks:
        if lease := Lease.take(f"hook:{hook.pk}", LEASE_SECONDS):
            try:
                tell(hook, now)
            finally:
                Lease.release(f"hook:{hook.pk}", lease)


def look(hooks: Sequence[Hook], now: datetime) -> None:
    """Make events of what happened, alone."""
    lease = Lease.take("hooks", LEASE_SECONDS)
    if lease is None:
        return
    try:
        is_late = Lease.take("hooks:late", LATE_EVERY.total_seconds()) is not None
        oldest = now - (LATE if is_late else LATELY)
        write(finding.find(wanted(hooks, oldest), now), hooks, now)
        catch_up(hooks, now)
    finally:
        Lease.release("hooks", lease)


def wanted(hooks: Iterable[Hook], oldest: datetime) -> dict[str, datetime]:
    """Which kinds of events somebody is to be told of, and since when; nothing before `oldest`."""
    found: dict[str, datetime] = {}
    for hook in hooks:
        for kind, since in hook.begins.items():
            found[kind] = min(found.get(kind, since), since)
    return {kind: max(since, oldest) for kind, since in found.items()}


@transaction.atomic
def write(facts: Iterable[finding.Fact], hooks: Sequence[Hook], now: datetime) -> None:
    """An event for each fact that some hook wants, and what is to be told of it."""
    told, begins = [], [(hook, hook.begins) for hook in hooks]
    for fact in facts:
        wanting = [hook for hook, since in begins if fact.at >= since.get(fact.kind, NEVER)]
        if wanting:
            event = HookEvent(**vars(fact))
            told += [(event, hook) for hook in wanting]
    events = {event.pk: event for event, _hook in told}
    HookEvent.objects.bulk_create(events.values())
    HookDelivery.objects.bulk_create(_delivery(hook, event, now) for event, hook in told)


def catch_up(hooks: Iterable[Hook], now: datetime) -> None:
    """Somebody may choose a kind while a look is under way that does not know of it yet, and finds
    what happened since only for other hooks.
    """
    for hook in hooks:
        for kind, since in hook.begins.items():
            if since > now - LATELY:
                events = HookEvent.objects.filter(kind=kind, at__gte=since, made_at__gte=since)
                missed = events.exclude(deliveries__hook=hook).order_by("at")
                HookDelivery.objects.bulk_create(_delivery(hook, each, now) for each in missed)


def _delivery(hook: Hook, event: HookEvent, now: datetime) -> HookDelivery:
    return HookDelivery(
        hook=hook, event=event, subject=event.subject, not_before=now, until=now + TOLD_FOR
    )


def tell(hook: Hook, now: datetime) -> None:
    """What is due to this program, a few at a time."""
    began = timezone.now()
    while claimed := claim(hook, now):
        parcels = [parcel for each in claimed if (parcel := _parcel(hook, each))]
        outcomes = sending.send(parcels) if parcels else []
        done = timezone.now() - began
        for outcome in outcomes:
            note(hook, outcome, now + done)
        if hook.failing_since or done.total_seconds() > TASK_SECONDS:
            break
    give_up(hook, now)


def claim(hook: Hook, now: datetime) -> list[HookDelivery]:
    """The next messages, which nobody else sends now."""
    many = AT_ONCE_FAILING if hook.failing_since else AT_ONCE
    due = HookDelivery.objects.filter(hook=hook).due(now).select_related("event")
    found = []
    for delivery in due[:many]:
        row = HookDelivery.objects.filter(pk=delivery.pk, state=State.WAITING)
        if row.update(state=State.SENDING, at=now, tries=F("tries") + 1):
            delivery.tries += 1
            found.append(delivery)
    return found


def _parcel(hook: Hook, delivery: HookDelivery) -> Parcel | None:
    event = delivery.event
    try:
        body = payload.body_of(event, hook.language)
        return Parcel(delivery.pk, hook.url, hook.secret, event.kind, str(event.pk), body)
    except SecretError:
        why = UNREADABLE
    except Exception:  # one that cannot be written must not keep the others waiting
        log.exception("webhook %s: delivery %s cannot be written", hook.pk, delivery.pk)
        why = UNWRITTEN
    note(hook, Outcome(delivery.pk, Sentence(why)), timezone.now())
    return None


def note(hook: Hook, outcome: Outcome, now: datetime) -> None:
    """Write down what came of a message."""
    row = HookDelivery.objects.filter(pk=outcome.key, state=State.SENDING)
    words = Redactor(settings.OWN_SECRETS).text(" ".join(outcome.words.split()))[:200]
    values = {"at": now, "status": outcome.status, "ms": outcome.ms, "answer": words}
    if outcome.why is None:
        row.update(**values, state=State.SENT, error={})
        Hook.objects.filter(pk=hook.pk).update(worked_at=now, failing_since=None)
        hook.failing_since = None
        return
    found = row.values_list("tries", "until").first()
    if found is None:
        return
    tries, until = found
    again = now + pause(tries)
    state = State.FAILED if again > until else State.WAITING
    row.update(**values, state=state, not_before=again, error=outcome.why.to_json())
    if hook.failing_since is None:
        hook.failing_since = now
        Hook.objects.filter(pk=hook.pk, failing_since=None).update(failing_since=now)
    log.warning("webhook %s: delivery %s was not taken (%s)", hook.pk, outcome.key, outcome.status)


def give_up(hook: Hook, now: datetime) -> None:
    """Switch off what has taken nothing for a day; an incident says so."""
    row = Hook.objects.filter(pk=hook.pk, is_on=True, failing_since__lt=now - GIVEN_UP)
    if row.update(is_on=False, given_up_at=now):
        audit.record(hook, {"is_on": ["True", "False"]})
        log.error("webhook %s is switched off: it has taken nothing for a day", hook.pk)


def switch(hook: Hook, now: datetime) -> None:
    """On or off. What happened while it was off is not told; what waited already is."""
    hook.is_on = not hook.is_on
    hook.failing_since = hook.given_up_at = None
    hook.since = now if hook.is_on else hook.since
    hook.save(update_fields=["is_on", "failing_since", "given_up_at", "since"])
    if hook.is_on:
        wake(TASK)


@transaction.atomic
def try_out(hook: Hook, now: datetime) -> bool:
    """Send a trial message now. False: that was done a moment ago."""
    trials = hook.deliveries.filter(event__kind=Kind.TEST, event__at__gt=now - TRIAL_PAUSE)
    if trials.exists():
        return False
    about = uuid4()
    event = HookEvent.objects.create(kind=Kind.TEST, about=about, subject=about, at=now)
    _delivery(hook, event, now).save()
    wake(TASK)
    return True


def send_again(deliveries: Iterable[HookDelivery], now: datetime) -> int:
    """Those that are not on their way already; how many."""
    keys = [each.pk for each in deliveries]
    rows = HookDelivery.objects.filter(pk__in=keys).exclude(state__in=HookDelivery.OPEN)
    count = rows.update(state=State.WAITING, tries=0, not_before=now, until=now + TOLD_FOR)
    wake(TASK)
    return count


def forget(now: datetime) -> None:
    HookEvent.objects.filter(made_at__lt=now - KEPT).delete()
