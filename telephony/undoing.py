"""The way back from a change of the line: an Edit with the former values, to be looked at first."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_noop

from telephony.changes import Change, ChangeError, Edit, model_name
from telephony.saving import GONE, Row
from veyra.audit import Action
from veyra.audit_entries import AuditEntry
from veyra.sentences import Sentence

ALREADY = gettext_noop("“%(row)s” is in the archive already.")


def edit_of(entry: AuditEntry, row: Row) -> Edit:
    """What takes the change back; a row that it added is archived. Raises ChangeError."""
    if entry.action == Action.CREATE:
        if row.archived_at:
            raise ChangeError([Sentence(ALREADY, {"row": str(row)})])
        values: dict[str, Any] = {"archived": True}
    else:
        values = dict(_former(row, name, value) for name, value in entry.told.items())
    key = str(row.key)
    change = Change(model=model_name(row), key=key, values=values, revision=row.revision)
    return Edit(changes=(change,))


def _former(row: Row, name: str, value: Any) -> tuple[str, Any]:
    """The column as an Edit names it, and what it held."""
    if name == "archived_at":
        return "archived", bool(value[0])
    field: Any = row._meta.get_field(name)
    if isinstance(value, Mapping):
        named = getattr(row, name)
        now = set(named.values_list("pk", flat=True)) - {*value["added"]} | {*value["removed"]}
        return name, sorted(_key(field.related_model, pk) for pk in now)
    if isinstance(field, models.ForeignKey):
        return name, None if value[0] is None else _key(field.related_model, value[0])
    return name, value[0]


def _key(model: Any, pk: int) -> str:
    """Raises ChangeError."""
    key = model._default_manager.filter(pk=pk).values_list("key", flat=True).first()
    if key is None:
        raise ChangeError([Sentence(GONE)])
    return str(key)
