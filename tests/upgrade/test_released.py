"""This version takes over what each released version has kept, while that goes on working."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.upgrade import released
from tests.upgrade.released import Column, Database, Postgres, Sqlite

FORMER = {"call": frozenset({Column("id", False), Column("state", True)})}
# A web waits longer for its database, and LiveKit for the web.
LONGEST_WAIT = 2.0


@pytest.mark.parametrize(
    ("later", "wrong"),
    [
        (FORMER | {"note": frozenset()}, []),
        ({"call": FORMER["call"] | {Column("why", False)}}, []),
        ({"call": FORMER["call"] | {Column("why", True)}}, ["call.why is asked for"]),
        (
            {"call": frozenset({Column("id", True), Column("state", True)})},
            ["call.id is asked for"],
        ),
        ({"call": frozenset({Column("id", False)})}, ["call.state is gone"]),
        ({}, ["call is gone"]),
    ],
    ids=[
        "a new table",
        "a column with a default",
        "without one",
        "a lost default",
        "a lost column",
        "a lost table",
    ],
)
def test_what_would_stop_the_former_version_is_found(
    later: released.Tables, wrong: list[str]
) -> None:
    assert released.broken_for_the_former(FORMER, later) == wrong


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    try:
        with released.empty(request.param, tmp_path) as database:
            yield database
    except LookupError as lacking:
        pytest.skip(str(lacking))


on_each = pytest.mark.parametrize("empty", released.KINDS, indirect=True)


@pytest.mark.prove
@on_each
@pytest.mark.parametrize("version", released.versions())
def test_each_released_version_goes_on_with_its_rows(version: str, empty: Database) -> None:
    empty.load(released.dump_of(version, empty.kind))
    former, rows = released.tables(empty), released.counts(empty)
    assert rows["telephony_call"] > 0 and rows["agentworker_turn"] > 0
    released.manage(empty, "migrate", "-v", "0")
    released.manage(empty, "migrate", "--check")
    released.manage(empty, "makeroles")
    assert released.broken_for_the_former(former, released.tables(empty)) == []
    kept = released.counts(empty)
    assert [name for name in rows if kept[name] < rows[name]] == []
    if isinstance(empty, Sqlite):
        assert empty.ask("PRAGMA foreign_key_check") == []


@pytest.mark.prove
@pytest.mark.parametrize("empty", [Postgres.kind], indirect=True)
@pytest.mark.parametrize("version", released.versions())
def test_the_former_version_stores_facts_while_the_tables_are_changed(
    version: str, empty: Postgres
) -> None:
    empty.load(released.dump_of(version, empty.kind))
    before = empty.count("telephony_callevent")
    with storing(empty) as waits:
        released.manage(empty, "migrate", "-v", "0")
    took = waits()
    assert len(took) > 10 and max(took) < LONGEST_WAIT
    assert empty.count("telephony_callevent") == before + len(took)


@contextmanager
def storing(database: Postgres) -> Iterator[Callable[[], list[float]]]:
    """One fact after the other, as the version writes them that is there; how long each took."""
    names = {column.name for column in released.tables(database)["telephony_callevent"]}
    same = sorted(names - {"id", "event_id"})
    columns = SQL(", ").join(map(Identifier, same))
    insert = SQL(
        "INSERT INTO telephony_callevent (event_id, {0})"
        " SELECT %s, {0} FROM telephony_callevent LIMIT 1"
    ).format(columns)
    ended = Event()

    def go_on() -> list[float]:
        took: list[float] = []
        with psycopg.connect(database.url, autocommit=True) as found:
            while not ended.wait(0.05):
                since = time.monotonic()
                found.execute(insert, [f"while changed {len(took)}"])
                took.append(time.monotonic() - since)
        return took

    with ThreadPoolExecutor(1) as pool:
        storing = pool.submit(go_on)
        try:
            yield storing.result
        finally:
            ended.set()
