"""An edit as rows of the database: a few queries for each model, however many rows it changes.

What it changes is written down (veyra.audit), since rows that are written many at once are seen by
nobody else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from agentworker.models import Agent
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.routing.edit import Change, Edit
from veyra import audit
from veyra.secrets import EncryptedTextField, Sealed
from veyra.sentences import Sentence

Row = Trunk | PhoneNumber | DispatchRule | Agent
# Each model after those that its rows name.
MODELS: dict[str, type[Row]] = {
    "agent": Agent,
    "trunk": Trunk,
    "number": PhoneNumber,
    "rule": DispatchRule,
}
# Columns that another row is named by, in an Edit: always by its key.
KEY = "key"
BATCH = 1000
GONE = gettext_noop("A row that this change needs is no longer there.")
T = TypeVar("T")


class ChangeError(Exception):
    """An edit was not carried out; `sentences` say why."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(*(each.msgid for each in self.sentences))


class StaleError(ChangeError):
    """Somebody else changed a row since the author of the edit opened it."""


def write(edit: Edit) -> list[Row]:
    """Save what the edit holds, in a transaction of the caller's; the rows that it changed.

    Raises StaleError, ChangeError, and IntegrityError where another row has the same name.
    """
    pks, rows = _Pks(), list[Row]()
    for name, model in MODELS.items():
        changes = [change for change in edit.changes if change.model == name]
        rows += _write_rows(model, changes, pks) if changes else []
    return rows


