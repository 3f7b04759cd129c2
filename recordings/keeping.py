"""Staff decide how long recordings are kept, and which of them must not be deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from recordings import deleting
from recordings.keeping_models import Hold, Term, TermChange
from recordings.models import Recording
from recordings.terms import Days, Scope, Terms
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

# Recordings that go sooner than they would have may be missed by somebody: he has a week to say so.
RESPITE = timedelta(days=7)

SAME = _("It is so already.")
DELETED = _("This recording is deleted already, so it cannot be kept.")
IS_HELD = _("It must not be deleted already: the list below says who needs it.")


class CannotKeep(Exception):
    """`sentence` says why."""

    def __init__(self, msgid: str) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid)


# For how long


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: that the recordings of `scope` are kept for so many days (None: until
    somebody deletes them), or that it says nothing itself (`drops`).
    """

    scope: Scope
    days: Days
    drops: bool = False

    def in_(self, terms: Terms) -> Terms:
        return terms.drop(self.scope) if self.drops else terms.put(self.scope, self.days)


@dataclass(frozen=True)
class Outlook:
    """What comes of a wish. `deletes`: so many recordings go, at `takes_effect_at`."""

    takes_effect_at: datetime
    shortens: bool
    deletes: int


def outlook(wish: Wish, now: datetime) -> Outlook:
    """Raises CannotKeep: nothing would change."""
    terms = Term.objects.all_terms()
    new = wish.in_(terms)
    if new == terms:
        raise CannotKeep(SAME)
    if not terms.shortens(new, wish.scope):
        return Outlook(now, shortens=False, deletes=0)
    at = now + RESPITE
    # Those that go by then anyway are not this change's.
    deletes = max(0, deleting.due(new, at) - deleting.due(terms, at))
    return Outlook(at, shortens=True, deletes=deletes)


@transaction.atomic
def ask(wish: Wish, user: User, now: datetime) -> Outlook:
    """Longer at once, shorter in a week; whatever waited for the same recordings is cancelled."""
    seen = outlook(wish, now)
    waiting = TermChange.objects.waiting().of(wish.scope)
    waiting.update(cancelled_at=now, cancelled_by=user)
    change = TermChange.objects.create(
        number_id=wish.scope.number,
        agent_id=wish.scope.agent,
        days=wish.days,
        drops=wish.drops,
        asked_by=user,
        takes_effect_at=seen.takes_effect_at,
        deletes=seen.deletes,
    )
    note = gettext("Asked that recordings be kept for another time.")
    LogEntry.objects.log_actions(user.pk, [change], ADDITION, change_message=note)
    if not seen.shortens:
        put_in_force(change, now)
    return seen


def put_in_force(change: TermChange, now: datetime) -> bool:
    """False: it was cancelled, or is in force already."""
    with transaction.atomic():
        if not TermChange.objects.waiting().filter(pk=change.pk).update(done_at=now):
            return False
        rows = Term.objects.of(change.scope)
        if change.drops:
            rows.delete()
        elif not rows.update(days=change.days):
            Term.objects.create(
                number_id=change.number_id, agent_id=change.agent_id, days=change.days
            )
    return True


def cancel(change: TermChange, user: User) -> bool:
    """False: it is in force already, or somebody was faster."""
    now = timezone.now()
    rows = TermChange.objects.waiting().filter(pk=change.pk)
    if not rows.update(cancelled_at=now, cancelled_by=user):
        return False
    note = gettext("Cancelled: recordings are kept as before.")
    LogEntry.objects.log_actions(user.pk, [change], CHANGE, change_message=note)
    return True


def work(now: datetime) -> None:
    """Everything that is due: changes take effect, recordings go, and so do their files."""
    for change in TermChange.objects.due(now):
        put_in_force(change, now)
    deleting.claim_due(now)
    deleting.carry_out(timezone.now())


# What must not be deleted


def hold_number(number: str, why: str, user: User) -> Hold:
    """Nothing of this number (E.164) is deleted until the hold is lifted. Raises CannotKeep."""
    try:
        with transaction.atomic():
            return _placed(Hold(number=number, why=why, placed_by=user), user)
    except IntegrityError as error:
        raise CannotKeep(IS_HELD) from error


def hold_recording(recording: Recording, why: str, user: User) -> Hold:
    """Raises CannotKeep: it is gone, or held already."""
    try:
        with transaction.atomic():
            held = _placed(Hold(recording=recording, why=why, placed_by=user), user)
            rows = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DELETED)
            if not rows.update(is_held=True):
                raise CannotKeep(DELETED)
            return held
    except IntegrityError as error:
        raise CannotKeep(IS_HELD) from error


def _placed(hold: Hold, user: User) -> Hold:
    hold.save()
    note = gettext("Must not be deleted: %(why)s") % {"why": hold.why}
    LogEntry.objects.log_actions(user.pk, [hold.recording or hold], ADDITION, change_message=note)
    return hold


@transaction.atomic
def lift(hold: Hold, user: User) -> bool:
    """False: somebody was faster."""
    now = timezone.now()
    if not Hold.objects.in_force().filter(pk=hold.pk).update(lifted_at=now, lifted_by=user):
        return False
    if hold.recording_id:
        Recording.objects.filter(pk=hold.recording_id).update(is_held=False)
    note = gettext("May be deleted again.")
    LogEntry.objects.log_actions(user.pk, [hold.recording or hold], CHANGE, change_message=note)
    wake(deleting.TASK)
    return True
