"""What a migration may do since the first released version, whose programs run on meanwhile."""

import re
from typing import Any

import pytest
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.upgrade import additive, released
from tests.upgrade.released import Sqlite

OURS = {"veyra", "agentworker", "telephony", "recordings", "monitoring"}
# What was looked at, and does no harm: "app.migration": why.
REVIEWED: dict[str, str] = {}

BEFORE = ProjectState(
    {
        ("line", "call"): ModelState(
            "line",
            "Call",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("state", models.CharField(max_length=10)),
                ("why", models.TextField(null=True)),
            ],
        )
    }
)


def add(field: "models.Field[Any, Any]") -> Operation:
    return operations.AddField("call", "said", field)


def alter(name: str, field: "models.Field[Any, Any]") -> Operation:
    return operations.AlterField("call", name, field)


HARMLESS = {
    "a new table": operations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))]),
    "a column that may be empty": add(models.TextField(null=True)),
    "a column with a default in the table": add(models.TextField(db_default="")),
    "other words": alter("state", models.CharField("state", max_length=10, choices=[("a", "A")])),
    "more room": alter("state", models.CharField(max_length=20)),
    "may be empty now": alter("state", models.CharField(max_length=10, null=True)),
    "an index": operations.AddIndex("call", models.Index(fields=["state"], name="call_state")),
}
HARMFUL = {
    "a default that only Django knows": add(models.TextField(default="")),
    "less room": alter("state", models.CharField(max_length=5)),
    "must not be empty": alter("why", models.TextField()),
    "another kind": alter("state", models.IntegerField()),
    "unique": alter("state", models.CharField(max_length=10, unique=True)),
    "a lost column": operations.RemoveField("call", "why"),
    "a column called otherwise": operations.RenameField("call", "why", "reason"),
    "a lost table": operations.DeleteModel("Call"),
    "a new rule": operations.AddConstraint(
        "call", models.CheckConstraint(condition=~models.Q(state=""), name="told")
    ),
    "SQL": operations.RunSQL("SELECT 1"),
    "SQL behind another": operations.SeparateDatabaseAndState([operations.RunSQL("SELECT 1")]),
}


def breaks(*made: Operation) -> list[str]:
    later = type("Later", (Migration,), {"operations": list(made)})
    return additive.breaks(later("0002_later", "line"), BEFORE, set())


@pytest.mark.parametrize("made", HARMLESS.values(), ids=HARMLESS)
def test_what_the_former_version_need_not_know_is_harmless(made: Operation) -> None:
    assert breaks(made) == []


@pytest.mark.parametrize("made", HARMFUL.values(), ids=HARMFUL)
def test_what_would_stop_the_former_version_is_named(made: Operation) -> None:
    assert len(breaks(made)) == 1


def test_a_table_that_no_released_version_knows_may_become_anything() -> None:
    note = operations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])
    assert breaks(note, operations.AddField("note", "text", models.TextField())) == []


def test_no_migration_since_the_first_release_stops_the_version_before_it() -> None:
    loader = MigrationLoader(None)
    new: set[tuple[str, str]] = set()
    wrong = {}
    for app, name in unreleased(loader):
        before = loader.project_state((app, name), at_end=False)
        found = additive.breaks(loader.disk_migrations[app, name], before, new)
        if found and f"{app}.{name}" not in REVIEWED:
            wrong[f"{app}.{name}"] = found
    assert wrong == {}


def unreleased(loader: MigrationLoader) -> list[tuple[str, str]]:
    """Our own, in the order in which they are applied, that the first released version had not."""
    text = released.dump_of(released.versions()[0], Sqlite.kind).decode()
    rows = re.findall(r"INSERT INTO \"django_migrations\" VALUES\(\d+,'(\w+)','(\w+)'", text)
    order: list[tuple[str, str]] = []
    for leaf in sorted(loader.graph.leaf_nodes()):
        order += [node for node in loader.graph.forwards_plan(leaf) if node not in order]
    assert {app for app, _ in rows} >= OURS
    return [node for node in order if node[0] in OURS and node not in rows]
