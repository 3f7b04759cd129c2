"""Errors come into the database in groups."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError

from monitoring.logs import keeping
from monitoring.logs.groups import group_of, place_of
from monitoring.logs.keeping import ErrorKeeper, Waiting
from monitoring.logs.models import LogError
from veyra.logs.config import Writer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRACE = """Traceback (most recent call last):
  File "/srv/veyra/telephony/journal.py", line 12, in fold
    merge()
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError
json.decoder.JSONDecodeError: Expecting value: line 1
"""


def line(**more: str) -> dict[str, str]:
    return {"logger": "telephony.fold", "level": "error", "event": "broke", **more}


@pytest.mark.parametrize(
    ("template", "other"),
    [
        ("call %s broke", "call %s broke"),
        ("call SCL_abcdefgh broke", "call SCL_12345678 broke"),
        ("call 7c9e6679-7425-40de-944b-e07fc1f90ae7", "call 00000000-7425-40de-944b-e07fc1f90ae7"),
        ("waited 12.5 s", "waited 3 s"),
    ],
)
def test_the_same_words_with_other_values_are_one_error(template: str, other: str) -> None:
    assert group_of(template, line(), 0).key == group_of(other, line(), 0).key


def test_another_place_logger_or_wording_is_another_error() -> None:
    keys = {
        group_of("broke", line(), 0).key,
        group_of("broke", line(exception=TRACE), 0).key,
        group_of("broke", line(logger="x"), 0).key,
        group_of("tore", line(), 0).key,
    }
    assert len(keys) == 4


def test_the_place_is_the_last_line_of_ours() -> None:
    assert place_of(TRACE) == "JSONDecodeError in telephony/journal.py:12"
    assert place_of("") == ""
    assert place_of("ValueError: no") == "ValueError"


def test_more_kinds_than_can_wait_are_dropped_but_counted_where_known() -> None:
    waiting = Waiting()
    for number in range(keeping.MOST_WAITING + 50):
        waiting.put(group_of("broke", line(logger=f"l{number}"), 0))
    waiting.put(group_of("broke", line(logger="l0"), 9))
    found = waiting.take()
    assert len(found) == keeping.MOST_WAITING
    assert found[0].count == 2
    assert found[0].last_at - found[0].first_at == timedelta(seconds=9)
    assert waiting.take() == []


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[ErrorKeeper]:
    """Its thread does not run: what it would do is called."""
    monkeypatch.setattr(ErrorKeeper, "_start", lambda _: None)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    found = ErrorKeeper()
    found.setFormatter(Writer("web", ["canary-secret"]).formatter(for_person=False))
    yield found
    found.waiting.take()


def logger(keeper: ErrorKeeper) -> logging.Logger:
    log = logging.Logger("telephony.fold")
    log.addHandler(keeper)
    return log


@pytest.mark.django_db
def test_errors_of_one_kind_are_one_row_with_a_count_and_the_last_line(
    keeper: ErrorKeeper,
) -> None:
    log = logger(keeper)
    log.error("call %s of +7 499 112-41-48 broke", "SCL_1", extra={"password": "x"})
    keeper.store()
    log.error("call %s of +7 499 112-41-48 broke", "SCL_2")
    log.error("call %s of +7 499 112-41-48 broke", "SCL_3")
    keeper.store()
    row = LogError.objects.get()
    assert (row.count, row.program, row.words) == (3, "web", "call … of +… … …-…-… broke")
    assert row.sample["event"] == "call SCL_3 of [number] broke"


@pytest.mark.django_db
def test_no_secret_gets_into_a_row(keeper: ErrorKeeper) -> None:
    log = logger(keeper)
    try:
        raise ValueError("canary-" + "secret")
    except ValueError:
        log.exception("canary-secret", extra={"auth": "canary-secret"})
    keeper.store()
    row = LogError.objects.values().get()
    assert "canary-secret" not in json.dumps(row, default=str)


@pytest.mark.django_db
def test_what_the_database_does_not_take_waits_for_it(
    keeper: ErrorKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logger(keeper)
    log.error("broke")
    with monkeypatch.context() as broken:
        broken.setattr(LogError.objects, "add", _raise)
        keeper.store()
        log.error("broke")
    keeper.store()
    assert LogError.objects.get().count == 2


def _raise(_group: object) -> None:
    raise DatabaseError


@pytest.mark.django_db
def test_only_so_many_kinds_are_kept_those_that_came_last() -> None:
    for number in range(5):
        LogError.objects.add(group_of("broke", line(logger=f"l{number}"), number))
    LogError.objects.drop_oldest(3)
    assert set(LogError.objects.values_list("logger", flat=True)) == {"l2", "l3", "l4"}


@pytest.mark.django_db
def test_what_is_dealt_with_shows_again_when_it_comes_again() -> None:
    LogError.objects.add(group_of("broke", line(), NOW.timestamp()))
    LogError.objects.update(settled_at=NOW + timedelta(seconds=1))
    assert not LogError.objects.unsettled().exists()
    LogError.objects.add(group_of("broke", line(), NOW.timestamp() + 5))
    assert LogError.objects.unsettled().count() == 1
    assert not LogError.objects.settled().exists()
