"""This version takes over what each released version has kept, while that goes on working."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.upgrade import released
from tests.upgrade.released import Column

FORMER = {"call": frozenset({Column("id", False), Column("state", True)})}


@pytest.mark.parametrize(
    ("later", "wrong"),
    [
        (FORMER | {"note": frozenset()}, []),
        ({"call": FORMER["call"] | {Column("why", False)}}, []),
        ({"call": FORMER["call"] | {Column("why", True)}}, ["call.why is asked for"]),
        ({"call": frozenset({Column("id", False)})}, ["call.state is gone"]),
        ({}, ["call is gone"]),
    ],
    ids=["a new table", "a column with a default", "without one", "a lost column", "a lost table"],
)
def test_what_would_stop_the_former_version_is_found(
    later: released.Tables, wrong: list[str]
) -> None:
    assert released.broken_for_the_former(FORMER, later) == wrong


@pytest.fixture(scope="session")
def of_now(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dump = tmp_path_factory.mktemp("released") / "now.sql.gz"
    released.write(dump)
    return dump


@pytest.mark.prove
@pytest.mark.parametrize("version", [*released.versions(), "now"])
def test_each_released_version_goes_on_with_its_rows(
    version: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dump = released.FOLDER / f"{version}.sql.gz"
    database = tmp_path / "db.sqlite3"
    released.load(request.getfixturevalue("of_now") if version == "now" else dump, database)
    former, rows = released.tables(database), released.counts(database)
    assert rows["telephony_call"] > 0
    released.manage(database, "migrate", "-v", "0")
    released.manage(database, "migrate", "--check")
    assert released.broken_for_the_former(former, released.tables(database)) == []
    kept = released.counts(database)
    assert [name for name in rows if kept[name] < rows[name]] == []
    with closing(sqlite3.connect(database)) as found:
        assert found.execute("PRAGMA foreign_key_check").fetchall() == []
