"""What in a migration would stop the programs of the former version, which run on until the new
ones take their places.
"""

from collections.abc import Iterable
from typing import Any

from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

HARMLESS = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
)
# Known to Django and not to the tables.
WORDS = {
    *("choices", "verbose_name", "help_text", "default", "editable", "blank", "validators"),
    *("related_name", "related_query_name", "error_messages", "limit_choices_to"),
}


def breaks(migration: Migration, before: ProjectState, new: set[tuple[str, str]]) -> list[str]:
    """Sentences about what it does. `new`: models (app, name) that no released version knows, where
    anything may be done; those that it makes are put in.
    """
    wrong = []
    for operation in flat(migration.operations):
        model = (migration.app_label, name_of(operation).lower())
        if isinstance(operation, operations.CreateModel):
            new.add(model)
        if model not in new and (sentence := broken(operation, before, migration.app_label)):
            wrong.append(sentence)
    return wrong


def flat(given: Iterable[Operation]) -> list[Operation]:
    """Only what changes tables."""
    found: list[Operation] = []
    for each in given:
        apart = isinstance(each, operations.SeparateDatabaseAndState)
        found += flat(getattr(each, "database_operations", ())) if apart else [each]
    return found


def name_of(operation: Operation) -> str:
    """Of the model; empty where there is none."""
    return str(getattr(operation, "model_name", "") or getattr(operation, "name", ""))


def broken(operation: Operation, before: ProjectState, app: str) -> str:
    if isinstance(operation, HARMLESS):
        return ""
    if isinstance(operation, operations.AddField):
        fine = operation.field.null or operation.field.many_to_many or has_default(operation.field)
        return "" if fine else f"{operation.describe()}, without which the former writes no row"
    if isinstance(operation, operations.AlterField):
        model = before.models[app, operation.model_name_lower]
        narrower = narrowed(model.fields[operation.name], operation.field)
        return f"{operation.describe()}: {narrower}" if narrower else ""
    return operation.describe()


def has_default(field: Any) -> bool:
    """In the table itself: Django's own default is known only to programs that know the field."""
    return field.db_default is not NOT_PROVIDED


def narrowed(former: "Field[Any, Any]", later: "Field[Any, Any]") -> str:
    """What the former could write, and cannot any more; empty where there is nothing."""
    was, will = told(former), told(later)
    if was["null"] and not will["null"] and not has_default(later):
        return "must not be empty any more"
    lengths = [each.pop("max_length", None) for each in (was, will)]
    if lengths[0] and lengths[1] and lengths[1] < lengths[0]:
        return "is shorter"
    gone = {name for name in was if name != "null" and was[name] != will.get(name)}
    came = {name for name in will.keys() - was.keys() if name != "db_default"}
    return f"changes in {', '.join(sorted(gone | came))}" if gone | came else ""


def told(field: "Field[Any, Any]") -> dict[str, Any]:
    _, path, _, options = field.deconstruct()
    return {"null": field.null, "kind": path} | {
        name: value for name, value in options.items() if name not in WORDS | {"null"}
    }
