"""The one way in which the line changes: shown first, then carried out whole or not at all.

The pages, the import, the adoption of foreign objects and the planned changes all come through
here.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from telephony import opening
from telephony.line import read_line
from telephony.models import Gateway, PhoneNumber, PublishedObject, ScheduledChange
from telephony.routing.edit import Change, Edit, laid_over
from telephony.routing.impact import Impact, impact
from telephony.saving import MODELS, ChangeError, Row, StaleError, batches, write
from telephony.sync import TASK
from veyra import audit
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

AT_ONCE = Sentence(gettext_noop("Another row was saved at the same moment. Look and save again."))

__all__ = [
    "MODELS",
    "Change",
    "ChangeError",
    "Edit",
    "Impact",
    "StaleError",
    "carry_out",
    "carry_out_due",
    "preview",
]


class NotSeenError(ChangeError):
    """What the edit would do now (`impact`) is not what the person saw and said yes to."""

    def __init__(self, found: Impact) -> None:
        super().__init__(found.errors)
        self.impact = found


def model_name(row: type[models.Model] | models.Model) -> Any:
    """ "trunk", "number", "rule" or "agent"."""
    return next(name for name, model in MODELS.items() if row._meta.model is model)


def preview(edit: Edit) -> Impact:
    """What `edit` would change for callers now, and what would be wrong. Changes nothing."""
    line = read_line()
    return impact(line, laid_over(line, edit))


def carry_out(edit: Edit, seen: str | None = None, ticked: bool = True) -> Impact:
    """Save an edit, all of it or nothing, and ask for it to be published; what it changed.

    `seen`: the token of the impact that a person said yes to; None: nobody was asked. `ticked`: he
    said yes to its warnings, too. Raises NotSeenError, StaleError, and ChangeError where the line
    would be wrong afterwards.
    """
    with transaction.atomic():
        Gateway.hold_line()  # what is shown is what is saved
        found = preview(edit)
        if seen is not None and (seen != found.token or (found.needs_tick and not ticked)):
            raise NotSeenError(found)
        if found.errors:
            raise ChangeError(found.errors)
        try:
            rows = write(edit)
        except IntegrityError as error:
            raise ChangeError([AT_ONCE]) from error
        _announce(rows)
    return found


def _announce(rows: Sequence[Row]) -> None:
    opening.renumber(row for row in rows if isinstance(row, PhoneNumber))
    for keys in batches([row.key for row in rows]):
        PublishedObject.objects.mark_saved(keys)
    wake(TASK)


def schedule(edit: Edit, title: str, at: datetime, author: User) -> ScheduledChange:
    """Let an edit wait for its moment."""
    return ScheduledChange.objects.create(
        edit=edit.to_json(), title=title[:200], takes_effect_at=at, author=author
    )


def carry_out_due(now: datetime) -> int:
    """Carry out the planned changes whose moment has come; how many there were."""
    due = list(ScheduledChange.objects.due(now))
    for change in due:
        try:
            _carry_out_planned(change, now)
        except Exception:  # one that cannot be made must not keep the others waiting
            log.exception("planned change %s was not made", change.pk)
    return len(due)


def rights(edit: Edit) -> set[str]:
    """The permissions of whoever makes this edit. One query for each model."""
    found = set()
    for name, model in MODELS.items():
        mine = [change for change in edit.changes if change.model == name]
        keys = [change.key for change in mine]
        saved = model._default_manager.filter(key__in=keys).values_list("key", flat=True)
        known = set(map(str, saved))
        verbs = {verb for change in mine for verb in _verbs(change, change.key in known)}
        found |= {f"{model._meta.app_label}.{verb}_{model._meta.model_name}" for verb in verbs}
    return found


def _verbs(change: Change, is_known: bool) -> set[str]:
    if not is_known:
        return {"add"}
    return {"delete" if name == "archived" else "change" for name in change.values}


def author_fault(planned: ScheduledChange) -> Sentence | None:
    """Why the change is not made although its moment comes: its author may not make it any more."""
    author = planned.author
    if author is None or not author.is_active:
        msgid = gettext_noop(
            "Whoever planned this is no longer here. If it is still wanted, save it anew."
        )
    elif not (author.is_staff and author.has_perms(rights(planned.as_edit))):
        msgid = gettext_noop(
            "Whoever planned this may no longer change it. If it is still wanted, somebody who may"
            " saves it anew."
        )
    else:
        return None
    return Sentence(msgid)


def _carry_out_planned(planned: ScheduledChange, now: datetime) -> None:
    settle = ScheduledChange.objects.settle
    try:
        with transaction.atomic():
            Gateway.hold_line()
            if fault := author_fault(planned):
                raise ChangeError([fault])
            with audit.by(planned.author, planned=True):
                found = carry_out(planned.as_edit)
            if not settle(planned.pk, "done", now, list(found.changes)):
                raise CancelledError
    except CancelledError:
        return
    except ChangeError as error:
        settle(planned.pk, "failed", now, list(error.sentences))


class CancelledError(Exception):
    """Somebody cancelled a planned change, or carried it out, at this very moment."""


def cancel(planned: ScheduledChange) -> bool:
    """False: it is too late."""
    return ScheduledChange.objects.settle(planned.pk, "cancelled", timezone.now(), [])


def news(user: User) -> list[Sentence]:
    """What became of a person's planned changes since he last looked; told once."""
    fresh = list(ScheduledChange.objects.visible_to(user).news_for(user))
    ScheduledChange.objects.told(fresh, timezone.now())
    done = gettext_noop("Your planned change of “%(title)s” took effect. %(what)s")
    failed = gettext_noop("Your planned change of “%(title)s” was not carried out: %(what)s")
    return [
        Sentence(
            done if each.state == ScheduledChange.State.DONE else failed,
            {"title": each.title, "what": " ".join(map(str, each.sentences))},
        )
        for each in fresh
    ]


def planned_for(number: PhoneNumber) -> list[tuple[ScheduledChange, list[Sentence]]]:
    """The changes that wait, and what each will mean for the callers of a number.

    Each is laid over the line as those before it leave it.
    """
    waiting = list(ScheduledChange.objects.waiting())
    if not waiting:
        return []
    line = read_line()
    found = []
    for planned in waiting:
        after = laid_over(line, planned.as_edit)
        moves = [move for move in impact(line, after).moves if move.number == number.number]
        said = [sentence for move in moves for sentence in move.sentences]
        if said and (fault := author_fault(planned)):
            said, after = [fault], line
        found += [(planned, said)] if said else []
        line = after
    return found
