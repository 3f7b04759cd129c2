"""A change that somebody made is taken back: first it is shown what that would do."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_noop

from monitoring.alarms.models import AlertChannel
from monitoring.incidents import changes as incident_changes
from monitoring.incidents.models import RuleSetting
from recordings.models import Storage
from recordings.storage_forms import StorageForm
from telephony import changes
from telephony.changes import ChangeError, Edit, Impact
from telephony.colleague_forms import ColleagueForm
from telephony.forms import GatewayForm
from telephony.models import Colleague, Gateway
from telephony.sync import TASK
from telephony.undoing import edit_of
from veyra import audit
from veyra.audit_entries import AuditEntry
from veyra.audit_words import AGAIN, obstacle
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

GONE = gettext_noop("The row is not there any more, so its change cannot be undone.")
# Rows whose forms know what may stand together; of the others each column is checked alone.
FORMS: "Mapping[type[models.Model], type[forms.ModelForm[Any]]]" = {
    Gateway: GatewayForm,
    Colleague: ColleagueForm,
    Storage: StorageForm,
}


@dataclass
class Undoing:
    """What it would come to. `faults`: why it is not done. Of a change of the line: `edit`, and
    what that means for callers. Else `save` writes the row as it was.
    """

    faults: Sequence[Sentence] = ()
    edit: Edit | None = None
    impact: Impact | None = None
    save: Callable[[User], None] | None = None


def look(entry: AuditEntry, user: User) -> Undoing:
    """Changes nothing."""
    model: Any = entry.content_type.model_class()
    row = model._default_manager.visible_to(user).filter(pk=entry.object_pk).first()
    if row is None:
        return Undoing([Sentence(GONE)])
    newest = AuditEntry.objects.visible_to(user).newest_of([entry]).get(entry.row)
    if fault := obstacle(entry, newest):
        return Undoing([fault])
    if not _is_as_left(entry, row):
        return Undoing([Sentence(AGAIN)])
    try:
        is_line = audit.WATCHED[model._meta.label].undo == "line"
        return _of_line(entry, row) if is_line else _of_row(entry, row)
    except ChangeError as error:
        return Undoing(error.sentences)


def undo(entry: AuditEntry, user: User, seen: str, accepted: bool) -> Undoing | None:
    """None: it is undone. Else what to show him first.

    `seen`: the token of the impact that he said yes to; `accepted`: to its warnings, too.
    """
    found = look(entry, user)
    if found.faults:
        return found
    try:
        with transaction.atomic(), audit.by(user, undoes=entry.pk):
            Gateway.hold_line()  # of two who undo it at once, the second one sees that it is undone
            if found.edit is not None:
                changes.carry_out(found.edit, seen, accepted)
            elif found.save is not None:
                if fault := obstacle(entry, AuditEntry.objects.newest_of([entry]).get(entry.row)):
                    raise ChangeError([fault])
                found.save(user)
            incident_changes.note_undone(entry, user)
    except changes.NotSeenError as error:
        return Undoing(edit=found.edit, impact=error.impact)
    except ChangeError as error:
        return Undoing(error.sentences)
    return None


def _is_as_left(entry: AuditEntry, row: models.Model) -> bool:
    """Do the columns hold what this change put there? An UPDATE may have passed by the log."""
    if entry.action != audit.Action.UPDATE:
        return True
    now = audit.values(row)
    for name, value in entry.told.items():
        if isinstance(value, Mapping):
            named = set(getattr(row, name).values_list("pk", flat=True))
            if not named.issuperset(value["added"]) or not named.isdisjoint(value["removed"]):
                return False
        elif not _same(row._meta.get_field(name), now[name], value[1]):
            return False
    return True


def _same(field: Any, one: Any, other: Any) -> bool:
    """A price of 1.5 is one of 1.50."""
    if isinstance(field, models.JSONField) or field.is_relation:
        return bool(one == other)
    return bool(field.to_python(one) == field.to_python(other))


def _of_line(entry: AuditEntry, row: Any) -> Undoing:
    edit = edit_of(entry, row)
    found = changes.preview(edit)
    return Undoing(edit=edit, impact=found)


# Rows besides the line


def _of_row(entry: AuditEntry, row: Any) -> Undoing:
    former = copy(row)
    try:
        for name, value in entry.told.items():
            _put(former, name, value[0])
    except ValidationError as error:
        return Undoing(_sentences(list(map(str, error.messages))))
    form_class = FORMS.get(type(row))
    if form_class is None:
        return Undoing(save=lambda user: _save(former, user))
    form = form_class(_posted(form_class(instance=former)), instance=row)
    if not form.is_valid():
        return Undoing(_sentences(_faults(form)))
    return Undoing(save=lambda user: _save_form(form))


def _put(row: models.Model, name: str, value: Any) -> None:
    """Raises ValidationError."""
    field: Any = row._meta.get_field(name)
    if not isinstance(field, models.JSONField):
        value = field.clean(value, row) if value is not None else None
    setattr(row, field.attname, value)


def _posted(form: "forms.ModelForm[Any]") -> QueryDict:
    """The form as a browser would send it, had a person opened it and pressed Save."""
    data = QueryDict(mutable=True)
    for bound in form:
        value, widget = bound.value(), bound.field.widget
        if isinstance(widget, forms.CheckboxInput):
            if value:
                data[bound.html_name] = "on"
        elif isinstance(value, list | tuple):
            data.setlist(bound.html_name, [str(each) for each in value])
        elif value is not None:
            plain = isinstance(widget, forms.Select)
            data[bound.html_name] = str(value) if plain else str(widget.format_value(value) or "")
    return data


def _faults(form: "forms.ModelForm[Any]") -> list[str]:
    whole = list(map(str, form.non_field_errors()))
    of_fields = (bound for bound in form if bound.errors)
    return whole + [f"{bound.label}: {text}" for bound in of_fields for text in bound.errors]


def _sentences(texts: Sequence[str]) -> list[Sentence]:
    return [Sentence("%(said)s", {"said": text}) for text in texts]


def _save_form(form: "forms.ModelForm[Any]") -> None:
    row = form.instance
    if isinstance(row, Storage) and row.is_current:
        Storage.objects.not_current_but(row)
    form.save()
    if isinstance(row, Colleague):
        wake(TASK)


def _save(row: models.Model, user: User) -> None:
    if isinstance(row, AlertChannel):
        row.changed_at = timezone.now()
    if isinstance(row, RuleSetting):
        row.changed_by = user
    row.save()
