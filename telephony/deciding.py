"""What a person decides about a difference: restore ours, take theirs, take over, ignore."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from telephony import sync
from telephony.asking import save_seen
from telephony.changes import Edit, Impact
from telephony.differences import Difference
from telephony.hosts import resolve
from telephony.line import read_line
from telephony.models import PublishedObject, PublishedState
from telephony.routing.adopting import Adoption, adopt
from telephony.routing.seal import fingerprint
from telephony.routing.steps import source_of
from telephony.routing.taking import CannotError, Ground, take
from veyra.celery import wake

GONE = gettext_noop(
    "LiveKit has something else there by now. Look at the differences again: what is shown now is"
    " newer."
)
NOTHING = gettext_noop("None of them can be taken over as it is.")
Whose = Difference.Whose


@dataclass(frozen=True)
class Answer:
    """A person's yes to what he saw: the token of the impact, and whether he ticked warnings."""

    seen: str = ""
    accepted: bool = False


def restore(difference: Difference) -> None:
    """What is saved here goes to LiveKit, whatever is there."""
    Difference.objects.filter(pk=difference.pk).restore()
    wake(sync.TASK)


def ignore(difference: Difference, ignored: bool = True) -> None:
    """Somebody else's object is right as it is, and is not counted any more; or again."""
    Difference.objects.filter(pk=difference.pk, whose=Whose.NOBODY).update(
        ignored_at=timezone.now() if ignored else None
    )


def taking(difference: Difference) -> Edit:
    """What of the saved rows changes if theirs is taken.

    Raises CannotError, and LiveKitError where LiveKit cannot be asked.
    """
    steps, _actual = sync.preview()
    held = next((each for each in steps.held if each.livekit_id == difference.livekit_id), None)
    seal = steps.desired.seal
    if held is None or fingerprint(held.theirs, seal) != difference.fingerprint:
        raise CannotError(GONE)
    return take(ground(), held)


def ground() -> Ground:
    line = read_line()
    return Ground(line=line, resolved=resolve(line), admit=sync.admitted())


def take_theirs(difference: Difference, edit: Edit, answer: Answer) -> Impact | None:
    """Save what stands in LiveKit; what to show first, or None: it is done.

    Raises changes.ChangeError.
    """
    rows = Difference.objects.of_source(difference.source).exclude(pk=difference.pk)
    with transaction.atomic():
        undecided = list(rows.filter(restore_at=None).values_list("pk", flat=True))
        if (found := save_seen(edit, answer.seen, answer.accepted)) is not None:
            return found
        # Another object of the same row may differ too; about that one nobody has decided.
        rows.filter(pk__in=undecided).update(restore_at=None)
        Difference.objects.filter(pk=difference.pk).restore()
        wake(sync.TASK)
    return None


def taking_over(ids: Collection[str], agent: str) -> Adoption:
    """What taking these objects over would make of them. Raises LiveKitError."""
    steps, actual = sync.preview()
    free = Difference.objects.filter(livekit_id__in=ids, whose=Whose.NOBODY)
    wanted = set(free.values_list("livekit_id", flat=True)) & set(steps.foreign)
    return adopt(ground(), actual, wanted, agent)


def take_over(adoption: Adoption, answer: Answer) -> Impact | None:
    """Make the rows, and let the objects in LiveKit be theirs; what to show first, or None.

    Raises changes.ChangeError.
    """
    with transaction.atomic():
        if (found := save_seen(adoption.edit, answer.seen, answer.accepted)) is not None:
            return found
        PublishedObject.objects.bulk_create(
            PublishedObject(
                key=key,
                kind=key.split(":")[0],
                source=source_of(key),
                livekit_id=livekit_id,
                state=PublishedState.WAITING,
            )
            for livekit_id, key in adoption.claims.items()
        )
        taken = Difference.objects.filter(livekit_id__in=adoption.claims)
        taken.update(restore_at=timezone.now())
        wake(sync.TASK)
    return None