def batches(each: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as one query names."""
    return (each[start : start + BATCH] for start in range(0, len(each), BATCH))


def _write_rows(model: type[Row], changes: Sequence[Change], pks: "_Pks") -> list[Row]:
    keys = {change.key for change in changes}
    saved = _saved(model)
    found = saved.in_bulk(keys, field_name=KEY)
    rows = {str(key): row for key, row in found.items()}
    claimed = {row.pk: _claims(row) for row in rows.values()}
    before = {row.pk: audit.values(row) for row in rows.values()}
    for change in changes:
        if change.key not in rows and change.revision is not None:
            raise ChangeError([Sentence(GONE)])
        if change.key not in rows:
            rows[change.key] = model(key=change.key)
        _fill(rows[change.key], change, pks)
    _check(model, rows.values())
    new = [row for row in rows.values() if row.pk is None]
    _update(model, [row for row in rows.values() if row.pk], claimed, _columns(model, changes))
    saved.bulk_create(new, BATCH)
    pks.add(model, new)
    links: dict[int, dict[str, Any]] = {}
    for field in model._meta.many_to_many:
        named = [change for change in changes if field.name in change.values]
        others = {
            rows[change.key].pk: [pks.of(field.related_model, k) for k in change.values[field.name]]
            for change in named
        }
        for pk, moved in _link(field, others).items():
            links.setdefault(pk, {})[field.name] = moved
    audit.record_all(_done(model, rows.values(), before, links))
    return list(rows.values())


def _done(
    model: type[Row],
    rows: Iterable[Row],
    before: Mapping[int, Mapping[str, Any]],
    links: Mapping[int, dict[str, Any]],
) -> Iterator[tuple[Row, Mapping[str, Any], int]]:
    """What became of each row, as veyra.audit writes it down."""
    for row in rows:
        if row.pk in before:
            changed = audit.changes(model, before[row.pk], audit.values(row))
            yield row, changed | links.get(row.pk, {}), audit.Action.UPDATE
        else:
            yield row, {}, audit.Action.CREATE


def _saved(model: type[Row]) -> "models.Manager[Any]":
    return model._default_manager


class _Pks:
    """Ids of rows by their keys, each model read once; what is made since is added."""

    def __init__(self) -> None:
        self._known: dict[Any, dict[str, int]] = {}

    def of(self, model: Any, key: str) -> int:
        """Raises ChangeError."""
        if model not in self._known:
            found = model._default_manager.values_list(KEY, "pk")
            self._known[model] = {str(each): pk for each, pk in found}
        if key not in self._known[model]:
            raise ChangeError([Sentence(GONE)])
        return self._known[model][key]

    def add(self, model: Any, made: Iterable[Row]) -> None:
        if model in self._known:
            self._known[model] |= {str(row.key): row.pk for row in made}


def _fill(row: Row, change: Change, pks: _Pks) -> None:
    """Give a row its new values; the lists of other rows that it names come when it is saved."""
    if row.pk and change.revision not in (None, row.revision):
        msgid = gettext_noop("Somebody changed “%(row)s” since you opened it.")
        raise StaleError([Sentence(msgid, {"row": str(row)})])
    for name, value in change.values.items():
        field = _field(row, name)
        if name == "archived":
            row.archived_at = (row.archived_at or timezone.now()) if value else None
        elif isinstance(field, models.ForeignKey):
            setattr(row, field.attname, pks.of(field.related_model, value) if value else None)
        elif isinstance(field, EncryptedTextField):
            setattr(row, name, Sealed(value) if value else "")
        elif field is not None and not field.many_to_many:
            setattr(row, name, value)
    row.revision += 1 if row.pk else 0


def _field(model: type[Row] | Row, name: str) -> Any:
    """None: "archived", or a column that this version of Veyra no longer has."""
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _check(model: type[Row], rows: Iterable[Row]) -> None:
    """The fields' own rules, such as lengths and choices; brings values to their types."""
    unchecked = {
        field.name
        for field in model._meta.get_fields()
        if field.is_relation or isinstance(field, EncryptedTextField)
    }
    for row in rows:
        try:
            row.clean_fields(exclude=unchecked)
        except ValidationError as error:
            said = [Sentence("%(said)s", {"said": message}) for message in error.messages]
            raise ChangeError(said) from error


def _columns(model: type[Row], changes: Iterable[Change]) -> list[str]:
    """The columns that are written."""
    named = {name for change in changes for name in change.values}
    columns = {name for name in named if (f := _field(model, name)) and not f.many_to_many}
    return sorted({"revision", *columns, *(["archived_at"] if "archived" in named else [])})


def _claims(row: Row) -> tuple[Any, ...]:
    """What no other row in use may have: its name, or its number."""
    unique = (c.fields for c in row._meta.constraints if isinstance(c, models.UniqueConstraint))
    return tuple(getattr(row, name) for names in unique for name in names)


def _update(
    model: type[Row],
    rows: Sequence[Row],
    claimed: Mapping[int, tuple[Any, ...]],
    columns: Sequence[str],
) -> None:
    """Write rows that exist. A name is given up before another row takes it."""
    renamed = [r for r in rows if not r.archived_at and _claims(r) != claimed[r.pk]]
    one_by_one = {row.pk for row in renamed}
    away = [row for row in rows if row.archived_at]
    others = [row for row in rows if not row.archived_at and row.pk not in one_by_one]
    for together in (away, *([row] for row in renamed), others):
        # Django's bulk_update takes longer than a save for each row; this a twentieth of it.
        _saved(model).bulk_create(
            together, BATCH, update_conflicts=True, unique_fields=["id"], update_fields=columns
        )


def _link(field: Any, wanted: Mapping[int, Iterable[int]]) -> dict[int, dict[str, list[int]]]:
    """Let each row name these others, by their ids, and no more; who came and who went, by row."""
    links = field.remote_field.through._default_manager
    own, other = f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id"
    saved = links.filter(**{f"{own}__in": list(wanted)}).values_list("pk", own, other)
    known = {(row, named): pk for pk, row, named in saved}
    after = {(row, named) for row, others in wanted.items() for named in others}
    gone, come = sorted(known.keys() - after), sorted(after - known.keys())
    for some in batches([known[pair] for pair in gone]):
        links.filter(pk__in=some).delete()
    links.bulk_create([links.model(**{own: row, other: named}) for row, named in come], BATCH)
    moved: dict[int, dict[str, list[int]]] = {}
    for verb, pairs in (("added", come), ("removed", gone)):
        for row, named in pairs:
            moved.setdefault(row, {"added": [], "removed": []})[verb].append(named)
    return moved
